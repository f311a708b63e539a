// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.provisioning.ServiceDocument.Operation;
import io.upstream.provisioning.ServiceDocument.ServiceError;
import io.upstream.provisioning.ServiceDocument.State;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceDocumentTest {
    private static final String ASSIGNED = """
            {"operationId":"4.abc","status":"assigned","registrationState":{"registrationId":"sensor-7",
             "createdDateTimeUtc":"2020-01-01T00:00:00Z","assignedHub":"hub.example","deviceId":"dev-7","status":"assigned",
             "substatus":"initialAssignment","errorCode":null,"etag":"\\"x\\"","payload":{"größe":[1,{"a":2}]} ,
             "x509":{"certificateInfo":{"subjectName":"CN=x"}}}}""";

    private static Operation read(String json) throws IOException {
        return ServiceDocument.read(json.getBytes(UTF_8));
    }

    private static String request(String id, String payload) {
        Registration registration = Registration.of("0ne1", id, SasKey.of("a2V5"));
        return new String(
                ServiceDocument.request(payload.isEmpty() ? registration : registration.payload(payload)), UTF_8);
    }

    @Test
    void asksWithTheIdAndThePayloadAsItIs() {
        assertEquals("{\"registrationId\":\"a:1\"}", request("a:1", ""));
        assertEquals("{\"registrationId\":\"a\",\"payload\":{\"é\":1}}", request("a", "{\"é\":1}"));
        assertEquals("{\"registrationId\":\"a\",\"payload\":[1, 2]}", request("a", "[1, 2]"));
    }

    @Test
    void readsAnAssignment() throws IOException {
        Operation operation = read(ASSIGNED);
        assertEquals("4.abc", operation.operationId());
        assertEquals("assigned", operation.status());
        assertEquals(
                new State("hub.example", "dev-7", "initialAssignment", "{\"größe\":[1,{\"a\":2}]}", ServiceError.NONE),
                operation.state());
    }

    @Test
    void readsAnOperationWithoutARegistration() throws IOException {
        assertEquals(
                new Operation("4.a", "assigning", null), read("{\"operationId\":\"4.a\",\"status\":\"assigning\"}"));
        assertNull(read("{\"status\":\"assigning\",\"registrationState\":null}").state());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "null|^null^",
                "\"text\"|\"text\"",
                "-1.5e3|-1.5e3",
                "true|true",
                "[]|[]",
                "{\"a\":\"}\"}|{\"a\":\"}\"}",
            })
    void keepsAPayloadOfAnyTypeAsItWasWritten(String payload, String expected) throws IOException {
        State state = read("{\"registrationState\":{\"payload\":" + payload + ",\"deviceId\":\"d\"}}")
                .state();
        assertEquals(new State("", "d", "", expected.equals("null") ? null : expected, ServiceError.NONE), state);
    }

    @ParameterizedTest
    @ValueSource(strings = {"400207", "\"400207\""})
    void readsWhyItFailed(String code) throws IOException {
        String json = "{\"status\":\"failed\",\"registrationState\":{\"errorCode\":" + code
                + ",\"errorMessage\":\"no hub\"}}";
        assertEquals(
                new State("", "", "", null, new ServiceError(400207, "no hub", "")),
                read(json).state());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "7",
                "[]",
                "{",
                "{}{}",
                "{} 1",
                "canary",
                "{\"status\":1}",
                "{\"status\":{}}",
                "{\"operationId\":[]}",
                "{\"registrationState\":1}",
                "{\"registrationState\":[]}",
                "{\"registrationState\":{\"deviceId\":2}}",
                "{\"registrationState\":{\"assignedHub\":true}}",
                "{\"registrationState\":{\"errorCode\":\"x\"}}",
                "{\"registrationState\":{\"errorCode\":99999999999}}",
                "{\"registrationState\":{\"errorCode\":1.5}}",
                "{\"registrationState\":{\"payload\":{}",
                "{\"registrationState\":{}",
            })
    void refusesWhatIsNoAnswer(String json) {
        assertThrows(IOException.class, () -> read(json));
    }

    @Test
    void readsTheErrorOfARefusal() {
        String json = "{\"errorCode\":401002,\"trackingId\":\"t-1\",\"message\":\"Unauthorized\",\"info\":{\"a\":1},"
                + "\"timestampUtc\":\"2020-01-01\"}";
        assertEquals(new ServiceError(401002, "Unauthorized", "t-1"), ServiceDocument.readError(json.getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not json", "[]", "{\"errorCode\":\"x\"}", "{\"message\":7}", "{\"errorCode\":1"})
    void takesAnUnreadableErrorForNone(String json) {
        assertEquals(ServiceError.NONE, ServiceDocument.readError(json.getBytes(UTF_8)));
    }

    @Test
    void throwsNothingElseForBytesThatAreChanged() {
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = ASSIGNED.getBytes(UTF_8);
            for (int changes = random.nextInt(3); changes >= 0; changes--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                ServiceDocument.read(bad);
            } catch (IOException e) {
                refused++;
            }
        }
        assertTrue(refused > 5_000, refused + " were refused");
    }

    @ParameterizedTest
    @CsvSource({
        "3, 3",
        "0, 0",
        "' 12 ', 12",
        "999999999, 999999999",
        "'', -1",
        "' ', -1",
        "-1, -1",
        "2.5, -1",
        "+3, -1",
        "soon, -1",
        "9999999999, -1",
        "'Wed, 21 Oct 2015 07:28:00 GMT', -1",
        "٣, -1"
    })
    void readsWholeSecondsOfRetryAfter(String text, long seconds) {
        var read = ServiceAnswer.seconds(text);
        assertEquals(seconds, read == null ? -1 : read.toSeconds());
    }

    @Test
    void leavesAnAbsentRetryAfterOpen() {
        assertNull(ServiceAnswer.seconds(null));
    }
}
