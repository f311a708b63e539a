// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.RetryAfter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * What a tunnel that does not come up is called: kind, hop, and what to do. Text from the proxy is shortened, stripped of control
 * characters and of the credentials that it may repeat.
 */
final class TunnelFailures {
    private static final int HTTPS = 443;

    private final Where where;
    private final HostPort target;
    private final Excerpts excerpts;

    TunnelFailures(Where where, HostPort target, Excerpts excerpts) {
        this.where = where;
        this.target = target;
        this.excerpts = excerpts;
    }

    /** For an answer that is no 2xx. */
    UpstreamException refused(ConnectResponse response) {
        int status = response.status();
        return switch (status) {
            case 408 ->
                refusal(FailureKind.TIMEOUT, response, "it waited too long for the request, check the way to it");
            case 429 ->
                refusal(FailureKind.THROTTLED, response, "it asks for fewer connections" + retryAfter(response));
            case 401 -> refusal(FailureKind.PROXY_AUTH, response, loginOfAWebServer());
            case 511 ->
                refusal(
                        FailureKind.PROXY_DENIED,
                        response,
                        "the network wants a login first, in a browser on this machine");
            case 502, 503, 504 ->
                refusal(
                        FailureKind.PROXY_UNREACHABLE,
                        response,
                        "the proxy could not reach the hub, check the hub's name and the proxy's own way out"
                                + retryAfter(response));
            default -> byClass(response);
        };
    }

    private UpstreamException byClass(ConnectResponse response) {
        int status = response.status();
        if (status < 400) {
            String to = response.value("location").map(TunnelFailures::hostOf).orElse("nowhere");
            return refusal(
                    FailureKind.PROXY_DENIED,
                    response,
                    "the redirect to " + excerpts.of(to) + " is not followed, look for a login page of this network");
        }
        if (status < 500 || status == 501) {
            return refusal(
                    FailureKind.PROXY_DENIED,
                    response,
                    target.port() == HTTPS
                            ? "ask the proxy's owner to allow CONNECT to this host"
                            : "this proxy may let only 443 through: use MqttWs or AmqpWs on port 443, or ask its owner to allow this port");
        }
        return refusal(
                FailureKind.SERVER_ERROR,
                response,
                "the proxy has a fault of its own or could not reach the hub, check the hub's name and the proxy's log");
    }

    /** 401 is a web server's, but tinyproxy gives it for wrong credentials, and 407 only for none. */
    private String loginOfAWebServer() {
        return excerpts.hasSecrets()
                ? "it does not take these credentials, check user name and password"
                : "it may want credentials, put user and password into the proxy's URL, or check that the port is a proxy's";
    }

    UpstreamException noAnswerInTime(Duration limit) {
        return failure(
                FailureKind.TIMEOUT,
                where.hop() + " did not answer CONNECT to " + target + " within " + Failures.seconds(limit)
                        + ": check that the port is an HTTP proxy's, and that the proxy reaches the hub");
    }

    UpstreamException unintelligible(String fault, String statusLine) {
        return failure(
                FailureKind.PROTOCOL,
                where.hop() + " gave an answer that cannot be used, " + fault
                        + (statusLine.isEmpty() ? "" : " (it begins with '" + excerpts.of(statusLine) + "')"));
    }

    UpstreamException answeredUnasked() {
        return failure(
                FailureKind.PROTOCOL,
                where.hop() + " spoke before the request was sent: name the port of an HTTP proxy");
    }

    /** Borrows {@code surplus}. */
    UpstreamException spokeBeforeTls(ConnectResponse response, ByteBuf surplus) {
        String begin = surplus.toString(
                surplus.readerIndex(),
                Math.min(surplus.readableBytes(), excerpts.needed()),
                StandardCharsets.ISO_8859_1);
        return failure(
                FailureKind.PROTOCOL,
                where.hop() + " answered " + response.status() + " and spoke before TLS, " + surplus.readableBytes()
                        + " bytes beginning with '" + excerpts.of(begin)
                        + "': something on the way answers in the hub's place, look for a login page or an intercepting proxy");
    }

    UpstreamException closed(boolean midAnswer) {
        return failure(
                FailureKind.CLOSED_BY_PEER,
                where.hop() + " closed the connection "
                        + (midAnswer ? "in the middle of its answer" : "without an answer to CONNECT")
                        + whatToCheck());
    }

    /** A proxy that wants TLS often resets a connection that begins without. */
    UpstreamException socket(Throwable cause) {
        UpstreamException plain = Failures.translate(cause, where);
        return plain == cause || plain.kind() != FailureKind.RESET
                ? plain
                : UpstreamException.of(
                        FailureKind.RESET,
                        where,
                        where.hop() + " reset the connection when it was asked for a tunnel" + whatToCheck(),
                        cause);
    }

    private String whatToCheck() {
        return ": check that the port is an HTTP proxy's (https:// if it wants TLS) and that the proxy allows "
                + target;
    }

    UpstreamException runtimeClosed() {
        return Failures.runtimeClosed(where.stage(), null);
    }

    UpstreamException removed() {
        return failure(FailureKind.INTERNAL, "the tunnel's handler was removed while " + where.hop() + " was asked");
    }

    private UpstreamException refusal(FailureKind kind, ConnectResponse response, String advice) {
        String reason = excerpts.of(response.reason());
        String squid = response.value("x-squid-error")
                .map(error -> " [" + excerpts.of(error) + "]")
                .orElse("");
        return UpstreamException.later(
                kind,
                where,
                where.hop() + " refused the tunnel to " + target + " with " + response.status()
                        + (reason.isEmpty() ? "" : " " + reason) + squid + ": " + advice,
                pause(response));
    }

    private UpstreamException failure(FailureKind kind, String message) {
        return UpstreamException.of(kind, where, message);
    }

    private static Duration pause(ConnectResponse response) {
        return RetryAfter.of(response.value("retry-after").orElse(null));
    }

    private static String retryAfter(ConnectResponse response) {
        Duration pause = pause(response);
        return pause.isZero() ? "" : ", for " + Failures.seconds(pause);
    }

    /** A query may carry anything, so nothing behind the host is shown. */
    private static String hostOf(String location) {
        String rest = location.replaceFirst("^[A-Za-z][A-Za-z0-9+.-]*://", "");
        String authority = rest.split("[/?#\\\\]", 2)[0];
        String host = authority.substring(authority.lastIndexOf('@') + 1);
        return host.isEmpty() ? "the same host" : host;
    }
}
