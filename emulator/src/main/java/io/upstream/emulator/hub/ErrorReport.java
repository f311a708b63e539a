// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.UUID;

/**
 * A refusal in the words in which the hub reports it to a client: the body of a failed twin request, the description of an AMQP error.
 *
 * @param trackingId by which the hub's operators would find it in their logs
 */
public record ErrorReport(int errorCode, String trackingId, String message, Instant timestamp) {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("MM/dd/yyyy HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** Reports something that happens now. */
    public static ErrorReport of(int errorCode, String message) {
        Instant now = Instant.now();
        String id = UUID.randomUUID().toString().replace("-", "") + "-TimeStamp:" + TIME.format(now);
        return new ErrorReport(errorCode, id, message, now);
    }

    public static ErrorReport of(HubException refusal) {
        return of(refusal.error().code(), String.valueOf(refusal.getMessage()));
    }

    /** The JSON with {@code errorCode}, {@code trackingId}, {@code message} and {@code timestampUtc}. */
    public ObjectNode json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("errorCode", errorCode)
                .put("trackingId", trackingId)
                .put("message", message)
                .put("timestampUtc", timestamp.toString());
    }
}
