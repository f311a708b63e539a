// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslClosedEngineException;
import io.upstream.FailureKind;
import io.upstream.NetworkException;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Turns what sockets, resolvers and TLS engines throw into the library's own classes: what happened, to which hop, what to do. */
public final class Failures {
    private Failures() {}

    /** For what ends an attempt at a connection. Leaves an {@link UpstreamException} as it is. */
    public static UpstreamException translate(Throwable error, Where where) {
        Throwable cause = unwrap(error);
        if (cause instanceof UpstreamException known) {
            return known;
        }
        FailureKind kind = classify(cause);
        return UpstreamException.of(kind, where, describe(kind, cause, where), cause);
    }

    /**
     * As {@link #translate}, for what ends a connection that was up: the port and the certificate were right, and trying again may well
     * succeed.
     */
    public static UpstreamException lost(Throwable error, Where where) {
        Throwable cause = unwrap(error);
        if (cause instanceof UpstreamException known) {
            return known;
        } else if (cause instanceof ClosedChannelException || cause instanceof SslClosedEngineException) {
            return UpstreamException.of(
                    FailureKind.CLOSED_BY_PEER,
                    where,
                    where.hop() + " or something on the way cut the connection: open the session again",
                    cause);
        } else if (cause instanceof java.io.IOException) {
            FailureKind kind = classify(cause) == FailureKind.UNREACHABLE
                    ? FailureKind.UNREACHABLE
                    : says(cause, "timed out") ? FailureKind.TIMEOUT : FailureKind.RESET;
            return UpstreamException.of(
                    kind,
                    where,
                    "the connection to " + where.hop() + " broke (" + reason(cause)
                            + "): open the session again, and look at the network on the way if it recurs",
                    cause);
        }
        return translate(cause, where);
    }

    /** For what was sent and not answered when its connection was lost. */
    public static UpstreamException unanswered(UpstreamException loss) {
        return undone(loss, " before the hub answered; the hub may have it all the same");
    }

    /** For a message that waited when the connection was lost for good. */
    public static UpstreamException unsent(UpstreamException loss) {
        return undone(loss, ", the message was not sent");
    }

    private static UpstreamException undone(UpstreamException loss, String fate) {
        boolean telling = loss instanceof NetworkException || loss.kind() == FailureKind.CLOSED;
        return UpstreamException.of(
                telling ? loss.kind() : FailureKind.RESET,
                new Where(loss.stage(), loss.hop()),
                "the connection was lost (" + loss.getMessage() + ")" + fate,
                loss);
    }

    /** For what ends because its event loop or the threads beside it do: nobody outside is to blame. */
    public static UpstreamException runtimeClosed(String stage, @Nullable Throwable cause) {
        return UpstreamException.of(
                FailureKind.CLOSED,
                Where.here(stage),
                "the runtime is closed: close it after its transports, or make another one",
                cause);
    }

    /** For what needed a thread of {@code from} and was refused one. */
    static UpstreamException noThread(Executor from, Where where, RejectedExecutionException cause) {
        if (from instanceof ExecutorService pool && pool.isShutdown()) {
            return runtimeClosed("open", cause);
        }
        return UpstreamException.of(
                FailureKind.INTERNAL, where, "too many connection attempts wait at once: open fewer at a time", cause);
    }

    /** {@code 30 s} or {@code 1.5 s}. */
    public static String seconds(Duration time) {
        long millis = time.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }

    /** Makes text from a peer fit for one line of a log: control characters replaced, at most 200 characters. */
    public static String printable(String text) {
        String line = text.strip().replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ");
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }

    static Throwable unwrap(Throwable error) {
        Throwable cause = error;
        while ((cause instanceof CompletionException || cause instanceof DecoderException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static FailureKind classify(Throwable cause) {
        if (cause instanceof SSLException || cause instanceof CertificateException) {
            return classifyTls(cause);
        } else if (cause instanceof UnknownHostException) {
            return FailureKind.DNS;
        } else if (cause instanceof ConnectTimeoutException) {
            return FailureKind.TIMEOUT;
        } else if (cause instanceof NoRouteToHostException || cause instanceof PortUnreachableException) {
            return FailureKind.UNREACHABLE;
        } else if (cause instanceof ConnectException) {
            return says(cause, "refused") ? FailureKind.REFUSED : FailureKind.UNREACHABLE;
        } else if (cause instanceof ClosedChannelException) {
            return FailureKind.CLOSED_BY_PEER;
        } else if (cause instanceof UnclaimedBytesException) {
            return FailureKind.PROTOCOL;
        } else if (cause instanceof java.io.IOException) {
            return says(cause, "unreachable") ? FailureKind.UNREACHABLE : FailureKind.RESET;
        }
        return FailureKind.INTERNAL;
    }

    private static FailureKind classifyTls(Throwable cause) {
        for (Throwable at = cause; at != null; at = at.getCause()) {
            if (at instanceof CertificateExpiredException || at instanceof CertificateNotYetValidException) {
                return FailureKind.TLS_EXPIRED;
            } else if (at instanceof CertPathBuilderException || at instanceof CertPathValidatorException) {
                return at.getCause() == null ? FailureKind.TLS_TRUST : classifyTls(at.getCause());
            } else if (at instanceof CertificateException
                    && (says(at, "subject alternative") || says(at, "name matching"))) {
                return FailureKind.TLS_NAME;
            } else if (at instanceof ClosedChannelException || says(at, "closed while SSL/TLS handshake")) {
                return FailureKind.CLOSED_BY_PEER;
            }
            Throwable below = at.getCause();
            if (at instanceof SSLException
                    && below instanceof java.io.IOException
                    && !(below instanceof SSLException)) {
                return classify(below); // the connection broke while TLS wrote to it: there is nothing wrong with TLS
            }
        }
        return cause instanceof CertPathBuilderException ? FailureKind.TLS_TRUST : FailureKind.TLS_OTHER;
    }

    private static boolean says(Throwable error, String words) {
        return error.getMessage() != null
                && error.getMessage().toLowerCase(Locale.ROOT).contains(words.toLowerCase(Locale.ROOT));
    }

    private static String reason(Throwable cause) {
        return cause.getMessage() == null
                ? cause.getClass().getSimpleName()
                : printable(cause.getMessage()).replaceFirst("\\.$", "");
    }

    private static String describe(FailureKind kind, Throwable cause, Where where) {
        String hop = where.hop();
        String reason = reason(cause);
        return switch (kind) {
            case DNS ->
                "the name of " + hop + " does not resolve (" + reason + "): check the spelling and this machine's DNS";
            case REFUSED -> hop + " refused the connection, nobody listens on that port: check host and port";
            case UNREACHABLE -> hop + " is not reachable (" + reason + "): check the route and the firewall";
            case TIMEOUT -> hop + " did not answer in stage '" + where.stage() + "': check the route and the firewall";
            case RESET ->
                hop + " reset the connection in stage '" + where.stage() + "' (" + reason
                        + "): check that this port speaks the chosen protocol";
            case CLOSED_BY_PEER ->
                hop + " closed the connection in stage '" + where.stage()
                        + "': check that this port speaks the chosen protocol, and what lies between";
            case TLS_TRUST ->
                "the certificate of " + hop
                        + " was issued by nobody who is trusted here: add its root to the trust bundle, or find out who intercepts";
            case TLS_NAME ->
                "the certificate of " + hop + " is for another host (" + reason
                        + "): connect by a name that the certificate carries";
            case TLS_EXPIRED ->
                "the certificate of " + hop + " is not valid at this time (" + reason
                        + "): check this machine's clock, then the certificate";
            case TLS_OTHER ->
                cause instanceof NotSslRecordException
                        ? hop + " does not speak TLS on that port: check the port"
                        : "TLS with " + hop + " failed: " + reason;
            case PROTOCOL -> hop + " spoke out of turn in stage '" + where.stage() + "' (" + reason + ")";
            default -> "unexpected failure at " + hop + " in stage '" + where.stage() + "': " + reason;
        };
    }
}
