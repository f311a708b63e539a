// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.TokenRequest;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TokenCallsTest {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final Duration AMPLE = Duration.ofSeconds(20);
    private static final TokenRequest REQUEST = new TokenRequest("hub.test", Identity.device("d"));

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @AfterEach
    void close() {
        runtime.close();
    }

    private static SasToken token(Duration left) {
        return SasToken.of("SharedAccessSignature sr=hub.test%2Fdevices%2Fd&sig=Q2FuYXJ5&se="
                + Instant.now().plus(left).getEpochSecond());
    }

    private static SasToken get(CompletionStage<SasToken> answer) throws Exception {
        return answer.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static UpstreamException failure(CompletionStage<SasToken> answer) {
        ExecutionException thrown = assertThrows(ExecutionException.class, () -> get(answer));
        return assertInstanceOf(UpstreamException.class, thrown.getCause());
    }

    /** P15: tokens. */
    @Test
    void asksOffTheEventLoopWithWhatIsToBeSigned() throws Exception {
        TokenCalls calls = new TokenCalls(runtime, runtime.blocking(), AMPLE);
        CompletableFuture<String> seen = new CompletableFuture<>();
        SasToken token = token(Duration.ofHours(1));
        SasTokenProvider provider = request -> {
            seen.complete(request.resource() + " " + Thread.currentThread().getName());
            return CompletableFuture.completedFuture(token);
        };
        assertSame(token, get(calls.ask(provider, new TokenRequest("hub.test", Identity.module("d+1", "m")))));
        assertTrue(seen.join().startsWith("hub.test%2Fdevices%2Fd%2B1%2Fmodules%2Fm upstream-blocking"), seen.join());
    }

    /** P26. */
    @Test
    void neverAsksTwiceAtOnceForOneIdentity() throws Exception {
        TokenCalls calls = new TokenCalls(runtime, runtime.blocking(), AMPLE);
        AtomicInteger asked = new AtomicInteger();
        CompletableFuture<SasToken> slow = new CompletableFuture<>();
        SasTokenProvider provider = request -> {
            asked.incrementAndGet();
            return slow;
        };
        CompletionStage<SasToken> first = calls.ask(provider, REQUEST);
        CompletionStage<SasToken> second = calls.ask(provider, REQUEST);
        CompletionStage<SasToken> other = calls.ask(provider, new TokenRequest("hub.test", Identity.device("e")));
        slow.complete(token(AMPLE));
        assertSame(get(first), get(second));
        get(other);
        assertEquals(2, asked.get());

        get(calls.ask(provider, REQUEST));
        assertEquals(3, asked.get());
    }

    @Test
    void givesUpOnAnAnswerThatDoesNotComeAndAsksAgain() throws Exception {
        TokenCalls calls = new TokenCalls(runtime, runtime.blocking(), SHORT);
        AtomicInteger asked = new AtomicInteger();
        SasTokenProvider provider = request -> asked.incrementAndGet() == 1
                ? new CompletableFuture<>()
                : CompletableFuture.completedFuture(token(AMPLE));
        UpstreamException late = failure(calls.ask(provider, REQUEST));
        assertEquals(FailureKind.TIMEOUT, late.kind());
        assertEquals("token", late.stage());
        assertTrue(late.getMessage().contains("did not answer within 0.1 s"), late.getMessage());
        get(calls.ask(provider, REQUEST));
    }

    /** P26: a provider that blocks costs one thread, however often it is asked. */
    @Test
    void doesNotAskAgainBeforeAStuckProviderHasReturned() throws Exception {
        TokenCalls calls = new TokenCalls(runtime, runtime.blocking(), SHORT);
        CountDownLatch stuck = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        SasToken token = token(AMPLE);
        SasTokenProvider provider = request -> {
            if (asked.incrementAndGet() == 1) {
                awaitUninterruptibly(stuck);
            }
            return CompletableFuture.completedFuture(token);
        };
        assertEquals(FailureKind.TIMEOUT, failure(calls.ask(provider, REQUEST)).kind());
        assertEquals(FailureKind.TIMEOUT, failure(calls.ask(provider, REQUEST)).kind());
        assertEquals(1, asked.get());

        stuck.countDown();
        CompletionStage<SasToken> next = calls.ask(provider, REQUEST);
        for (long end = System.nanoTime() + AMPLE.toNanos();
                System.nanoTime() < end && asked.get() == 1;
                next = calls.ask(provider, REQUEST)) {
            Thread.onSpinWait();
        }
        assertSame(token, get(next));
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static CompletionStage<SasToken> thrown(RuntimeException error) {
        throw error;
    }

    private static CompletionStage<SasToken> broken() {
        throw new StackOverflowError("Q2FuYXJ5");
    }

    @SuppressWarnings("NullAway") // what an application can do that does not look
    private static @Nullable CompletionStage<SasToken> nothing() {
        return null;
    }

    static Stream<Arguments> uselessAnswers() {
        UpstreamException known =
                UpstreamException.of(FailureKind.THROTTLED, Where.here("vault"), "too many signatures");
        return Stream.of(
                row("throws", FailureKind.INTERNAL, () -> thrown(new IllegalStateException("Q2FuYXJ5"))),
                row("fails", FailureKind.INTERNAL, () -> failed(new IllegalStateException("Q2FuYXJ5"))),
                row("cannot connect", FailureKind.SERVER_ERROR, () -> failed(new IOException("Q2FuYXJ5"))),
                row("is late", FailureKind.TIMEOUT, () -> failed(new TimeoutException("Q2FuYXJ5"))),
                row("knows better", FailureKind.THROTTLED, () -> failed(known)),
                row("breaks", FailureKind.INTERNAL, () -> broken()),
                row("completes with null", FailureKind.INTERNAL, () -> CompletableFuture.completedFuture(null)),
                row("gives null", FailureKind.INTERNAL, TokenCallsTest::nothing));
    }

    private static Arguments row(String what, FailureKind kind, Supplier<@Nullable CompletionStage<SasToken>> answer) {
        return Arguments.of(what, kind, answer);
    }

    private static CompletionStage<SasToken> failed(Throwable error) {
        return CompletableFuture.<SasToken>failedFuture(error).thenApply(token -> token);
    }

    @ParameterizedTest(name = "a provider that {0}")
    @MethodSource("uselessAnswers")
    void saysWhatIsWrongWithAnAnswer(String what, FailureKind kind, Supplier<CompletionStage<SasToken>> answer)
            throws Exception {
        TokenCalls calls = new TokenCalls(runtime, runtime.blocking(), AMPLE);
        AtomicInteger asked = new AtomicInteger();
        SasTokenProvider provider = request ->
                asked.incrementAndGet() == 1 ? answer.get() : CompletableFuture.completedFuture(token(AMPLE));
        UpstreamException failure = failure(calls.ask(provider, REQUEST));
        assertEquals(kind, failure.kind());
        assertFalse(String.valueOf(failure.getMessage()).contains("Q2FuYXJ5"), failure.getMessage());
        assertTrue(
                kind == FailureKind.THROTTLED || failure.getMessage().contains("the token for 'd'"),
                failure.getMessage());
        get(calls.ask(provider, REQUEST));
    }

    /** P27: five minutes. */
    @Test
    void saysThatTheRuntimeIsClosed() {
        TokenCalls calls = TokenCalls.on(runtime);
        runtime.close();
        for (int i = 0; i < 2; i++) {
            UpstreamException failure =
                    failure(calls.ask(request -> CompletableFuture.completedFuture(token(AMPLE)), REQUEST));
            assertEquals(FailureKind.CLOSED, failure.kind());
        }
    }
}
