// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The head of a proxy's final answer to CONNECT.
 *
 * @param isHttp11 HTTP/1.1, or a later 1.x; false for HTTP/1.0
 * @param status 200 to 599
 * @param reason as sent, for people; may be empty
 * @param fields in the order of the wire
 */
record ConnectResponse(boolean isHttp11, int status, String reason, List<Field> fields) {

    ConnectResponse {
        fields = List.copyOf(fields);
    }

    /**
     * One header field.
     *
     * @param name in lower case
     * @param value without blanks around it, bytes above 0x7F as ISO-8859-1
     */
    record Field(String name, String value) {}

    /** Any 2xx opens the tunnel; its framing fields mean nothing then (RFC 9110 section 9.3.6). */
    boolean opensTheTunnel() {
        return status < 300;
    }

    /** Whether the proxy takes another request on this connection (RFC 9112 section 9.3; {@code Proxy-Connection} is no standard, but sent). */
    boolean keepsTheConnection() {
        List<String> options = new ArrayList<>(AnswerBody.tokens(values("connection")));
        options.addAll(AnswerBody.tokens(values("proxy-connection")));
        return !options.contains("close") && (isHttp11 || options.contains("keep-alive"));
    }

    List<String> values(String name) {
        return fields.stream()
                .filter(field -> field.name().equals(name))
                .map(Field::value)
                .toList();
    }

    Optional<String> value(String name) {
        return values(name).stream().findFirst();
    }
}
