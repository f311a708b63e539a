// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.ManualClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MethodsTest {
    private static final HubIdentity DEVICE = HubIdentity.device("d");
    private static final byte[] NOTHING = {};

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);
    private final List<MethodRequest> requests = new ArrayList<>();

    @BeforeEach
    void register() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
    }

    @Test
    void bringsTheCallToTheDeviceAndTheAnswerBack() throws HubException {
        listen();
        CompletableFuture<MethodAnswer> answer = call("reboot", "{\"in\":5}", 30, 0);
        MethodRequest request = requests.get(0);
        assertEquals("reboot", request.name());
        assertEquals("{\"in\":5}", new String(request.payload(), StandardCharsets.UTF_8));
        assertEquals(4, request.id().version());
        assertFalse(answer.isDone());
        assertTrue(answer(request, 200, "[1]"));
        assertEquals(200, answer.join().status());
        assertEquals("[1]", new String(answer.join().payload(), StandardCharsets.UTF_8));
    }

    @Test
    void takesOneAnswerForEachOfSeveralCalls() throws HubException {
        listen();
        CompletableFuture<MethodAnswer> first = call("a", "", 30, 0);
        CompletableFuture<MethodAnswer> second = call("b", "", 30, 0);
        assertTrue(answer(requests.get(1), 2, ""));
        assertFalse(answer(requests.get(1), 3, ""));
        assertFalse(hub.answerMethod(DEVICE, UUID.randomUUID(), new MethodAnswer(4, NOTHING)));
        assertTrue(answer(requests.get(0), -1, "null"));
        assertEquals(2, second.join().status());
        assertEquals(-1, first.join().status());
    }

    @Test
    void refusesAtOnceWhenNobodyListens() {
        assertFailed(HubError.DEVICE_NOT_ONLINE, call("a", "", 30, 0));
        listen().close();
        assertFailed(HubError.DEVICE_NOT_ONLINE, call("a", "", 30, 0));
    }

    @Test
    void waitsForAReceiverUntilTheConnectTimeout() throws HubException {
        CompletableFuture<MethodAnswer> late = call("late", "", 30, 10);
        CompletableFuture<MethodAnswer> early = call("early", "", 30, 20);
        pass(10);
        assertFailed(HubError.DEVICE_NOT_ONLINE, late);
        pass(9);
        listen();
        assertEquals(
                List.of("early"), requests.stream().map(MethodRequest::name).toList());
        pass(29); // the response timeout begins with the delivery
        assertTrue(answer(requests.get(0), 200, ""));
        assertEquals(200, early.join().status());
    }

    @Test
    void givesUpAtTheResponseTimeout() throws HubException {
        listen();
        CompletableFuture<MethodAnswer> answer = call("a", "", 5, 300);
        pass(4);
        assertFalse(answer.isDone());
        pass(1);
        assertFailed(HubError.METHOD_TIMEOUT, answer);
        assertFalse(answer(requests.get(0), 200, ""));
    }

    @Test
    void takesAnAnswerFromALaterConnection() throws HubException {
        Hub.Presence first = listen();
        CompletableFuture<MethodAnswer> answer = call("a", "", 30, 0);
        first.close();
        assertTrue(answer(requests.get(0), 200, ""));
        assertEquals(200, answer.join().status());
    }

    static Stream<Arguments> refusedCalls() {
        return Stream.of(
                refused(HubError.MALFORMED, "an empty name", "", "", 30, 0),
                refused(HubError.MALFORMED, "a slash in the name", "a/b", "", 30, 0),
                refused(HubError.MALFORMED, "a long name", "n".repeat(129), "", 30, 0),
                refused(HubError.MALFORMED, "a short response timeout", "a", "", 4, 0),
                refused(HubError.MALFORMED, "a long response timeout", "a", "", 301, 0),
                refused(HubError.MALFORMED, "a negative connect timeout", "a", "", 30, -1),
                refused(HubError.MALFORMED, "a long connect timeout", "a", "", 30, 301),
                refused(HubError.MALFORMED, "no JSON", "a", "{", 30, 0),
                refused(HubError.MALFORMED, "two values", "a", "1 2", 30, 0),
                refused(HubError.MESSAGE_TOO_LARGE, "a large payload", "a", json(128 * 1024 + 1), 30, 0));
    }

    private static Arguments refused(
            HubError error, String what, String name, String payload, int response, int connect) {
        return Arguments.of(error, what, name, payload, response, connect);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("refusedCalls")
    void refusesCallsWith(HubError error, String what, String name, String payload, int response, int connect) {
        listen();
        assertFailed(error, call(name, payload, response, connect));
        assertEquals(List.of(), requests);
    }

    @Test
    void takesTheLargestPayloadsBothWays() throws HubException {
        listen();
        CompletableFuture<MethodAnswer> answer = call("a", json(128 * 1024), 30, 0);
        HubException refusal =
                assertThrows(HubException.class, () -> answer(requests.get(0), 200, json(128 * 1024 + 1)));
        assertEquals(HubError.MESSAGE_TOO_LARGE, refusal.error());
        assertTrue(answer(requests.get(0), 200, json(128 * 1024)));
        assertEquals(128 * 1024, answer.join().payload().length);
    }

    @Test
    void refusesAnswersThatAreNotJson() {
        listen();
        CompletableFuture<MethodAnswer> answer = call("a", "", 30, 0);
        assertThrows(HubException.class, () -> answer(requests.get(0), 200, "hello"));
        assertFalse(answer.isDone());
    }

    @Test
    void endsWithItsDevice() throws HubException {
        assertFailed(
                HubError.DEVICE_NOT_FOUND,
                hub.invoke(HubIdentity.device("x"), new MethodCall("a", NOTHING))
                        .toCompletableFuture());
        CompletableFuture<MethodAnswer> answer = call("a", "", 30, 10);
        hub.remove(DEVICE);
        assertFailed(HubError.DEVICE_NOT_FOUND, answer);
    }

    @Test
    void limitsHowManyWait() {
        for (int i = 0; i < MethodLine.MAX_PENDING; i++) {
            call("a", "", 30, 10);
        }
        assertFailed(HubError.THROTTLED, call("a", "", 30, 10));
    }

    private Hub.Presence listen() {
        return hub.receiveMethods(DEVICE, requests::add, () -> {});
    }

    private CompletableFuture<MethodAnswer> call(String name, String payload, int response, int connect) {
        return hub.invoke(
                        DEVICE,
                        new MethodCall(
                                name,
                                payload.getBytes(StandardCharsets.UTF_8),
                                Duration.ofSeconds(response),
                                Duration.ofSeconds(connect)))
                .toCompletableFuture();
    }

    private boolean answer(MethodRequest request, int status, String payload) throws HubException {
        return hub.answerMethod(
                DEVICE, request.id(), new MethodAnswer(status, payload.getBytes(StandardCharsets.UTF_8)));
    }

    private void pass(int seconds) {
        clock.advance(Duration.ofSeconds(seconds));
        hub.sweep();
    }

    /** A JSON string of so many bytes. */
    private static String json(int bytes) {
        return '"' + "x".repeat(bytes - 2) + '"';
    }

    private static void assertFailed(HubError expected, CompletableFuture<MethodAnswer> answer) {
        CompletionException failure = assertThrows(CompletionException.class, answer::join);
        assertEquals(
                expected,
                assertInstanceOf(HubException.class, failure.getCause()).error());
    }
}
