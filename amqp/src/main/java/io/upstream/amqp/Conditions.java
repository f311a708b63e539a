// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.util.Map.entry;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.PeerError;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the conditions of errors mean (AMQP 1.0 section 2.8, and the hub's own). What is not in the table passes by itself: a hub that
 * learns a new word must not stop its devices.
 */
final class Conditions {
    private static final Map<String, FailureKind> KINDS = Map.ofEntries(
            entry("amqp:unauthorized-access", FailureKind.UNAUTHORIZED),
            entry("amqp:not-found", FailureKind.NOT_FOUND),
            entry("amqp:resource-deleted", FailureKind.NOT_FOUND),
            entry("amqp:not-allowed", FailureKind.PROTOCOL),
            entry("amqp:not-implemented", FailureKind.PROTOCOL),
            entry("amqp:decode-error", FailureKind.PROTOCOL),
            entry("amqp:invalid-field", FailureKind.PROTOCOL),
            entry("amqp:frame-size-too-small", FailureKind.PROTOCOL),
            entry("amqp:illegal-state", FailureKind.PROTOCOL),
            entry("amqp:precondition-failed", FailureKind.PROTOCOL),
            entry("amqp:internal-error", FailureKind.SERVER_ERROR),
            entry("amqp:resource-locked", FailureKind.SERVER_ERROR),
            entry("amqp:resource-limit-exceeded", FailureKind.QUOTA),
            entry("amqp:link:message-size-exceeded", FailureKind.TOO_LARGE),
            entry("amqp:link:detach-forced", FailureKind.SERVER_ERROR),
            entry("amqp:link:stolen", FailureKind.KICKED),
            entry("amqp:link:redirect", FailureKind.SERVER_ERROR),
            entry("amqp:link:transfer-limit-exceeded", FailureKind.SERVER_ERROR),
            entry("amqp:connection:forced", FailureKind.SERVER_ERROR),
            entry("amqp:connection:redirect", FailureKind.SERVER_ERROR),
            entry("amqp:connection:framing-error", FailureKind.SERVER_ERROR),
            entry("com.microsoft:device-container-throttled", FailureKind.THROTTLED),
            entry("com.microsoft:link-creation-conflict", FailureKind.KICKED),
            entry("com.microsoft:argument-error", FailureKind.INVALID),
            entry("com.microsoft:argument-out-of-range", FailureKind.INVALID),
            entry("com.microsoft:message-lock-lost", FailureKind.SERVER_ERROR),
            entry("com.microsoft:iot-hub-suspended", FailureKind.QUOTA),
            entry("com.microsoft:quota-exceeded", FailureKind.QUOTA),
            entry("com.microsoft:iot-hub-not-found-error", FailureKind.NOT_FOUND),
            entry("com.microsoft:device-already-exists", FailureKind.KICKED),
            entry("com.microsoft:precondition-failed", FailureKind.PROTOCOL),
            entry("com.microsoft:timeout", FailureKind.TIMEOUT));

    private Conditions() {}

    static FailureKind kind(String condition) {
        FailureKind kind = KINDS.get(condition);
        if (kind != null) {
            return kind;
        } else if (condition.contains("throttl")) {
            return FailureKind.THROTTLED;
        } else if (condition.contains("quota")) {
            return FailureKind.QUOTA;
        }
        return FailureKind.SERVER_ERROR;
    }

    /**
     * Makes the failure that an error means: the peer's word, or its breach of the protocol.
     *
     * @param what the peer did, such as {@code refused the link}
     * @param silent the kind if the peer gave no reason
     */
    static UpstreamException failure(@Nullable PeerError error, Where where, String what, FailureKind silent) {
        if (error == null) {
            return UpstreamException.of(silent, where, where.hop() + " " + what + " without giving a reason");
        }
        if (error.origin() == PeerError.Origin.BREACH) {
            return UpstreamException.of(
                    FailureKind.PROTOCOL, where, where.hop() + " broke the AMQP protocol (" + error + ")");
        }
        FailureKind kind = kind(error.condition());
        return UpstreamException.of(kind, where, where.hop() + " " + what + " (" + error + ")" + remedy(kind));
    }

    /** What to do about it; begins with a colon, or is empty. */
    static String remedy(FailureKind kind) {
        return switch (kind) {
            case UNAUTHORIZED ->
                ": check that the key, token or certificate is this identity's, that the identity is enabled, and this machine's clock";
            case NOT_FOUND -> ": check the identity's id, and that it is registered at this hub";
            case QUOTA -> ": wait for the hub's quota to begin anew, or raise it";
            case THROTTLED -> ": send less, or raise the hub's units";
            case KICKED -> ": find the other client that uses the same identity";
            case TOO_LARGE -> ": send smaller messages";
            case SERVER_ERROR, TIMEOUT -> ": try again after a pause";
            default -> "";
        };
    }
}
