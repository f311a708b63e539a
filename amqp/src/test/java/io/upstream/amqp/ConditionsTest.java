// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.PeerError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConditionsTest {
    @ParameterizedTest
    @CsvSource({
        "amqp:unauthorized-access, UNAUTHORIZED, false",
        "amqp:not-found, NOT_FOUND, false",
        "amqp:not-allowed, PROTOCOL, false",
        "amqp:not-implemented, PROTOCOL, false",
        "amqp:internal-error, SERVER_ERROR, true",
        "amqp:resource-limit-exceeded, QUOTA, true",
        "amqp:link:message-size-exceeded, TOO_LARGE, false",
        "amqp:link:detach-forced, SERVER_ERROR, true",
        "amqp:link:stolen, KICKED, true",
        "amqp:connection:forced, SERVER_ERROR, true",
        "amqp:link:redirect, SERVER_ERROR, true",
        "amqp:connection:redirect, SERVER_ERROR, true",
        "amqp:link:transfer-limit-exceeded, SERVER_ERROR, true",
        "amqp:session:window-violation, SERVER_ERROR, true",
        "amqp:session:errant-link, SERVER_ERROR, true",
        "amqp:resource-locked, SERVER_ERROR, true",
        "amqp:connection:framing-error, SERVER_ERROR, true",
        "amqp:decode-error, PROTOCOL, false",
        "amqp:invalid-field, PROTOCOL, false",
        "amqp:frame-size-too-small, PROTOCOL, false",
        "amqp:illegal-state, PROTOCOL, false",
        "amqp:precondition-failed, PROTOCOL, false",
        "amqp:resource-deleted, NOT_FOUND, false",
        "com.microsoft:device-container-throttled, THROTTLED, true",
        "com.microsoft:something-throttled-too, THROTTLED, true",
        "com.microsoft:link-creation-conflict, KICKED, true",
        "com.microsoft:argument-error, INVALID, false",
        "com.microsoft:argument-out-of-range, INVALID, false",
        "com.microsoft:message-lock-lost, SERVER_ERROR, true",
        "com.microsoft:iot-hub-suspended, QUOTA, true",
        "com.microsoft:iot-hub-not-found-error, NOT_FOUND, false",
        "com.microsoft:device-already-exists, KICKED, true",
        "com.microsoft:precondition-failed, PROTOCOL, false",
        "com.microsoft:quota-exceeded, QUOTA, true",
        "com.microsoft:message-quota-of-the-day, QUOTA, true",
        "com.microsoft:timeout, TIMEOUT, true",
        "com.example:never-heard-of, SERVER_ERROR, true",
    })
    void eachConditionHasItsMeaning(String condition, FailureKind kind, boolean passes) {
        assertEquals(kind, Conditions.kind(condition));
        assertEquals(passes, kind.isTransient());
    }

    @ParameterizedTest
    @CsvSource({
        "400, PROTOCOL",
        "401, UNAUTHORIZED",
        "403, QUOTA",
        "404, NOT_FOUND",
        "412, PROTOCOL",
        "429, THROTTLED",
        "500, SERVER_ERROR",
        "503, SERVER_ERROR",
        "504, SERVER_ERROR",
        "0, SERVER_ERROR",
        "302, SERVER_ERROR",
    })
    void eachStatusOfTheTokenServiceHasItsMeaning(int status, FailureKind kind) {
        assertEquals(kind, CbsClient.kind(status));
    }

    /** P37: a peer's text is one line. */
    @Test
    void saysWhatHappenedWhereAndWhatToDoOnOneLine() {
        UpstreamException error = Conditions.failure(
                new PeerError(
                        "amqp:unauthorized-access", "Token\r\nInvalid.\u202e" + "x".repeat(500), PeerError.Origin.TOLD),
                new Where("attach", "hub h:5671"),
                "refused the link",
                FailureKind.INTERNAL);
        assertTrue(
                error.getMessage().startsWith("hub h:5671 refused the link (amqp:unauthorized-access: Token Invalid."));
        assertTrue(error.getMessage().contains("check that the key"));
        assertFalse(error.getMessage().contains("\n"));
        assertTrue(error.getMessage().length() < 500);
        assertEquals("attach", error.stage());
    }

    @Test
    void aBreachOfTheProtocolIsNotTheErrorThatThePeerWasTold() {
        UpstreamException error = Conditions.failure(
                new PeerError(
                        "amqp:link:message-size-exceeded",
                        "it sent a message of more than 10 bytes",
                        PeerError.Origin.BREACH),
                new Where("amqp", "hub h:5671"),
                "closed the link",
                FailureKind.INTERNAL);
        assertEquals(FailureKind.PROTOCOL, error.kind());
        assertTrue(error.getMessage().startsWith("hub h:5671 broke the AMQP protocol"), error.getMessage());
    }
}
