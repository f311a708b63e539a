// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectAttempt;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Authenticators that the application brings: what they do wrong is told at once, and each of their conversations ends once. */
class ForeignAuthenticatorTest {
    private static final String ASKS = "HTTP/1.1 407 P\r\nProxy-Authenticate: Own more\r\nContent-Length: 0\r\n\r\n";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** What the authenticator does in place of what it should. */
    enum Mistake {
        BEGINS_WITH_NULL,
        FAILS_TO_BEGIN,
        SPEAKS_NULL_UNASKED,
        FAILS_UNASKED,
        ANSWERS_NULL,
        COMPLETES_WITH_NULL,
        FAILS_TO_ANSWER,
        FAILS_TO_SAY_WHETHER_IT_IS_BOUND,
        ANSWERS_NULL_LATER,
        COMPLETES_WITH_NULL_LATER,
        FAILS_TO_ANSWER_LATER,
        LACKS_A_CLASS_LATER,
        FAILS_WHEN_OPEN
    }

    @NullUnmarked
    private record Mistaken(Mistake mistake) implements ProxyAuthenticator {
        @Override
        public String scheme() {
            return "Own";
        }

        @Override
        public Conversation begin(TunnelRequest request) {
            return switch (mistake) {
                case BEGINS_WITH_NULL -> null;
                case FAILS_TO_BEGIN -> throw new IllegalStateException("on purpose");
                default -> new Speaking(mistake);
            };
        }
    }

    @NullUnmarked
    private static final class Speaking implements ProxyAuthenticator.Conversation {
        private final Mistake mistake;
        private int legs;

        Speaking(Mistake mistake) {
            this.mistake = mistake;
        }

        @Override
        public Optional<String> unasked() {
            return switch (mistake) {
                case SPEAKS_NULL_UNASKED -> null;
                case FAILS_UNASKED -> throw new IllegalStateException("on purpose");
                default -> Optional.empty();
            };
        }

        @Override
        public CompletionStage<String> answer(ProxyChallenge challenge) {
            boolean later = ++legs > 1;
            return switch (mistake) {
                case ANSWERS_NULL -> null;
                case COMPLETES_WITH_NULL -> CompletableFuture.completedFuture(null);
                case FAILS_TO_ANSWER -> throw new IllegalStateException("on purpose");
                case ANSWERS_NULL_LATER -> later ? null : said();
                case COMPLETES_WITH_NULL_LATER -> later ? CompletableFuture.completedFuture(null) : said();
                case FAILS_TO_ANSWER_LATER -> {
                    if (later) {
                        throw new IllegalStateException("on purpose");
                    }
                    yield said();
                }
                case LACKS_A_CLASS_LATER -> {
                    if (later) {
                        throw new NoClassDefFoundError("on purpose");
                    }
                    yield said();
                }
                default -> said();
            };
        }

        private CompletionStage<String> said() {
            return CompletableFuture.completedFuture("Own " + legs);
        }

        @Override
        public boolean isBound() {
            if (mistake == Mistake.FAILS_TO_SAY_WHETHER_IT_IS_BOUND) {
                throw new IllegalStateException("on purpose");
            }
            return true;
        }

        @Override
        public void opened(Map<String, List<String>> fields) {
            if (mistake == Mistake.FAILS_WHEN_OPEN) {
                throw new IllegalStateException("on purpose");
            }
        }

        @Override
        public void close() {
            throw new IllegalStateException("on purpose");
        }
    }

    @ParameterizedTest
    @EnumSource
    void isNamedAtOnceWhenIt(Mistake mistake) throws Exception {
        Dialogue asking = line -> {
            line.answer(ASKS);
            if (mistake == Mistake.FAILS_WHEN_OPEN) {
                line.answer(ESTABLISHED);
            }
            while (line.request() != null) {
                line.send(ASKS);
            }
        };
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(asking))) {
            long start = System.nanoTime();
            UpstreamException failure = outcome(
                    bench.start(server(proxy, new Mistaken(mistake)), stage(proxy, new Mistaken(mistake)), List.of()));
            assertNotNull(failure);
            assertEquals(FailureKind.PROXY_AUTH, failure.kind(), failure::getMessage);
            assertTrue(
                    failure.getMessage().contains("asks for Own, and its authenticator failed"), failure::getMessage);
            assertNotNull(failure.getCause());
            assertTrue(
                    Duration.ofNanos(System.nanoTime() - start).compareTo(Duration.ofSeconds(10)) < 0,
                    "no limit has to pass, which would be 15 s");
        }
    }

    /** How an attempt comes to its end. */
    enum End {
        OPENS(1),
        IS_REFUSED(1),
        IS_REFUSED_OTHERWISE(1),
        LOSES_ITS_CONNECTION_FOR_GOOD(2),
        IS_BEGUN_AGAIN_AND_OPENS(2),
        IS_GIVEN_UP_WHILE_IT_ANSWERS(1),
        IS_GIVEN_UP_AFTER_THE_PROXY_LEFT(1),
        ENDS_WITH_ITS_LOOP(1);

        private final int conversations;

        End(int conversations) {
            this.conversations = conversations;
        }

        Dialogue first(CountDownLatch reached) {
            return line -> {
                line.answer(ASKS);
                switch (this) {
                    case OPENS -> line.answer(ESTABLISHED);
                    case IS_REFUSED_OTHERWISE -> line.answer("HTTP/1.1 403 Forbidden\r\n\r\n");
                    case IS_REFUSED -> line.answer(ASKS.replace("Own more", "Else"));
                    case LOSES_ITS_CONNECTION_FOR_GOOD, IS_BEGUN_AGAIN_AND_OPENS -> {
                        line.answer(ASKS);
                        line.request();
                        return;
                    }
                    case IS_GIVEN_UP_AFTER_THE_PROXY_LEFT -> {
                        line.socket.close();
                        reached.countDown();
                        return;
                    }
                    default -> {}
                }
                line.awaitEnd();
            };
        }

        Dialogue second() {
            return line -> {
                line.answer(this == IS_BEGUN_AGAIN_AND_OPENS ? ESTABLISHED : ASKS);
                line.request();
                if (this == IS_BEGUN_AGAIN_AND_OPENS) {
                    line.awaitEnd();
                }
            };
        }

        boolean isFromOutside() {
            return this == IS_GIVEN_UP_WHILE_IT_ANSWERS
                    || this == IS_GIVEN_UP_AFTER_THE_PROXY_LEFT
                    || this == ENDS_WITH_ITS_LOOP;
        }
    }

    /** Counts its conversations. */
    private static final class Counted implements ProxyAuthenticator {
        final AtomicInteger begun = new AtomicInteger();
        final AtomicInteger closed = new AtomicInteger();
        final CountDownLatch allClosed;
        private final CountDownLatch asked;
        private final boolean silent;

        Counted(End end, CountDownLatch asked) {
            this.silent = end.isFromOutside();
            this.asked = asked;
            this.allClosed = new CountDownLatch(end.conversations);
        }

        @Override
        public String scheme() {
            return "Own";
        }

        @Override
        public Conversation begin(TunnelRequest request) {
            return new Conversation() {
                private int said;

                @Override
                public CompletionStage<String> answer(ProxyChallenge challenge) {
                    if (said++ == 0) {
                        begun.incrementAndGet(); // one that was only asked whether it speaks unasked is another one
                    }
                    asked.countDown();
                    return silent ? new CompletableFuture<>() : CompletableFuture.completedFuture("Own " + said);
                }

                @Override
                public boolean isBound() {
                    return true;
                }

                @Override
                public void close() {
                    if (said > 0) {
                        closed.incrementAndGet();
                        allClosed.countDown();
                    }
                }
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesEachConversationOnceWhenTheAttempt(End end) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch reached = new CountDownLatch(end == End.IS_GIVEN_UP_AFTER_THE_PROXY_LEFT ? 1 : 0);
        Counted own = new Counted(end, asked);
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(end.first(reached), end.second()))) {
            ConnectAttempt attempt = bench.start(server(proxy, own), stage(proxy, own), List.of());
            if (end.isFromOutside()) {
                assertTrue(asked.await(20, TimeUnit.SECONDS));
                assertTrue(reached.await(20, TimeUnit.SECONDS));
                if (end == End.ENDS_WITH_ITS_LOOP) {
                    bench.runtime.close();
                } else {
                    attempt.abort(UpstreamException.of(FailureKind.CLOSED, Where.here("open"), "enough"));
                }
            }
            boolean opens = end == End.OPENS || end == End.IS_BEGUN_AGAIN_AND_OPENS;
            UpstreamException failure = outcome(attempt);
            assertEquals(opens, failure == null, () -> String.valueOf(failure));
            assertTrue(own.allClosed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS), "each must be closed");
            assertEquals(end.conversations, own.begun.get());
            assertEquals(end.conversations, own.closed.get());
        }
    }

    @Test
    void closesWhatWasOnlyAskedWhetherItSpeaksUnasked() throws Exception {
        AtomicInteger open = new AtomicInteger();
        ProxyAuthenticator quiet = new ProxyAuthenticator() {
            @Override
            public String scheme() {
                return "Own";
            }

            @Override
            public Conversation begin(TunnelRequest request) {
                open.incrementAndGet();
                return new Conversation() {
                    @Override
                    public CompletionStage<String> answer(ProxyChallenge challenge) {
                        throw new AssertionError("nobody asked");
                    }

                    @Override
                    public void close() {
                        open.decrementAndGet();
                    }
                };
            }
        };
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.answering(ESTABLISHED)) {
            assertNull(outcome(bench.start(server(proxy, quiet), stage(proxy, quiet), List.of())));
            assertEquals(0, open.get());
        }
    }

    @Test
    void saysOfAConversationThatIsOverThatItIs() {
        Turn over = new Turn(
                new SchemeChoice.Option(new ProxyChallenge("Own", "", Map.of()), 100, null, null),
                challenge -> CompletableFuture.completedFuture("Own 1"));
        over.close();
        over.close();
        assertTrue(over.isOver());
        assertEquals("", over.unasked());
        assertThrows(
                ExecutionException.class,
                () -> over.answer(new ProxyChallenge("Own", "", Map.of()))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS));
    }

    private static ProxyServer server(ScriptedProxy proxy, ProxyAuthenticator own) {
        return ProxyServer.of(
                ProxyKind.HTTP,
                proxy.address(),
                ProxyAuthentication.builder().authenticator(own).build());
    }

    private static TunnelStage stage(ScriptedProxy proxy, ProxyAuthenticator own) {
        return new TunnelStage(server(proxy, own), TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK);
    }

    /** Null if the tunnel opens; it is closed then. */
    private static @Nullable UpstreamException outcome(ConnectAttempt attempt) throws Exception {
        try {
            attempt.outcome()
                    .toCompletableFuture()
                    .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .close()
                    .sync();
            return null;
        } catch (ExecutionException e) {
            return (UpstreamException) e.getCause();
        }
    }
}
