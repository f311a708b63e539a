// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.handler.ssl.NotSslRecordException;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;

/**
 * What a handshake that fails is called: kind, hop, and what to do, which depends on who was spoken to and what lies between. Nothing here
 * makes a failure less than one.
 *
 * @param peerName as in the certificate that is wanted
 */
record TlsTexts(Peer peer, String peerName, boolean showsCertificate) {

    enum Peer {
        /** Nobody is known to lie between. */
        TARGET,
        TARGET_BEHIND_PROXY,
        PROXY
    }

    /** @param heard how the peer began to speak, printable */
    UpstreamException translate(Throwable error, Where where, String heard) {
        Throwable cause = Failures.unwrap(error);
        UpstreamException plain = Failures.translate(cause, where);
        if (plain == cause) {
            return plain;
        }
        String text = switch (plain.kind()) {
            case TLS_TRUST -> untrusted(where) + presented(cause) + whoToTrust();
            case TLS_NAME, TLS_EXPIRED -> withPresented(plain, cause);
            case TLS_OTHER -> cause instanceof NotSslRecordException ? noTls(where, heard) : null;
            case CLOSED_BY_PEER, RESET -> peer == Peer.PROXY ? left(where, plain) : null;
            default -> null;
        };
        return text == null ? plain : UpstreamException.of(plain.kind(), where, text, cause);
    }

    private static String untrusted(Where where) {
        return "the certificate of " + where.hop() + " was issued by nobody who is trusted here";
    }

    private static String presented(Throwable cause) {
        String certificate = PresentedCertificate.in(cause);
        return certificate.isEmpty() ? "" : " (" + certificate + ")";
    }

    private String withPresented(UpstreamException plain, Throwable cause) {
        return plain.getMessage() + presented(cause);
    }

    private String whoToTrust() {
        return switch (peer) {
            case PROXY -> ": add its root to the trust bundle that was given for the proxy";
            case TARGET -> ": add its root to the trust bundle, or find out who intercepts" + notWithCertificate();
            case TARGET_BEHIND_PROXY ->
                ": a TLS-inspecting proxy? add its CA to the trust bundle or ask for a bypass for " + peerName
                        + notWithCertificate();
        };
    }

    /** Whoever inspects TLS has no key for our certificate, so the hub would never see it. */
    private String notWithCertificate() {
        return showsCertificate
                ? "; if somebody inspects TLS here, only a bypass helps: login with an X.509 certificate is impossible through inspection"
                : "";
    }

    private String noTls(Where where, String heard) {
        String saying = heard.isEmpty() ? "" : ", it says '" + heard + "'";
        return switch (peer) {
            case TARGET -> where.hop() + " does not speak TLS on that port" + saying + ": check the port";
            case TARGET_BEHIND_PROXY ->
                "something answers in place of " + where.hop() + " and does not speak TLS" + saying
                        + ": look for a login page of this network or an intercepting proxy, and ask for a bypass for "
                        + peerName;
            case PROXY ->
                heard.startsWith("HTTP/")
                        ? where.hop() + " does not speak TLS, the proxy's port speaks plain HTTP: use http://"
                        : where.hop() + " does not speak TLS on that port" + saying
                                + ": check the proxy's port and scheme";
        };
    }

    private static String left(Where where, UpstreamException plain) {
        return where.hop() + (plain.kind() == FailureKind.RESET ? " reset" : " closed")
                + " the connection when TLS began: check that the proxy's port speaks TLS, for many take http:// only";
    }
}
