// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyChoice;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Several ways to one hub. A proxy here says one letter: {@code t} opens its tunnel, {@code h} behind it is the hub's. */
class ConnectWaysTest {
    private static final Duration AMPLE = Duration.ofSeconds(20);
    private static final HostPort HUB = new HostPort("hub.test", 8883);

    private static UpstreamRuntime runtime;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Told told = new Told();

    /** Notes what it is told. */
    private static final class Told implements ProxyChoice {
        final List<String> failed = new CopyOnWriteArrayList<>();

        @Override
        public List<Route> routesTo(HostPort target) {
            return List.of(Route.DIRECT);
        }

        @Override
        public void failed(Route route, HostPort target, UpstreamException why) {
            failed.add(route + " " + why.kind());
        }
    }

    @BeforeAll
    static void create() {
        runtime = UpstreamRuntime.builder().threads(1).build();
        runtime.shared(
                NameLookup.class,
                () -> new NameLookup(runtime.resolving(), host -> {
                    throw new UnknownHostException(host);
                }));
    }

    @AfterAll
    static void closeTheRuntime() {
        runtime.close();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : open) {
            resource.close();
        }
    }

    /** Says {@code letters} to whoever comes, and nothing more. */
    private HostPort saying(String letters) throws IOException {
        ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        open.add(server);
        Thread thread = new Thread(() -> serve(server, letters), "letters");
        thread.setDaemon(true);
        thread.start();
        return new HostPort("127.0.0.1", server.getLocalPort());
    }

    private static void serve(ServerSocket server, String letters) {
        while (!server.isClosed()) {
            try (Socket peer = server.accept();
                    InputStream in = peer.getInputStream()) {
                peer.getOutputStream().write(letters.getBytes(StandardCharsets.US_ASCII));
                while (in.read() >= 0) {
                    // nothing is expected
                }
            } catch (IOException e) {
                // the client has gone, or the test is over
            }
        }
    }

    private static HostPort closedPort() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new HostPort("127.0.0.1", server.getLocalPort());
        }
    }

    private static Way way(HostPort proxy, FailureKind otherwise) {
        return Way.through(ProxyServer.http(proxy), List.of(new LetterStage("tunnel", 't', otherwise)));
    }

    private ConnectAttempt attempt(Duration budget, Way... ways) {
        return ConnectAttempt.start(
                runtime,
                budget,
                () -> ConnectPlan.to(HUB, List.of(ways), told)
                        .then(new LetterStage("tls", 'h', FailureKind.TLS_TRUST)));
    }

    private static UpstreamException failureOf(ConnectAttempt attempt) {
        return (UpstreamException) assertThrows(
                        ExecutionException.class,
                        () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS))
                .getCause();
    }

    private static int portOf(ConnectAttempt attempt) throws Exception {
        Channel channel = attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS);
        int port = ((InetSocketAddress) channel.remoteAddress()).getPort();
        channel.close().sync();
        return port;
    }

    /** Every kind, so that a new one has to be decided on. */
    @ParameterizedTest
    @EnumSource(FailureKind.class)
    void takesTheNextWayOnlyWhenTheFirstCouldNotBeGone(FailureKind kind) throws Exception {
        HostPort first = saying("z");
        HostPort second = saying("th");
        ConnectAttempt attempt = attempt(AMPLE, way(first, kind), way(second, FailureKind.INTERNAL));
        boolean passedBy = List.of(
                        FailureKind.TIMEOUT,
                        FailureKind.UNREACHABLE,
                        FailureKind.REFUSED,
                        FailureKind.RESET,
                        FailureKind.DNS,
                        FailureKind.CLOSED_BY_PEER,
                        FailureKind.PROXY_UNREACHABLE,
                        FailureKind.TLS_TRUST,
                        FailureKind.TLS_NAME,
                        FailureKind.TLS_EXPIRED,
                        FailureKind.TLS_OTHER)
                .contains(kind);
        if (passedBy) {
            assertEquals(second.port(), portOf(attempt));
            assertEquals(List.of("http://" + first + " " + kind), told.failed);
        } else {
            assertEquals(kind, failureOf(attempt).kind());
            assertEquals(List.of(), told.failed);
        }
    }

    @ParameterizedTest
    @CsvSource({"nowhere.test:3128, DNS", "closed, REFUSED"})
    void takesTheNextWayWhenTheFirstProxyCannotBeReached(String proxy, FailureKind kind) throws Exception {
        HostPort first = proxy.equals("closed") ? closedPort() : new HostPort("nowhere.test", 3128);
        HostPort second = saying("th");
        ConnectAttempt attempt = attempt(AMPLE, way(first, FailureKind.INTERNAL), way(second, FailureKind.INTERNAL));

        assertEquals(second.port(), portOf(attempt));
        assertEquals(List.of("http://" + first + " " + kind), told.failed);
    }

    @Test
    void theLastFailureCarriesTheFormerOnes() throws Exception {
        HostPort closed = closedPort();
        HostPort refusing = saying("z");
        UpstreamException failure = failureOf(attempt(
                AMPLE,
                way(closed, FailureKind.INTERNAL),
                way(new HostPort("nowhere.test", 3128), FailureKind.INTERNAL),
                way(refusing, FailureKind.PROXY_AUTH),
                Way.direct()));

        assertEquals(FailureKind.PROXY_AUTH, failure.kind(), "the fourth way is not taken");
        assertEquals(
                List.of(FailureKind.REFUSED, FailureKind.DNS),
                Arrays.stream(failure.getSuppressed())
                        .map(former -> ((UpstreamException) former).kind())
                        .toList());
        assertEquals(2, told.failed.size());
    }

    @Test
    void whatFailsBehindTheProxyIsNotTheWaysFault() throws Exception {
        HostPort first = saying("tx");
        UpstreamException failure =
                failureOf(attempt(AMPLE, way(first, FailureKind.INTERNAL), way(saying("th"), FailureKind.INTERNAL)));

        assertEquals(FailureKind.TLS_TRUST, failure.kind());
        assertEquals("hub " + HUB + " (through proxy " + first + ")", failure.hop());
        assertEquals(List.of(), told.failed);
    }

    @Test
    void aSilentProxyUsesUpNoMoreThanItsShare() throws Exception {
        HostPort silent = saying("");
        HostPort second = saying("th");
        ConnectAttempt attempt =
                attempt(Duration.ofSeconds(2), way(silent, FailureKind.INTERNAL), way(second, FailureKind.INTERNAL));
        assertEquals(second.port(), portOf(attempt));
        assertEquals(List.of("http://" + silent + " TIMEOUT"), told.failed);
    }

    /** P11: the whole attempt has its own. */
    @Test
    void theShareDoesNotEndWhatHappensBehindTheProxy() throws Exception {
        HostPort first = saying("t");
        UpstreamException failure = failureOf(attempt(
                Duration.ofSeconds(5), way(first, FailureKind.INTERNAL), way(saying("th"), FailureKind.INTERNAL)));
        assertEquals("tls", failure.stage());
        assertTrue(failure.getMessage().contains("the 5 s for the whole attempt"), failure.getMessage());
        assertEquals(List.of(), told.failed);
    }

    /** A layer that waits for something in this process before it does what a proxy's tunnel does here. */
    private static final class Asking implements ConnectStage {
        final List<String> told = new CopyOnWriteArrayList<>();
        private final long millis;
        private final ConnectStage then = new LetterStage("tunnel", 't');
        private PeerClock clock = new PeerClock();

        /** @param millis how long it waits, or a negative number to fail at once, as what it waits for does */
        Asking(long millis) {
            this.millis = millis;
        }

        @Override
        public String name() {
            return "tunnel";
        }

        @Override
        public void begin(PeerClock clock) {
            told.add("begin");
            this.clock = clock;
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, UpstreamException.Where where) {
            clock.stop(() -> "the vault");
            CompletableFuture<Void> established = new CompletableFuture<>();
            if (millis < 0) {
                established.completeExceptionally(UpstreamException.of(
                        FailureKind.UNREACHABLE, new UpstreamException.Where("vault", "vault v:1"), "no vault"));
                return established;
            }
            channel.config().setAutoRead(false);
            channel.eventLoop()
                    .schedule(
                            () -> {
                                clock.resume();
                                channel.config().setAutoRead(true);
                                then.establish(channel, where).whenComplete((up, error) -> {
                                    if (error == null) {
                                        established.complete(null);
                                    } else {
                                        established.completeExceptionally(error);
                                    }
                                });
                            },
                            millis,
                            TimeUnit.MILLISECONDS);
            return established;
        }

        @Override
        public void end() {
            told.add("end");
        }
    }

    private static Way way(HostPort proxy, ConnectStage stage) {
        return Way.through(ProxyServer.http(proxy), List.of(stage));
    }

    @Test
    void whatTakesLongHereCountsAgainstNoWaysShare() throws Exception {
        HostPort first = saying("th");
        Asking slow = new Asking(4000);
        ConnectAttempt attempt =
                attempt(Duration.ofSeconds(6), way(first, slow), way(saying("th"), FailureKind.INTERNAL));
        assertEquals(first.port(), portOf(attempt));
        assertEquals(List.of(), told.failed);
        assertEquals(List.of("begin", "end"), slow.told);
    }

    @Test
    void theShareOfAProxyThatIsSilentAfterwardsEndsAllTheSame() throws Exception {
        HostPort second = saying("th");
        HostPort silent = saying("");
        ConnectAttempt attempt =
                attempt(Duration.ofSeconds(6), way(silent, new Asking(1500)), way(second, FailureKind.INTERNAL));
        assertEquals(second.port(), portOf(attempt));
        assertEquals(List.of("http://" + silent + " TIMEOUT"), told.failed);
    }

    @Test
    void whatTakesTooLongHereIsNoWaysFault() throws Exception {
        Asking slow = new Asking(60_000);
        UpstreamException failure = failureOf(
                attempt(Duration.ofSeconds(2), way(saying("th"), slow), way(saying("th"), FailureKind.INTERNAL)));
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals("here", failure.hop());
        assertTrue(failure.getMessage().contains("before the vault had an answer"), failure.getMessage());
        assertEquals(List.of(), told.failed);
        assertEquals(List.of("begin", "end"), slow.told);
    }

    @Test
    void whatFailsHereIsNoWaysFault() throws Exception {
        UpstreamException failure =
                failureOf(attempt(AMPLE, way(saying("th"), new Asking(-1)), way(saying("th"), FailureKind.INTERNAL)));
        assertEquals("vault v:1", failure.hop());
        assertEquals(List.of(), told.failed);
    }

    @Test
    void tellsOfAProxyThatSpentTheWholeAttempt() throws Exception {
        HostPort silent = saying("");
        UpstreamException failure = failureOf(attempt(Duration.ofSeconds(1), way(silent, FailureKind.INTERNAL)));
        assertEquals("tunnel", failure.stage());
        assertEquals(List.of("http://" + silent + " TIMEOUT"), told.failed);
    }

    @Test
    void goesStraightWhenThatIsTheNextWay() throws Exception {
        HostPort hub = saying("h");
        ConnectAttempt attempt = ConnectAttempt.start(
                runtime,
                AMPLE,
                () -> ConnectPlan.to(hub, List.of(way(closedPortOrFail(), FailureKind.INTERNAL), Way.direct()), told)
                        .then(new LetterStage("tls", 'h')));
        assertEquals(hub.port(), portOf(attempt));
    }

    private static HostPort closedPortOrFail() {
        try {
            return closedPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aChoiceThatThrowsWhenItIsToldChangesNothing() throws Exception {
        ProxyChoice broken = new ProxyChoice() {
            @Override
            public List<Route> routesTo(HostPort target) {
                return List.of(Route.DIRECT);
            }

            @Override
            public void failed(Route route, HostPort target, UpstreamException why) {
                throw new IllegalStateException("thrown on purpose by a test");
            }
        };
        HostPort closed = closedPort();
        HostPort second = saying("t");
        ConnectAttempt attempt = ConnectAttempt.start(
                runtime,
                AMPLE,
                () -> ConnectPlan.to(
                        HUB, List.of(way(closed, FailureKind.INTERNAL), way(second, FailureKind.INTERNAL)), broken));
        assertEquals(second.port(), portOf(attempt));
    }

    @Test
    void printsEveryWay() {
        ConnectPlan plan = ConnectPlan.to(
                        HUB,
                        List.of(way(new HostPort("p", 3128), FailureKind.INTERNAL), Way.direct()),
                        ProxyChoice.DIRECT)
                .then(new LetterStage("tls", 'h'));
        assertEquals("tcp p:3128 > tunnel > tls | tcp hub.test:8883 > tls", plan.toString());
    }
}
