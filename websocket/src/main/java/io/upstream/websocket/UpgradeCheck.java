// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.RetryAfter;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Judges the final answer to an upgrade request (RFC 6455 §4.1). Stricter than Netty's handshaker, which takes an extension that nobody
 * offered and a second subprotocol.
 */
final class UpgradeCheck {
    private final UpgradeRequest request;
    private final Where where;

    UpgradeCheck(UpgradeRequest request, Where where) {
        this.request = request;
        this.where = where;
    }

    /** Why the answer does not open a WebSocket; null when it does. */
    @Nullable
    UpstreamException refusal(ResponseHead head) {
        if (head.status() != 101) {
            return rejected(head);
        }
        String broken = violation(head);
        return broken == null ? wrongSubprotocol(head) : failure(FailureKind.PROTOCOL, where.hop() + " " + broken);
    }

    private UpstreamException rejected(ResponseHead head) {
        String answered = where.hop() + " answered the WebSocket upgrade with " + head.statusLine();
        int status = head.status();
        return switch (status) {
            case 401 -> failure(FailureKind.UNAUTHORIZED, answered + ": check the credentials");
            case 407 ->
                failure(
                        FailureKind.PROXY_AUTH,
                        "a proxy that intercepts the way to " + where.hop() + " answered the WebSocket upgrade with "
                                + head.statusLine() + ": name that proxy and its credentials in the proxy setting");
            case 426 -> failure(FailureKind.WS_REJECTED, answered + ": the server speaks another version of WebSocket");
            case 429 -> throttled(answered, head);
            case 503 ->
                head.all("Retry-After").isEmpty()
                        ? failure(FailureKind.SERVER_ERROR, answered)
                        : throttled(answered, head);
            default -> byClass(status / 100, answered, head);
        };
    }

    private UpstreamException byClass(int statusClass, String answered, ResponseHead head) {
        return switch (statusClass) {
            case 2 ->
                failure(
                        FailureKind.WS_REJECTED,
                        answered + " instead of 101: a web page answers at path " + request.pathForPeople()
                                + ", the hub's or a login page before it: check host and path");
            case 3 ->
                failure(
                        FailureKind.WS_REJECTED,
                        answered + location(head)
                                + ": redirects are not followed: check host and path, and whether a login"
                                + " page intercepts");
            case 4 ->
                failure(
                        FailureKind.WS_REJECTED,
                        answered + ": the server does not offer WebSocket at path " + request.pathForPeople()
                                + ": check host and path");
            default -> failure(FailureKind.SERVER_ERROR, answered);
        };
    }

    private @Nullable String violation(ResponseHead head) {
        List<String> accept = head.all("Sec-WebSocket-Accept");
        if (head.version() != 1) {
            return "switched protocols in HTTP/1.0, which cannot";
        } else if (head.all("Upgrade").size() != 1
                || !head.all("Upgrade").get(0).equalsIgnoreCase("websocket")) {
            return "switched to " + named(head.all("Upgrade")) + " instead of 'websocket' (field Upgrade)";
        } else if (head.members("Connection").stream().noneMatch("Upgrade"::equalsIgnoreCase)) {
            return "answered 101 with Connection " + named(head.all("Connection")) + " instead of 'Upgrade'";
        } else if (accept.size() != 1 || !accept.get(0).equals(request.expectedAccept())) {
            return "answered 101 with " + (accept.isEmpty() ? "no" : "a wrong")
                    + " Sec-WebSocket-Accept: it does not speak WebSocket, or a cache answers in its place";
        } else if (!head.members("Sec-WebSocket-Extensions").isEmpty()) {
            return "turned on the extension " + named(head.all("Sec-WebSocket-Extensions")) + ", which was not offered";
        }
        return null;
    }

    private @Nullable UpstreamException wrongSubprotocol(ResponseHead head) {
        List<String> answered = head.all("Sec-WebSocket-Protocol");
        if (answered.size() == 1 && answered.get(0).equals(request.subprotocol())) {
            return null;
        }
        return failure(
                FailureKind.WS_REJECTED,
                where.hop() + " was asked for the subprotocol '" + request.subprotocol() + "' at path "
                        + request.pathForPeople() + " and answered " + named(answered)
                        + ": check that it offers this protocol, and the path");
    }

    private UpstreamException throttled(String answered, ResponseHead head) {
        List<String> after = head.all("Retry-After");
        String asks = after.isEmpty()
                ? ": it asks for fewer connections"
                : ": it asks to come back after " + Failures.printable(after.get(0));
        Duration pause = RetryAfter.of(after.isEmpty() ? null : after.get(0));
        return UpstreamException.later(FailureKind.THROTTLED, where, answered + asks, pause);
    }

    private static String location(ResponseHead head) {
        List<String> locations = head.all("Location");
        if (locations.isEmpty()) {
            return "";
        }
        String place = locations.get(0);
        int query = place.indexOf('?');
        return " to " + Failures.printable(query < 0 ? place : place.substring(0, query));
    }

    private static String named(List<String> values) {
        return values.isEmpty() ? "none" : "'" + Failures.printable(String.join("', '", values)) + "'";
    }

    private UpstreamException failure(FailureKind kind, String message) {
        return UpstreamException.of(kind, where, message);
    }
}
