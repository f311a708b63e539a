// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;

/** The hub's refusals as AMQP error conditions: a symbol that clients classify, and a JSON text with code and tracking id. */
final class AmqpErrors {
    static final Symbol MESSAGE_LOCK_LOST = Symbol.valueOf("com.microsoft:message-lock-lost");
    static final Symbol THROTTLED = Symbol.valueOf("com.microsoft:device-container-throttled");
    static final Symbol ARGUMENT_ERROR = Symbol.valueOf("com.microsoft:argument-error");

    private static final Symbol TRACKING_ID = Symbol.valueOf("com.microsoft:tracking-id");
    /** "AmqpAddressNotFound" in the hub's list of codes. */
    private static final int ADDRESS_NOT_FOUND = 404_006;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("MM/dd/yyyy HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private AmqpErrors() {}

    static ErrorCondition of(HubException refusal) {
        return of(symbol(refusal.error()), refusal.error().code(), String.valueOf(refusal.getMessage()));
    }

    static ErrorCondition of(HubError error, String message) {
        return of(symbol(error), error.code(), message);
    }

    static ErrorCondition addressNotFound(String address) {
        return of(
                AmqpError.NOT_FOUND,
                ADDRESS_NOT_FOUND,
                "the link address " + abbreviate(address) + " matches none of the hub's");
    }

    private static ErrorCondition of(Symbol symbol, int code, String message) {
        Instant now = Instant.now();
        String trackingId = UUID.randomUUID().toString().replace("-", "") + "-TimeStamp:" + TIME.format(now);
        ObjectNode text = JsonNodeFactory.instance
                .objectNode()
                .put("errorCode", code)
                .put("trackingId", trackingId)
                .put("message", message)
                .put("timestampUtc", now.toString());
        ErrorCondition condition = new ErrorCondition(symbol, text.toString());
        condition.setInfo(Map.of(TRACKING_ID, trackingId));
        return condition;
    }

    private static Symbol symbol(HubError error) {
        return switch (error) {
            case MALFORMED -> ARGUMENT_ERROR;
            case UNAUTHORIZED, DEVICE_DISABLED -> AmqpError.UNAUTHORIZED_ACCESS;
            case QUOTA_EXCEEDED, QUEUE_FULL -> AmqpError.RESOURCE_LIMIT_EXCEEDED;
            case DEVICE_NOT_FOUND, MODULE_NOT_FOUND -> AmqpError.NOT_FOUND;
            case LOCK_LOST -> MESSAGE_LOCK_LOST;
            case MESSAGE_TOO_LARGE -> LinkError.MESSAGE_SIZE_EXCEEDED;
            case THROTTLED -> THROTTLED;
            case INTERNAL -> AmqpError.INTERNAL_ERROR;
        };
    }

    private static String abbreviate(String address) {
        return address.length() <= 200 ? address : address.substring(0, 200) + "...";
    }
}
