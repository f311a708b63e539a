// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.ErrorReport;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.util.Map;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;

/** The hub's refusals as AMQP error conditions: a symbol that clients classify, and a JSON text with code and tracking id. */
final class AmqpErrors {
    static final Symbol MESSAGE_LOCK_LOST = Symbol.valueOf("com.microsoft:message-lock-lost");
    static final Symbol THROTTLED = Symbol.valueOf("com.microsoft:device-container-throttled");
    static final Symbol ARGUMENT_ERROR = Symbol.valueOf("com.microsoft:argument-error");

    private static final Symbol DEVICE_EXISTS = Symbol.valueOf("com.microsoft:device-already-exists");
    private static final Symbol TIMEOUT = Symbol.valueOf("com.microsoft:timeout");
    private static final Symbol TRACKING_ID = Symbol.valueOf("com.microsoft:tracking-id");
    /** "AmqpAddressNotFound" in the hub's list of codes. */
    private static final int ADDRESS_NOT_FOUND = 404_006;

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
        ErrorReport report = ErrorReport.of(code, message);
        ErrorCondition condition = new ErrorCondition(symbol, report.json().toString());
        condition.setInfo(Map.of(TRACKING_ID, report.trackingId()));
        return condition;
    }

    private static Symbol symbol(HubError error) {
        return switch (error) {
            case MALFORMED -> ARGUMENT_ERROR;
            case UNAUTHORIZED, DEVICE_DISABLED -> AmqpError.UNAUTHORIZED_ACCESS;
            case QUOTA_EXCEEDED, QUEUE_FULL -> AmqpError.RESOURCE_LIMIT_EXCEEDED;
            case DEVICE_NOT_FOUND, MODULE_NOT_FOUND, DEVICE_NOT_ONLINE -> AmqpError.NOT_FOUND;
            case PRECONDITION_FAILED -> AmqpError.PRECONDITION_FAILED;
            case DEVICE_EXISTS, MODULE_EXISTS -> DEVICE_EXISTS;
            case METHOD_TIMEOUT -> TIMEOUT;
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
