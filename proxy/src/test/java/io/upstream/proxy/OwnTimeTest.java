// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.BASIC;
import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.HUB;
import static io.upstream.proxy.TunnelBench.LOGIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyChoice;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.Way;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What takes long or fails on our side of a proxy is not held against the proxy. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OwnTimeTest {
    private static final String ASKS =
            "HTTP/1.1 407 P\r\nProxy-Authenticate: Basic realm=\"corp\", Own\r\nContent-Length: 0\r\n\r\n";
    private static final TunnelLimits BRIEF =
            new TunnelLimits(Duration.ofSeconds(15), Duration.ofMillis(300), Duration.ofSeconds(5), 64 << 10);

    private final TunnelBench bench = new TunnelBench();

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    /** Who on our side does not do what it should. */
    enum Ours {
        SILENT_PROVIDER(FailureKind.TIMEOUT, "the provider of the credentials for proxy "),
        SILENT_AUTHENTICATOR(FailureKind.TIMEOUT, "the authenticator for Own, which is asked for proxy "),
        PROVIDER_WITHOUT_A_VAULT(FailureKind.UNREACHABLE, "no vault"),
        AUTHENTICATOR_WITHOUT_A_VAULT(FailureKind.UNREACHABLE, "no vault");

        private final FailureKind kind;
        private final String words;

        Ours(FailureKind kind, String words) {
            this.kind = kind;
            this.words = words;
        }

        private <T> CompletableFuture<T> answer() {
            return kind == FailureKind.TIMEOUT
                    ? new CompletableFuture<>()
                    : CompletableFuture.failedFuture(
                            UpstreamException.of(kind, new Where("vault", "vault v:1"), "no vault"));
        }

        ProxyAuthentication authentication() {
            return switch (this) {
                case SILENT_PROVIDER, PROVIDER_WITHOUT_A_VAULT -> ProxyAuthentication.of(request -> answer());
                case SILENT_AUTHENTICATOR, AUTHENTICATOR_WITHOUT_A_VAULT ->
                    ProxyAuthentication.builder()
                            .authenticator(own(this::answer))
                            .build();
            };
        }

        private static ProxyAuthenticator own(Supplier<CompletionStage<String>> answers) {
            return new ProxyAuthenticator() {
                @Override
                public String scheme() {
                    return "Own";
                }

                @Override
                public Conversation begin(TunnelRequest request) {
                    return (ProxyChallenge challenge) -> answers.get();
                }
            };
        }
    }

    /** Notes what it is told. */
    private static final class Told implements ProxyChoice {
        final List<Route> failed = new CopyOnWriteArrayList<>();

        @Override
        public List<Route> routesTo(HostPort target) {
            throw new AssertionError("the ways are given");
        }

        @Override
        public void failed(Route route, HostPort target, UpstreamException why) {
            failed.add(route);
        }
    }

    @ParameterizedTest
    @EnumSource
    void neverLeadsToAnotherProxy(Ours ours) throws Exception {
        Told told = new Told();
        try (ScriptedProxy asking = ScriptedProxy.speaking(List.of(line -> {
                    line.answer(ASKS);
                    line.awaitEnd();
                }));
                ScriptedProxy other = ScriptedProxy.answering(ESTABLISHED)) {
            UpstreamException failure = failureOf(attempt(
                    told,
                    ProxyServer.of(ProxyKind.HTTP, asking.address(), ours.authentication()),
                    ProxyServer.http(other.address())));
            assertEquals(ours.kind, failure.kind(), failure::getMessage);
            assertTrue(failure.getMessage().startsWith(ours.words), failure::getMessage);
            assertEquals(ours.kind == FailureKind.TIMEOUT ? "here" : "vault v:1", failure.hop());
            assertEquals(List.of(), told.failed);
            assertEquals(0, other.connections());
        }
    }

    private ConnectAttempt attempt(ProxyChoice choice, ProxyServer... servers) {
        return ConnectAttempt.start(
                bench.runtime,
                TunnelBench.BUDGET,
                () -> ConnectPlan.to(
                        HUB,
                        List.of(servers).stream()
                                .map(server -> Way.through(
                                        server, List.of(new TunnelStage(server, HUB, TunnelBench.newMemory(), BRIEF))))
                                .toList(),
                        choice));
    }

    private static UpstreamException failureOf(ConnectAttempt attempt) {
        ExecutionException error = assertThrows(
                ExecutionException.class,
                () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS));
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    /** What a proxy does with a connection on which nobody says anything. */
    enum Tired {
        CLOSES,
        RESETS,
        SAYS_SO;

        void leave(ScriptedProxy.Line line) throws IOException {
            switch (this) {
                case CLOSES -> line.socket.close();
                case RESETS -> line.reset();
                case SAYS_SO -> line.send("HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n");
            }
        }
    }

    /** The first request needs credentials that are slow to come; the next connection has them. */
    @ParameterizedTest
    @EnumSource
    void outlivesTheConnectionBeforeItsFirstRequest(Tired tired) throws Exception {
        CompletableFuture<UserPassword> slow = new CompletableFuture<>();
        CountDownLatch left = new CountDownLatch(1);
        ProxyAuthentication login = ProxyAuthentication.builder()
                .provider(request -> slow)
                .basicUnasked(true)
                .build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(
                line -> {
                    tired.leave(line);
                    left.countDown();
                },
                line -> {
                    line.send(line.request().contains(BASIC) ? ESTABLISHED : ASKS);
                    line.awaitEnd();
                }))) {
            ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login);
            ConnectAttempt attempt = bench.start(
                    server, new TunnelStage(server, HUB, TunnelBench.newMemory(), TunnelBench.QUICK), List.of());
            assertTrue(left.await(20, TimeUnit.SECONDS));
            slow.completeOnTimeout(LOGIN, 300, TimeUnit.MILLISECONDS); // by then the client has noticed
            attempt.outcome()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS)
                    .close()
                    .sync();
            assertEquals(2, proxy.connections());
        }
    }

    @Test
    void blamesAProxyThatLeavesEachTimeWithoutARequest() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {}))) {
            ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), ProxyAuthentication.of(LOGIN));
            UpstreamException failure = bench.attempt(
                    server, new TunnelStage(server, HUB, TunnelBench.newMemory(), TunnelBench.QUICK), List.of());
            assertNotNull(failure);
            assertEquals("proxy " + proxy.address(), failure.hop());
            assertTrue(
                    List.of(FailureKind.CLOSED_BY_PEER, FailureKind.RESET).contains(failure.kind()),
                    failure::getMessage);
        }
    }

    @Test
    void opensWhenTheCredentialsComeInTime() throws Exception {
        ProxyAuthentication login = ProxyAuthentication.of(
                request -> new CompletableFuture<UserPassword>().completeOnTimeout(LOGIN, 200, TimeUnit.MILLISECONDS));
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(ASKS);
            line.answer(ESTABLISHED);
            line.awaitEnd();
        }))) {
            ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login);
            assertNull(bench.attempt(
                    server, new TunnelStage(server, HUB, TunnelBench.newMemory(), TunnelBench.QUICK), List.of()));
        }
    }
}
