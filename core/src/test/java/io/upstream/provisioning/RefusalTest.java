// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.provisioning.ServiceDocument.ServiceError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefusalTest {
    private static final Where WHERE = new Where("register", "provisioning service dps.example:443");
    private static final Registration REGISTRATION = Registration.of("0ne1", "sensor-7", SasKey.of("a2V5"));

    @ParameterizedTest
    @CsvSource({
        "400, INVALID, check the registration id and the payload",
        "401, UNAUTHORIZED, check the id scope",
        "403, QUOTA, quota",
        "404, NOT_FOUND, that there is an enrolment",
        "405, INVALID, check",
        "408, TIMEOUT, try again",
        "409, VERSION_MISMATCH, under way",
        "412, VERSION_MISMATCH, under way",
        "413, TOO_LARGE, payload",
        "415, INVALID, check",
        "429, THROTTLED, fewer devices",
        "500, SERVER_ERROR, try again",
        "503, SERVER_ERROR, try again",
        "100, PROTOCOL, what answers on that port",
        "302, PROTOCOL, what answers on that port",
        "999, PROTOCOL, what answers on that port",
    })
    void saysWhatAStatusMeansAndWhatToDo(int status, FailureKind kind, String advice) {
        UpstreamException refusal = Refusal.of(WHERE, REGISTRATION, new ServiceAnswer(status, null, new byte[0]));
        assertEquals(kind, refusal.kind());
        assertEquals("register", refusal.stage());
        String message = String.valueOf(refusal.getMessage());
        assertTrue(
                message.startsWith(
                        "provisioning service dps.example:443 refused 'sensor-7' in id scope 0ne1 with status " + status
                                + ": "),
                message);
        assertTrue(message.contains(advice), message);
    }

    @Test
    void repeatsTheServicesOwnWords() {
        byte[] body = "{\"errorCode\":401002,\"message\":\"Un\\nauthorized\",\"trackingId\":\"t-1\"}".getBytes(UTF_8);
        String message = String.valueOf(Refusal.of(WHERE, REGISTRATION, new ServiceAnswer(401, null, body))
                .getMessage());
        assertTrue(message.contains("(error 401002, Un authorized, tracking id t-1): check"), message);
        assertEquals(401, Refusal.status(body));
        assertEquals(0, Refusal.status("not json".getBytes(UTF_8)));
    }

    @ParameterizedTest
    @CsvSource({
        "0, SERVER_ERROR",
        "400207, INVALID",
        "401002, UNAUTHORIZED",
        "404205, NOT_FOUND",
        "500000, SERVER_ERROR"
    })
    void tellsAFailedRegistrationByItsErrorCode(int code, FailureKind kind) {
        UpstreamException failed = Refusal.failed(WHERE, REGISTRATION, new ServiceError(code, "no hub", ""));
        assertEquals(kind, failed.kind());
        assertTrue(String.valueOf(failed.getMessage()).contains("no hub): check the enrolment's allocation policy"));
    }

    @Test
    void tellsWhatALoginWasRefusedWith() {
        UpstreamException refused = Refusal.ofLogin(WHERE, REGISTRATION, "with CONNACK code 5", null);
        assertEquals(FailureKind.UNAUTHORIZED, refused.kind());
        assertTrue(String.valueOf(refused.getMessage()).contains("with CONNACK code 5: check the id scope"));
    }
}
