// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel that does not come up is called: kind, hop, and what to do. Text from the proxy is shortened, stripped of control
 * characters and of the credentials that it may repeat.
 */
final class TunnelFailures {
    private static final int EXCERPT = 64;
    private static final int MAX_WAIT_SECONDS = 60;
    private static final int HTTPS = 443;

    /** Of the parts of a Digest answer the shorter ones are no secrets. */
    private static final int MIN_SECRET = 12;

    private final Where where;
    private final HostPort target;
    private final Set<String> secrets = new LinkedHashSet<>();
    private int longestSecret;

    TunnelFailures(Where where, HostPort target) {
        this.where = where;
        this.target = target;
    }

    /**
     * Nothing of this is repeated to anybody.
     *
     * @param authorization the value of a {@code Proxy-Authorization} that goes out
     */
    void sent(String authorization) {
        String rest = authorization.substring(authorization.indexOf(' ') + 1);
        String[] parts = rest.split("[\\s,\"]+|=(?=[^=])", -1);
        for (String part : parts) {
            if (!part.isEmpty() && (parts.length == 1 || part.length() >= MIN_SECRET)) {
                secrets.add(part);
                longestSecret = Math.max(longestSecret, part.length());
            }
        }
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
                    "the redirect to " + excerpt(to) + " is not followed, look for a login page of this network");
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
        return secrets.isEmpty()
                ? "it may want credentials, put user and password into the proxy's URL, or check that the port is a proxy's"
                : "it does not take these credentials, check user name and password";
    }

    /**
     * For a 407 that nothing here answers.
     *
     * @param whyNoBasic why Basic is not taken although the proxy may offer it, or empty
     */
    UpstreamException noAnswer(List<ProxyChallenge> offered, ProxyAuthentication authentication, String whyNoBasic) {
        String schemes = schemes(offered);
        boolean hasLogin = authentication.userPassword() != null || authentication.provider() != null;
        if (offered.isEmpty()) {
            return auth("asks for credentials without saying which (" + schemes
                    + "): ask its owner which it takes, or to let this machine through");
        } else if (!hasLogin && authentication.authenticators().isEmpty()) {
            return auth("asks for credentials (" + schemes + "): put user and password into the proxy's URL");
        } else if (!whyNoBasic.isEmpty() && offered.stream().anyMatch(challenge -> challenge.isOf(BasicScheme.NAME))) {
            return auth("takes nothing that is allowed here (" + schemes + "), " + whyNoBasic
                    + ": have it offer Digest with SHA-256, or allow it");
        }
        String known = offered.stream().anyMatch(challenge -> challenge.isOf("NTLM")) && !authentication.allows("NTLM")
                ? "allow NTLM if it must be, or ask its owner for Digest or Basic"
                : "configure an authenticator for one of them, or ask its owner for Digest or Basic";
        return auth("takes none of the schemes that are configured here (" + schemes + "): " + known);
    }

    UpstreamException wrongCredentials(List<ProxyChallenge> offered) {
        return auth("does not take these credentials (" + schemes(offered) + "): check user name and password");
    }

    UpstreamException staleForEver() {
        return auth("calls every nonce stale that it gave: it may be several proxies behind one name, ask its owner");
    }

    UpstreamException tooManyRequests() {
        return auth("asks for credentials again and again, " + Negotiation.MAX_REQUESTS
                + " requests were answered: ask its owner which scheme it takes");
    }

    UpstreamException connectionsUsedUp() {
        return auth(
                "closes the connection after each answer and wants yet another: ask its owner to keep connections alive");
    }

    UpstreamException closedWithinTheDialogue() {
        return auth("closes the connection in the middle of a scheme that needs it kept, as NTLM and Negotiate do:"
                + " ask its owner to keep connections alive, or for Digest or Basic");
    }

    /** Leaves an {@link UpstreamException} as it is. */
    UpstreamException ofTheProvider(Throwable error) {
        Throwable cause = unwrap(error);
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(
                        FailureKind.PROXY_AUTH,
                        where,
                        where.hop()
                                + " asks for credentials, and their provider failed (the cause tells why): mend the provider",
                        cause);
    }

    /** Leaves an {@link UpstreamException} as it is. */
    UpstreamException ofTheScheme(@Nullable Throwable error, ProxyChallenge challenge) {
        Throwable cause = error == null ? new IllegalStateException("gave null") : unwrap(error);
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(
                        FailureKind.PROXY_AUTH,
                        where,
                        where.hop() + " asks for " + excerpt(challenge.scheme())
                                + ", and its authenticator failed (the cause tells why): mend the authenticator",
                        cause);
    }

    private static Throwable unwrap(Throwable error) {
        Throwable cause = error.getCause();
        return error instanceof CompletionException && cause != null ? cause : error;
    }

    /** @param error says what, and holds no secret */
    UpstreamException inexpressible(IllegalArgumentException error) {
        return UpstreamException.of(FailureKind.CONFIGURATION, where, String.valueOf(error.getMessage()), error);
    }

    UpstreamException noAnswerInTime(Duration limit) {
        return failure(
                FailureKind.TIMEOUT,
                where.hop() + " did not answer CONNECT to " + target + " within " + Failures.seconds(limit)
                        + ": check that the port is an HTTP proxy's, and that the proxy reaches the hub");
    }

    UpstreamException noAuthorizationInTime(Duration limit) {
        return failure(
                FailureKind.TIMEOUT,
                "nobody had an answer for " + where.hop() + ", which asks for credentials, within "
                        + Failures.seconds(limit) + ": look at the provider of the credentials or the authenticator");
    }

    private UpstreamException auth(String what) {
        return failure(FailureKind.PROXY_AUTH, where.hop() + " " + what);
    }

    private String schemes(List<ProxyChallenge> offered) {
        return offered.isEmpty()
                ? "no scheme offered"
                : "schemes offered: " + offered.stream().map(this::describe).collect(Collectors.joining(", "));
    }

    private String describe(ProxyChallenge challenge) {
        String realm = challenge.parameters().getOrDefault("realm", "");
        return excerpt(challenge.scheme()) + (realm.isEmpty() ? "" : " for '" + excerpt(realm) + "'");
    }

    UpstreamException unintelligible(String fault, String statusLine) {
        return failure(
                FailureKind.PROTOCOL,
                where.hop() + " gave an answer that cannot be used, " + fault
                        + (statusLine.isEmpty() ? "" : " (it begins with '" + excerpt(statusLine) + "')"));
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
                Math.min(surplus.readableBytes(), EXCERPT + longestSecret),
                StandardCharsets.ISO_8859_1);
        return failure(
                FailureKind.PROTOCOL,
                where.hop() + " answered " + response.status() + " and spoke before TLS, " + surplus.readableBytes()
                        + " bytes beginning with '" + excerpt(begin)
                        + "': something on the way answers in the hub's place, look for a login page or an intercepting proxy");
    }

    UpstreamException closed(boolean midAnswer) {
        return failure(
                FailureKind.CLOSED_BY_PEER,
                where.hop() + " closed the connection "
                        + (midAnswer ? "in the middle of its answer" : "without an answer to CONNECT")
                        + ": check that the port is an HTTP proxy's and that the proxy allows " + target);
    }

    UpstreamException socket(Throwable cause) {
        return Failures.translate(cause, where);
    }

    UpstreamException runtimeClosed() {
        return Failures.runtimeClosed(where.stage(), null);
    }

    UpstreamException removed() {
        return failure(FailureKind.INTERNAL, "the tunnel's handler was removed while " + where.hop() + " was asked");
    }

    private UpstreamException refusal(FailureKind kind, ConnectResponse response, String advice) {
        String reason = excerpt(response.reason());
        String squid = response.value("x-squid-error")
                .map(error -> " [" + excerpt(error) + "]")
                .orElse("");
        return failure(
                kind,
                where.hop() + " refused the tunnel to " + target + " with " + response.status()
                        + (reason.isEmpty() ? "" : " " + reason) + squid + ": " + advice);
    }

    private UpstreamException failure(FailureKind kind, String message) {
        return UpstreamException.of(kind, where, message);
    }

    /** Seconds only: a date would have to be read by the proxy's clock. */
    private static String retryAfter(ConnectResponse response) {
        Optional<String> seconds = response.value("retry-after").filter(text -> text.matches("\\d{1,9}"));
        return seconds.map(text -> ", for " + Math.min(Integer.parseInt(text), MAX_WAIT_SECONDS) + " s")
                .orElse("");
    }

    /** A query may carry anything, so nothing behind the host is shown. */
    private static String hostOf(String location) {
        String rest = location.replaceFirst("^[A-Za-z][A-Za-z0-9+.-]*://", "");
        String authority = rest.split("[/?#\\\\]", 2)[0];
        String host = authority.substring(authority.lastIndexOf('@') + 1);
        return host.isEmpty() ? "the same host" : host;
    }

    private String excerpt(String text) {
        String printable =
                withoutCredentials(text).replaceAll("[^\\x20-\\x7E]", ".").strip();
        return printable.length() <= EXCERPT ? printable : printable.substring(0, EXCERPT);
    }

    /** Also where the text ends within them, since it may be the part that has arrived so far. */
    private String withoutCredentials(String text) {
        String rest = text;
        for (String secret : secrets) {
            rest = without(secret, rest);
        }
        return rest;
    }

    private static String without(String secret, String text) {
        String rest = text.replace(secret, "***");
        for (int part = Math.min(secret.length() - 1, rest.length()); part >= 4; part--) {
            if (rest.endsWith(secret.substring(0, part))) {
                return rest.substring(0, rest.length() - part) + "***";
            }
        }
        return rest;
    }
}
