// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.NetUtil;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.TestNames;
import io.upstream.testing.BlackHole;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proxies that cannot be found or reached; F numbers are those of the list of faults. */
class TunnelReachFaultsTest {
    private static final String NAME = "proxy.test";
    private static final String LIVE = "127.0.0.1";
    private static final String DEAD = "127.0.0.2";

    /** What a busy machine may add. */
    private static final Duration SLACK = Duration.ofSeconds(4);

    private final TunnelBench bench = new TunnelBench();
    private ScriptedProxy proxy;

    @BeforeEach
    void start() throws Exception {
        proxy = ScriptedProxy.answering(ESTABLISHED);
    }

    @AfterEach
    void close() throws Exception {
        bench.close();
        proxy.close();
    }

    private int port() {
        return proxy.address().port();
    }

    private @Nullable UpstreamException tunnel(HostPort address) throws Exception {
        ProxyServer server = ProxyServer.http(address);
        return bench.attempt(
                server,
                new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK),
                List.of());
    }

    private UpstreamException failure(int port, Duration budget) {
        ConnectAttempt attempt = HubAttempt.start(
                bench.runtime, HubAttempt.through(ProxyServer.http(new HostPort(NAME, port))), Trust.system(), budget);
        UpstreamException failure = HubAttempt.failure(attempt);
        assertEquals("proxy " + NAME + ":" + port, failure.hop(), failure.getMessage());
        return failure;
    }

    private static void assertWithin(Duration limit, long start) {
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.compareTo(limit.plus(SLACK)) < 0, took::toString);
    }

    @Test
    @DisplayName("F53 syn-blackhole: the next address is tried a quarter of a second later")
    void passesByAnAddressThatAnswersNothing() throws Exception {
        TestNames.on(bench.runtime, DEAD, LIVE);
        try (BlackHole silent = new BlackHole(new InetSocketAddress(DEAD, port()))) {
            long start = System.nanoTime();
            assertNull(tunnel(new HostPort(NAME, silent.port())));
            assertTrue(System.nanoTime() - start >= Duration.ofMillis(250).toNanos());
            assertWithin(Duration.ofMillis(250), start);
        }
    }

    @Test
    @DisplayName("F53 syn-blackhole: the deadline names the socket")
    void blamesTheSocketWhenNoAddressAnswers() throws Exception {
        TestNames.on(bench.runtime, DEAD);
        try (BlackHole silent = new BlackHole(new InetSocketAddress(DEAD, 0))) {
            Duration budget = Duration.ofSeconds(1);
            long start = System.nanoTime();
            UpstreamException failure = failure(silent.port(), budget);
            assertEquals(FailureKind.TIMEOUT, failure.kind(), failure.getMessage());
            assertEquals("tcp", failure.stage());
            assertWithin(budget, start);
        }
    }

    @Test
    @DisplayName("F54 refused: the next address is tried at once")
    void passesByAnAddressThatRefuses() throws Exception {
        TestNames.on(bench.runtime, DEAD, LIVE);
        long start = System.nanoTime();
        assertNull(tunnel(new HostPort(NAME, port())));
        assertWithin(Duration.ZERO, start);
    }

    @Test
    @DisplayName("F54 refused: the only address")
    void saysThatTheProxyRefuses() throws Exception {
        TestNames.on(bench.runtime, DEAD);
        UpstreamException failure = failure(port(), HubAttempt.AMPLE);
        assertEquals(FailureKind.REFUSED, failure.kind(), failure.getMessage());
        assertEquals("tcp", failure.stage());
    }

    @ParameterizedTest(name = "F123 proxy-multi-a, silent: {0}")
    @ValueSource(booleans = {false, true})
    void takesTheOtherFamilyWhenIpv6IsDead(boolean silent) throws Exception {
        TestNames.on(bench.runtime, LIVE, "::1");
        long start = System.nanoTime();
        if (silent) {
            try (BlackHole six =
                    new BlackHole(new InetSocketAddress(NetUtil.createInetAddressFromIpAddressString("::1"), port()))) {
                assertNull(tunnel(new HostPort(NAME, six.port())));
                assertTrue(System.nanoTime() - start >= Duration.ofMillis(250).toNanos(), "IPv6 goes first");
            }
        } else {
            assertNull(tunnel(new HostPort(NAME, port())));
        }
        assertWithin(Duration.ofMillis(250), start);
    }

    @Test
    @DisplayName("F124 all-addresses-dead: each says why")
    void carriesWhatHappenedAtEachAddressOfTheProxy() throws Exception {
        TestNames.on(bench.runtime, "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5");
        UpstreamException failure = failure(port(), HubAttempt.AMPLE);
        assertEquals(FailureKind.REFUSED, failure.kind(), failure.getMessage());
        assertEquals(
                List.of("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"),
                Arrays.stream(failure.getSuppressed())
                        .map(each -> ((UpstreamException) each).hop().replaceFirst(".* at ", ""))
                        .toList());
    }

    @ParameterizedTest(name = "F122 proxy-name-unresolvable, {0}")
    @ValueSource(strings = {"Name or service not known", "Temporary failure in name resolution"})
    void saysThatTheNameOfTheProxyHasNoAddress(String why) throws Exception {
        TestNames.on(bench.runtime, host -> {
            throw new UnknownHostException(host + ": " + why);
        });
        UpstreamException failure = failure(port(), HubAttempt.AMPLE);
        assertEquals(FailureKind.DNS, failure.kind(), failure.getMessage());
        assertEquals("resolve", failure.stage());
    }

    /** Five seconds is what a name server may take; nobody else waits for it. */
    @Test
    @DisplayName("F122 proxy-name-unresolvable: name servers that do not answer hold up nobody else")
    void givesUpOnNameServersThatDoNotAnswer() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        TestNames.on(bench.runtime, host -> {
            try {
                over.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return new InetAddress[0];
        });
        try (ServerSocket unused = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            long start = System.nanoTime();
            ConnectAttempt hanging = HubAttempt.start(
                    bench.runtime,
                    HubAttempt.through(ProxyServer.http(new HostPort(NAME, unused.getLocalPort()))),
                    Trust.system(),
                    HubAttempt.AMPLE);
            assertNull(tunnel(proxy.address()), "the one event loop is free");
            UpstreamException failure = HubAttempt.failure(hanging);
            assertEquals(FailureKind.DNS, failure.kind(), failure.getMessage());
            assertWithin(Duration.ofSeconds(5), start);
        } finally {
            over.countDown();
        }
    }
}
