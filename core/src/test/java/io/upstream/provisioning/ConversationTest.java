// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.Assignment;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversationTest {
    private static final String ASSIGNING = "{\"operationId\":\"4.op\",\"status\":\"assigning\"}";
    private static final String ASSIGNED =
            "{\"status\":\"assigned\",\"registrationState\":{\"assignedHub\":\"hub.example\",\"deviceId\":\"dev-7\","
                    + "\"substatus\":\"initialAssignment\",\"payload\":{\"a\":1}}}";

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<String> asked = new ArrayList<>();
    private final Conversation talk = new Conversation(
            channel.eventLoop(),
            new Recorder(),
            Registration.of("0ne1", "sensor-7", SasKey.of("a2V5")),
            UpstreamProtocol.MQTT,
            "provisioning service dps:443");

    private final class Recorder implements ServiceLink {
        @Override
        public void listen(Listener listener) {
            asked.add("listen");
        }

        @Override
        public void register(byte[] request) {
            asked.add("register " + new String(request, UTF_8));
        }

        @Override
        public void query(String operationId) {
            asked.add("query " + operationId);
        }

        @Override
        public void close() {
            asked.add("close");
        }
    }

    @BeforeEach
    void begin() {
        channel.freezeTime();
        talk.begin(Duration.ofSeconds(60));
        assertEquals(List.of("listen", "register {\"registrationId\":\"sensor-7\"}"), asked);
        asked.clear();
    }

    @AfterEach
    void leavesNothingBehind() {
        channel.finishAndReleaseAll();
    }

    private void answer(int status, @Nullable Integer retryAfter, String body) {
        Duration after = retryAfter == null ? null : Duration.ofSeconds(retryAfter);
        talk.answered(new ServiceAnswer(status, after, body.getBytes(UTF_8)));
    }

    private void pass(double seconds) {
        channel.advanceTimeBy((long) (seconds * 1e9), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }

    private UpstreamException failure() {
        assertTrue(talk.outcome().isDone(), "it is not over yet");
        return (UpstreamException)
                assertThrows(CompletionException.class, () -> talk.outcome().join())
                        .getCause();
    }

    @Test
    void tellsAnAssignmentThatComesAtOnce() {
        answer(200, null, ASSIGNED);
        Assignment assignment = talk.outcome().join();
        assertEquals("hub.example", assignment.hubHost());
        assertEquals(Identity.device("dev-7"), assignment.identity());
        assertEquals("initialAssignment", assignment.substatus());
        assertEquals("{\"a\":1}", assignment.payload().orElseThrow());
        assertEquals(UpstreamProtocol.MQTT, assignment.protocol());
        assertEquals(List.of(), asked);
    }

    @ParameterizedTest
    @CsvSource({", 2", "0, 1", "1, 1", "3, 3", "30, 30", "31, 30", "86400, 30"})
    void asksAgainWhenTheServiceSaysSoWithinBounds(@Nullable Integer retryAfter, double expected) {
        answer(202, retryAfter, ASSIGNING);
        pass(expected - 0.001);
        assertEquals(List.of(), asked);
        pass(0.002);
        assertEquals(List.of("query 4.op"), asked);
        answer(200, null, ASSIGNED);
        assertTrue(talk.outcome().isDone());
    }

    @Test
    void asksUntilItIsAssigned() {
        for (int i = 0; i < 5; i++) {
            answer(202, 3, ASSIGNING);
            pass(3);
        }
        assertEquals(5, asked.size());
        answer(200, null, ASSIGNED);
        assertFalse(talk.outcome().isCompletedExceptionally());
    }

    @ParameterizedTest
    @CsvSource({"429, 5, 5", "429, , 2", "500, 1, 1", "503, 40, 40", "429, 0, 1"})
    void triesAgainWhatPassesByItself(int status, @Nullable Integer retryAfter, double pause) {
        answer(status, retryAfter, "{\"errorCode\":" + status + "001}");
        pass(pause - 0.001);
        assertEquals(List.of(), asked);
        pass(0.002);
        assertEquals(List.of("register {\"registrationId\":\"sensor-7\"}"), asked);
    }

    @Test
    void asksForTheSameOperationAgainAfterAThrottledQuestion() {
        answer(202, null, ASSIGNING);
        pass(2);
        answer(429, 4, "");
        pass(4);
        assertEquals(List.of("query 4.op", "query 4.op"), asked);
    }

    @Test
    void tellsARefusalAtOnceThatPassesTooLate() {
        pass(20);
        answer(429, 41, "");
        assertEquals(FailureKind.THROTTLED, failure().kind());
    }

    @Test
    void tellsTheLastRefusalWhenTheTimeIsOver() {
        answer(503, 2, "");
        pass(2);
        pass(58);
        assertEquals(FailureKind.SERVER_ERROR, failure().kind());
    }

    @ParameterizedTest
    @CsvSource({"401, UNAUTHORIZED", "404, NOT_FOUND", "400, INVALID", "409, VERSION_MISMATCH", "301, PROTOCOL"})
    void triesNothingAgainThatSomebodyHasToChange(int status, FailureKind kind) {
        answer(status, 1, "");
        assertEquals(kind, failure().kind());
        assertEquals("register", failure().stage());
        pass(100);
        assertEquals(List.of(), asked);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "{\"status\":\"disabled\"}                                        | DEVICE_DISABLED | enable its enrolment",
                "{\"status\":\"unassigned\"}                                      | NOT_FOUND       | assigned to no hub",
                "{\"status\":\"failed\"}                                          | SERVER_ERROR    | allocation policy",
                "{\"status\":\"failed\",\"registrationState\":{\"errorCode\":400207}} | INVALID     | error 400207",
                "{\"status\":\"melting\"}                                         | PROTOCOL        | unknown status 'melting'",
                "{}                                                               | PROTOCOL        | without a status",
                "{\"status\":\"assigning\"}                                       | PROTOCOL        | an operation without an id",
                "{\"status\":\"assigned\"}                                        | PROTOCOL        | without a hub or a device id",
                "{\"status\":\"assigned\",\"registrationState\":{\"assignedHub\":\"h\"}} | PROTOCOL | without a hub or a device id",
                "{\"status\":\"assigned\",\"registrationState\":{\"assignedHub\":\"h/x\",\"deviceId\":\"d\"}} | PROTOCOL | cannot be read",
                "{\"status\":\"assigned\",\"registrationState\":{\"assignedHub\":\"h\",\"deviceId\":\"d d\"}} | PROTOCOL | cannot be read",
                "canary                                                           | PROTOCOL        | cannot be read",
            })
    void saysWhyThereIsNoHub(String body, FailureKind kind, String fragment) {
        answer(200, null, body);
        assertEquals(kind, failure().kind());
        String message = String.valueOf(failure().getMessage());
        assertTrue(message.contains(fragment), message);
        assertFalse(message.contains("canary"), message);
    }

    @Test
    void namesTheServiceThatDoesNotAnswer() {
        pass(60);
        assertEquals(FailureKind.TIMEOUT, failure().kind());
        assertEquals("register", failure().stage());
        assertTrue(String.valueOf(failure().getMessage()).contains("did not answer the registration of 'sensor-7'"));
    }

    @Test
    void saysThatTheServiceIsStillAssigning() {
        for (int i = 0; i < 3; i++) {
            answer(202, 20, ASSIGNING);
            pass(20);
        }
        assertEquals(FailureKind.TIMEOUT, failure().kind());
        assertEquals("assign", failure().stage());
        assertTrue(String.valueOf(failure().getMessage()).contains("is still assigning 'sensor-7'"));
    }

    @Test
    void endsWithTheConnection() {
        answer(202, 5, ASSIGNING);
        talk.lost(UpstreamException.of(FailureKind.RESET, new Where("mqtt", "there"), "it broke"));
        assertEquals(FailureKind.RESET, failure().kind());
        pass(10);
        assertEquals(List.of(), asked);
    }

    @Test
    void ignoresAnAnswerThatComesTwice() {
        answer(202, 5, ASSIGNING);
        answer(202, 5, ASSIGNING);
        pass(5);
        assertEquals(List.of("query 4.op"), asked);
        answer(200, null, ASSIGNED);
        answer(200, null, "{}");
        assertFalse(talk.outcome().isCompletedExceptionally());
    }
}
