// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MethodCallsTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final MethodCalls calls = new MethodCalls(channel.eventLoop(), new Callbacks(Runnable::run));
    private final List<String> replies = new ArrayList<>();

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private void call(String name) {
        calls.call(
                new MethodRequest(name, "{\"n\":1}".getBytes(UTF_8)),
                known -> replies.add(name + " " + known.status() + " " + UTF_8.decode(known.payload())));
        channel.runPendingTasks();
    }

    @Test
    void answersWithWhatTheHandlerSays() {
        calls.handler(request -> MethodResponse.of(207, request.text()));
        call("a");
        assertEquals(List.of("a 207 {\"n\":1}"), replies);
    }

    @Test
    void leavesCallsAloneWhileNobodyHandlesThem() {
        call("a");
        assertEquals(List.of(), replies);
    }

    @ParameterizedTest
    @ValueSource(strings = {"throws", "throws an error", "fails later", "null", "null later"})
    void answers500WhenTheHandlerFails(String how) {
        Map<String, MethodHandler> handlers = Map.of(
                "throws",
                request -> {
                    throw new IOException("a secret");
                },
                "throws an error",
                request -> {
                    throw new AssertionError("a secret");
                },
                "fails later",
                request -> MethodResponse.when(CompletableFuture.failedFuture(new IOException("a secret"))),
                "null",
                request -> nothing(),
                "null later",
                request -> MethodResponse.when(CompletableFuture.completedFuture(nothing())));
        calls.handler(handlers.get(how));
        call("a");
        assertEquals(List.of("a 500 {\"error\":\"the method failed\"}"), replies);
    }

    @SuppressWarnings("NullAway") // what a careless application returns
    private static MethodResponse nothing() {
        return null;
    }

    @Test
    void letsCallsOverlapThatAreAnsweredLater() {
        Map<String, CompletableFuture<MethodResponse>> later =
                Map.of("a", new CompletableFuture<>(), "b", new CompletableFuture<>());
        calls.handler(request -> MethodResponse.when(later.get(request.name())));
        call("a");
        call("b");
        later.get("b").complete(MethodResponse.ok("2"));
        channel.runPendingTasks();
        assertFalse(calls.isIdle());
        later.get("a").complete(MethodResponse.ok());
        channel.runPendingTasks();
        assertTrue(calls.isIdle());
        assertEquals(List.of("b 200 2", "a 200 "), replies);
    }

    @Test
    void answers429BeyondItsBound() {
        CompletableFuture<MethodResponse> later = new CompletableFuture<>();
        calls.handler(request -> MethodResponse.when(later));
        for (int i = 0; i < MethodCalls.MAX_OPEN; i++) {
            call("m" + i);
        }
        call("one too many");
        assertEquals(List.of("one too many 429 {\"error\":\"too many calls at a time\"}"), replies);
        later.complete(MethodResponse.ok());
        channel.runPendingTasks();
        assertEquals(MethodCalls.MAX_OPEN + 1, replies.size());
        call("again");
        assertEquals(MethodCalls.MAX_OPEN + 2, replies.size());
    }

    @Test
    void answers504AtTheHubsLimitAndNothingAfterThat() {
        channel.freezeTime();
        CompletableFuture<MethodResponse> later = new CompletableFuture<>();
        calls.handler(request -> MethodResponse.when(later));
        call("a");
        pass(MethodCalls.LIMIT.minusNanos(1));
        assertEquals(List.of(), replies);
        pass(Duration.ofNanos(1));
        assertEquals(List.of("a 504 {\"error\":\"the method took too long\"}"), replies);
        assertTrue(calls.isIdle());
        later.complete(MethodResponse.ok());
        channel.runPendingTasks();
        assertEquals(1, replies.size());
    }

    private void pass(Duration time) {
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void leavesNoTimerBehind() {
        calls.handler(request -> MethodResponse.when(new CompletableFuture<>()));
        call("a");
        calls.end();
        assertEquals(-1, channel.runScheduledPendingTasks());
        assertTrue(calls.isIdle());
    }

    @Test
    void writesNoAnswerAfterTheEnd() {
        CompletableFuture<MethodResponse> later = new CompletableFuture<>();
        calls.handler(request -> MethodResponse.when(later));
        call("a");
        calls.end();
        later.complete(MethodResponse.ok());
        channel.runPendingTasks();
        call("b");
        assertEquals(List.of(), replies);
    }

    @Test
    void refusesAnAnswerOverTheHubsLimit() {
        byte[] most = new byte[MethodResponse.MAX_PAYLOAD_BYTES];
        MethodResponse.ok(ByteBuffer.wrap(most));
        byte[] more = new byte[most.length + 1];
        assertThrows(IllegalArgumentException.class, () -> MethodResponse.ok(ByteBuffer.wrap(more)));
    }
}
