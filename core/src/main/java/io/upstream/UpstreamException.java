// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whatever can go wrong between here and the hub. The subclass tells who has to act, {@link #kind} what happened, {@link
 * #stage} and {@link #hop} where. The message says what happened, to which hop and what to do, and never carries a secret.
 */
public abstract sealed class UpstreamException extends IOException
        permits NetworkException,
                ThrottledException,
                QuotaExceededException,
                ProxyAuthenticationException,
                ProxyDeniedException,
                TrustException,
                ProtocolException,
                AuthenticationException,
                IdentityException,
                ConflictException,
                MessageException,
                BackpressureException,
                LocalException {
    private static final long serialVersionUID = 1L;

    private final FailureKind kind;
    private final String stage;
    private final String hop;

    /** Set by whoever makes it, before anybody else sees it. */
    private Duration retryAfter = Duration.ZERO;

    UpstreamException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.stage = where.stage();
        this.hop = where.hop();
    }

    /**
     * The place of a failure.
     *
     * @param stage the layer: {@code resolve}, {@code tcp}, {@code tunnel}, {@code tls}, {@code websocket}, {@code mqtt},
     *     {@code amqp}, {@code token}, {@code certificate}, {@code cbs}, {@code send} …
     * @param hop the machine: {@code hub h:8883}, {@code proxy p:3128}, or {@code here}
     */
    public record Where(String stage, String hop) {
        /** In this process, before anything was sent. */
        public static Where here(String stage) {
            return new Where(stage, "here");
        }
    }

    /** Makes the exception of the class that {@code kind} belongs to. */
    public static UpstreamException of(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        return switch (kind.exception()) {
            case NETWORK -> new NetworkException(kind, where, message, cause);
            case THROTTLED -> new ThrottledException(kind, where, message, cause);
            case QUOTA -> new QuotaExceededException(kind, where, message, cause);
            case PROXY_AUTH -> new ProxyAuthenticationException(kind, where, message, cause);
            case PROXY_DENIED -> new ProxyDeniedException(kind, where, message, cause);
            case TRUST -> new TrustException(kind, where, message, cause);
            case PROTOCOL -> new ProtocolException(kind, where, message, cause);
            case AUTHENTICATION -> new AuthenticationException(kind, where, message, cause);
            case IDENTITY -> new IdentityException(kind, where, message, cause);
            case CONFLICT -> new ConflictException(kind, where, message, cause);
            case MESSAGE -> new MessageException(kind, where, message, cause);
            case BACKPRESSURE -> new BackpressureException(kind, where, message, cause);
            case LOCAL -> new LocalException(kind, where, message, cause);
        };
    }

    /** As {@link #of(FailureKind, Where, String, Throwable)}, without an underlying cause. */
    public static UpstreamException of(FailureKind kind, Where where, String message) {
        return of(kind, where, message, null);
    }

    /**
     * As {@link #of(FailureKind, Where, String)}, where the peer has said how long it wants to be left alone.
     *
     * @param retryAfter zero if it has not
     */
    public static UpstreamException later(FailureKind kind, Where where, String message, Duration retryAfter) {
        if (retryAfter.isNegative()) {
            throw new IllegalArgumentException("a peer cannot be asked again in the past: " + retryAfter);
        }
        UpstreamException made = of(kind, where, message);
        made.retryAfter = retryAfter;
        return made;
    }

    public final FailureKind kind() {
        return kind;
    }

    /** Whether trying again, after a pause, can succeed without anybody changing anything. */
    public final boolean isTransient() {
        return kind.isTransient();
    }

    /** How long the peer asks to be left alone ({@code Retry-After}, RFC 9110 section 10.2.3); zero if it does not say. */
    public final Duration retryAfter() {
        return retryAfter;
    }

    /** The layer that failed. */
    public final String stage() {
        return stage;
    }

    /** The machine that failed, or {@code here}. */
    public final String hop() {
        return hop;
    }

    /** The subclasses, so that the table of kinds is checked by the compiler. */
    enum Kind {
        NETWORK,
        THROTTLED,
        QUOTA,
        PROXY_AUTH,
        PROXY_DENIED,
        TRUST,
        PROTOCOL,
        AUTHENTICATION,
        IDENTITY,
        CONFLICT,
        MESSAGE,
        BACKPRESSURE,
        LOCAL
    }
}
