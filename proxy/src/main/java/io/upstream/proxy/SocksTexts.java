// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a SOCKS proxy that does not open the way is said to have done: kind, hop, and what to do.
 *
 * @param withheld why credentials that are there are not shown; empty if they are
 */
record SocksTexts(Where where, HostPort target, boolean hasCredentials, String withheld) {
    private static final int NAMED_ADDRESSES = 4;
    private static final String REFUSED = " refused the way to ";

    SocksTexts(Where where, HostPort target, boolean hasCredentials) {
        this(where, target, hasCredentials, "");
    }

    /** For a reply other than 0 of RFC 1928 section 6. */
    UpstreamException refused5(int code) {
        return switch (code) {
            case 0x01 ->
                refusal(
                        FailureKind.PROXY_UNREACHABLE,
                        "general failure",
                        "the proxy could not reach the hub or has a fault of its own, check the hub's name and the proxy's log");
            case 0x02 ->
                refusal(
                        FailureKind.PROXY_DENIED,
                        "not allowed by its rules",
                        "ask the proxy's owner to allow this host and port, or try MqttWs or AmqpWs on port 443");
            case 0x03 -> unreachable("network unreachable");
            case 0x04 -> unreachable("host unreachable");
            case 0x05 -> unreachable("connection refused");
            case 0x06 -> unreachable("time to live expired");
            case 0x07 ->
                refusal(
                        FailureKind.PROXY_DENIED,
                        "command not supported",
                        "this proxy opens no connections for others, name another one");
            case 0x08 ->
                refusal(
                        FailureKind.PROXY_DENIED,
                        "address type not supported",
                        "have the hub's name resolved by the other side: socks5h:// in place of socks5://, or the reverse");
            default ->
                failure(
                        FailureKind.PROTOCOL,
                        where.hop() + " answered with the unknown SOCKS reply " + hex(code)
                                + ": check that the port is a SOCKS 5 proxy's");
        };
    }

    /** For a code other than 90 of the SOCKS 4 protocol. */
    UpstreamException refused4(int code) {
        return switch (code) {
            case 0x5B ->
                refusal(
                        FailureKind.PROXY_UNREACHABLE,
                        "rejected or failed",
                        "SOCKS 4 does not say which, check the proxy's rules and whether it can reach the hub, or use socks5h://");
            case 0x5C, 0x5D ->
                refusal(
                        FailureKind.PROXY_AUTH,
                        "the user name is not confirmed by an ident service",
                        "check the user name, or ask the proxy's owner to let this machine through without ident");
            default ->
                failure(
                        FailureKind.PROTOCOL,
                        where.hop() + " answered with the unknown SOCKS 4 code " + hex(code)
                                + ": check that the port is a SOCKS 4 proxy's");
        };
    }

    private UpstreamException unreachable(String reason) {
        return refusal(
                FailureKind.PROXY_UNREACHABLE,
                reason,
                "the proxy could not reach the hub, check the hub's name and the proxy's own way out");
    }

    UpstreamException noCommonMethod() {
        if (!withheld.isEmpty()) {
            return failure(
                    FailureKind.PROXY_AUTH,
                    where.hop() + " asks for credentials, and " + withheld + ": allow it, or use an https:// proxy");
        }
        return failure(
                FailureKind.PROXY_AUTH,
                hasCredentials
                        ? where.hop() + " takes neither a user name with a password nor nobody's name: no other"
                                + " method is supported, ask the proxy's owner to allow one of these"
                        : where.hop() + " asks for credentials: put user and password into the proxy's URL");
    }

    UpstreamException badCredentials() {
        return failure(
                FailureKind.PROXY_AUTH, where.hop() + " does not take these credentials: check user name and password");
    }

    /** Leaves an {@link UpstreamException} as it is. */
    UpstreamException ofTheProvider(@Nullable Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(
                        FailureKind.PROXY_AUTH,
                        where,
                        "there are no credentials for " + where.hop() + ": look at what provides them",
                        cause);
    }

    UpstreamException noCredentialsInTime(Duration limit) {
        return failure(
                FailureKind.TIMEOUT,
                "nobody had credentials for " + where.hop() + " within " + Failures.seconds(limit)
                        + ": look at the provider of the credentials or the authenticator");
    }

    UpstreamException noAnswerForAnAddress(SocksAddress address, Duration limit) {
        return failure(
                FailureKind.PROXY_UNREACHABLE,
                where.hop() + " did not open the way to " + target + " at " + address.literal() + " within "
                        + Failures.seconds(limit) + ": the proxy may not reach it, check the proxy's own way out");
    }

    /** The failures at each address of the hub, as one that is of the kind of the last. */
    UpstreamException atEveryAddress(List<SocksAddress> tried, List<UpstreamException> failures) {
        UpstreamException last = failures.get(failures.size() - 1);
        if (failures.size() == 1) {
            return last;
        }
        String named =
                tried.stream().limit(NAMED_ADDRESSES).map(SocksAddress::literal).collect(Collectors.joining(", "));
        int more = failures.size() - NAMED_ADDRESSES;
        UpstreamException all = failure(
                last.kind(), last.getMessage() + " (tried " + named + (more > 0 ? " and " + more + " more" : "") + ")");
        failures.forEach(all::addSuppressed);
        return all;
    }

    /** For an answer whose first octet is not one that SOCKS has at this place. */
    UpstreamException notSocks(int first, String expected) {
        String text = switch (first) {
            case 'H' -> "speaks HTTP: write http:// for this proxy";
            case 0x15, 0x16 -> "speaks TLS, which is no SOCKS: write https:// if it is an HTTP proxy";
            case 0x00 -> "may speak SOCKS 4: write socks4:// or socks4a://";
            case 0x05 -> "speaks SOCKS 5: write socks5:// or socks5h://";
            default -> "does not speak " + expected + ": check the proxy's port and scheme";
        };
        return failure(FailureKind.PROTOCOL, where.hop() + " " + text + " (it answers with " + hex(first) + ")");
    }

    UpstreamException unasked(String what) {
        return failure(FailureKind.PROTOCOL, where.hop() + " " + what + ": check that the port is a SOCKS proxy's");
    }

    UpstreamException spokeBeforeTls(int count) {
        return failure(
                FailureKind.PROTOCOL,
                where.hop() + " opened the way and spoke before TLS, " + count
                        + " bytes: something on the way answers in the hub's place, look for an intercepting proxy");
    }

    UpstreamException closed(boolean midAnswer) {
        return failure(
                FailureKind.CLOSED_BY_PEER,
                where.hop() + " closed the connection "
                        + (midAnswer ? "in the middle of its answer" : "without an answer")
                        + ": check that the port is a SOCKS proxy's and that the proxy allows " + target);
    }

    UpstreamException socket(Throwable cause) {
        return Failures.translate(cause, where);
    }

    UpstreamException removed() {
        return failure(FailureKind.INTERNAL, "the handler for SOCKS was removed while " + where.hop() + " was asked");
    }

    UpstreamException unusable(String why) {
        return failure(FailureKind.CONFIGURATION, why);
    }

    private UpstreamException refusal(FailureKind kind, String reason, String advice) {
        return failure(kind, where.hop() + REFUSED + target + " (" + reason + "): " + advice);
    }

    private UpstreamException failure(FailureKind kind, String message) {
        return UpstreamException.of(kind, where, message);
    }

    private static String hex(int octet) {
        return String.format(Locale.ROOT, "0x%02X", octet);
    }
}
