// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.UpstreamException.Kind;

/**
 * What went wrong, the same for all four protocols. Each kind belongs to one exception class, and either passes by itself
 * ({@link #isTransient}) or needs somebody to change something.
 */
public enum FailureKind {
    /** A deadline passed. */
    TIMEOUT(Kind.NETWORK, true),
    /** No route to the address. */
    UNREACHABLE(Kind.NETWORK, true),
    /** The address answered that nobody listens on that port. */
    REFUSED(Kind.NETWORK, true),
    /** The connection was reset. */
    RESET(Kind.NETWORK, true),
    /** A name did not resolve. */
    DNS(Kind.NETWORK, true),
    /** The peer closed in order, without saying why. */
    CLOSED_BY_PEER(Kind.NETWORK, true),
    /** The proxy could not be reached, or could not reach the hub (502, 503, 504). */
    PROXY_UNREACHABLE(Kind.NETWORK, true),
    /** The hub, or something before it, has a fault of its own. */
    SERVER_ERROR(Kind.NETWORK, true),
    /** The hub asks for less. */
    THROTTLED(Kind.THROTTLED, true),
    /** The hub's daily quota or another limit of the subscription is used up. */
    QUOTA(Kind.QUOTA, true),
    /** The proxy wants credentials or does not take these (407, with some proxies 401). */
    PROXY_AUTH(Kind.PROXY_AUTH, false),
    /** The proxy does not let this host or port through. */
    PROXY_DENIED(Kind.PROXY_DENIED, false),
    /** The hub's certificate comes from nobody who is trusted here. */
    TLS_TRUST(Kind.TRUST, false),
    /** The certificate is good, but for another host. */
    TLS_NAME(Kind.TRUST, false),
    /** The certificate has ended or has not begun: the certificate or this machine's clock is wrong. */
    TLS_EXPIRED(Kind.TRUST, false),
    /** Any other failure of TLS: no common version or cipher suite, a peer that does not speak TLS. */
    TLS_OTHER(Kind.TRUST, false),
    /** The WebSocket upgrade was answered with something else than 101. */
    WS_REJECTED(Kind.PROTOCOL, false),
    /** The peer broke the protocol, or speaks another one. */
    PROTOCOL(Kind.PROTOCOL, false),
    /** Key, token or certificate is not the identity's. */
    UNAUTHORIZED(Kind.AUTHENTICATION, false),
    /** The token has ended. */
    TOKEN_EXPIRED(Kind.AUTHENTICATION, false),
    /** The identity is not registered. */
    NOT_FOUND(Kind.IDENTITY, false),
    /** The identity is registered and switched off. */
    DEVICE_DISABLED(Kind.IDENTITY, false),
    /** Somebody else connected with the same identity. */
    KICKED(Kind.CONFLICT, true),
    /** What was to be changed has changed meanwhile: read it again. */
    VERSION_MISMATCH(Kind.CONFLICT, false),
    /** The message is over the hub's size limit. */
    TOO_LARGE(Kind.MESSAGE, false),
    /** The hub rejected the message, or it cannot be expressed on the wire. */
    INVALID(Kind.MESSAGE, false),
    /** The session's own queue is full: wait for earlier sends. */
    OUTBOX_FULL(Kind.BACKPRESSURE, true),
    /** The configuration is not usable: a proxy value, a trust file, a missing module. */
    CONFIGURATION(Kind.LOCAL, false),
    /** The session or transport was closed here. */
    CLOSED(Kind.LOCAL, false),
    /** A defect or an exhausted resource in this process. */
    INTERNAL(Kind.LOCAL, false);

    private final Kind exception;
    private final boolean passes;

    FailureKind(Kind exception, boolean passes) {
        this.exception = exception;
        this.passes = passes;
    }

    /** Whether trying again, after a pause, can succeed without anybody changing anything. */
    public boolean isTransient() {
        return passes;
    }

    Kind exception() {
        return exception;
    }
}
