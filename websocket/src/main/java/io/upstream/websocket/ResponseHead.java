// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.upstream.connect.Failures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Status line and fields of an HTTP response.
 *
 * @param version the minor version: 0 or 1
 * @param status 100 to 599
 * @param reason may be empty; comes from the peer, not yet fit for a log
 * @param fields in the order of the wire
 */
record ResponseHead(int version, int status, String reason, List<Field> fields) {
    /**
     * One line of the header.
     *
     * @param name in lower case
     * @param value without white space around it
     */
    record Field(String name, String value) {}

    ResponseHead {
        fields = List.copyOf(fields);
    }

    /** The values of all fields of that name, case ignored. */
    List<String> all(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return fields.stream()
                .filter(field -> field.name().equals(lower))
                .map(Field::value)
                .toList();
    }

    /** The members of all fields of that name, for fields whose value is a list (RFC 9110 §5.6.1); empty members left out. */
    List<String> members(String name) {
        List<String> members = new ArrayList<>();
        for (String value : all(name)) {
            for (String member : value.split(",", -1)) {
                if (!member.isBlank()) {
                    members.add(member.strip());
                }
            }
        }
        return members;
    }

    /** {@code 404 Not Found}, fit for a log. */
    String statusLine() {
        return reason.isBlank() ? Integer.toString(status) : status + " " + Failures.printable(reason);
    }
}
