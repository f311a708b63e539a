// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.util.NetUtil;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Polling;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.testing.BlackHole;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Attempts at a name with several addresses, over real sockets on addresses of loopback. */
@ParameterizedClass
@EnumSource(
        value = Polling.class,
        names = {"EPOLL", "IO_URING", "NIO"})
class LoopbackRaceTest {
    private static final Duration AMPLE = Duration.ofSeconds(20);

    @Parameter
    Polling polling;

    private final List<AutoCloseable> open = new ArrayList<>();
    private UpstreamRuntime runtime;

    @BeforeEach
    void create() {
        runtime = UpstreamRuntime.builder().polling(polling).threads(1).build();
        open.add(runtime);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : open) {
            resource.close();
        }
    }

    private ServerSocket listen(String address, int port) throws IOException {
        ServerSocket server = new ServerSocket(port, 10, InetAddress.getByName(address));
        open.add(server);
        return server;
    }

    private ConnectAttempt attempt(int port, ConnectStage stage, String... addresses) {
        runtime.shared(
                NameLookup.class,
                () -> new NameLookup(
                        Runnable::run,
                        host -> Arrays.stream(addresses)
                                .map(LoopbackRaceTest::address)
                                .toArray(InetAddress[]::new)));
        HostPort hub = new HostPort("race.test", port);
        return ConnectAttempt.start(runtime, AMPLE, () -> ConnectPlan.to(hub).then(stage));
    }

    private static InetAddress address(String literal) {
        return NetUtil.createInetAddressFromIpAddressString(literal);
    }

    private static String reached(ConnectAttempt attempt) throws Exception {
        Channel channel = attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS);
        String address =
                ((InetSocketAddress) channel.remoteAddress()).getAddress().getHostAddress();
        channel.close().sync();
        return address;
    }

    /** Well within the 10 s that the first address alone may take. */
    @Test
    void anAddressThatAnswersNothingCostsOneDelay() throws Exception {
        ServerSocket live = listen("127.0.0.3", 0);
        open.add(new BlackHole(new InetSocketAddress("127.0.0.2", live.getLocalPort())));
        long start = System.nanoTime();
        ConnectAttempt attempt = attempt(live.getLocalPort(), new LetterStage("a", 'a'), "127.0.0.2", "127.0.0.3");
        try (Socket peer = live.accept()) {
            peer.getOutputStream().write('a');
            assertEquals("127.0.0.3", reached(attempt));
        }
        assertTrue(Duration.ofNanos(System.nanoTime() - start).compareTo(Duration.ofSeconds(8)) < 0);
    }

    @Test
    void anAddressThatRefusesCostsNothing() throws Exception {
        ServerSocket live = listen("127.0.0.3", 0);
        ConnectAttempt attempt = attempt(live.getLocalPort(), new LetterStage("a", 'a'), "127.0.0.2", "127.0.0.3");
        try (Socket peer = live.accept()) {
            peer.getOutputStream().write('a');
            assertEquals("127.0.0.3", reached(attempt));
        }
    }

    @Test
    void carriesWhatHappenedAtEachAddress() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        ConnectAttempt attempt =
                attempt(port, new LetterStage("a", 'a'), "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5");
        UpstreamException failure = (UpstreamException) assertThrows(
                        ExecutionException.class,
                        () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS))
                .getCause();

        assertEquals(FailureKind.REFUSED, failure.kind());
        assertEquals("tcp", failure.stage());
        List<String> causes = Arrays.stream(failure.getSuppressed())
                .map(Throwable::getMessage)
                .toList();
        assertEquals(4, causes.size());
        for (int i = 0; i < 4; i++) {
            assertTrue(causes.get(i).contains("127.0.0." + (i + 2)), causes.toString());
        }
    }

    @Test
    void beginsWithIpv6AndRemembersThatItDidNotWork() throws Exception {
        ServerSocket four = listen("127.0.0.1", 0);
        ServerSocket six = listen("::1", four.getLocalPort());
        ConnectAttempt first = attempt(four.getLocalPort(), new LetterStage("a", 'a'), "127.0.0.1", "::1");
        try (Socket peer = six.accept()) {
            peer.getOutputStream().write('a');
            assertEquals("0:0:0:0:0:0:0:1", reached(first));
        }
        six.close();
        ConnectAttempt second = attempt(four.getLocalPort(), new LetterStage("a", 'a'), "127.0.0.1", "::1");
        try (Socket peer = four.accept()) {
            peer.getOutputStream().write('a');
            assertEquals("127.0.0.1", reached(second));
        }
        ServerSocket back = listen("::1", four.getLocalPort());
        ConnectAttempt third = attempt(four.getLocalPort(), new LetterStage("a", 'a'), "127.0.0.1", "::1");
        try (Socket peer = four.accept()) {
            peer.getOutputStream().write('a');
            assertEquals("127.0.0.1", reached(third));
        }
        back.close();
    }

    /** A stage that asks once more for the same machine. */
    @Test
    void aFurtherConnectionGoesToTheMachineThatWasReached() throws Exception {
        ServerSocket first = listen("127.0.0.2", 0);
        ServerSocket other = listen("127.0.0.3", first.getLocalPort());
        first.close();
        List<String> seen = new ArrayList<>();
        ConnectStage twice = new ConnectStage() {
            @Override
            public String name() {
                return "twice";
            }

            @Override
            public CompletionStage<Void> establish(Channel channel, UpstreamException.Where where) {
                seen.add(((InetSocketAddress) channel.remoteAddress())
                        .getAddress()
                        .getHostAddress());
                return seen.size() == 2 ? CompletableFuture.completedFuture(null) : reopenFirst(where);
            }

            private CompletionStage<Void> reopenFirst(UpstreamException.Where where) {
                try {
                    listen("127.0.0.2", other.getLocalPort());
                } catch (IOException e) {
                    return CompletableFuture.failedFuture(e);
                }
                return CompletableFuture.failedFuture(
                        new FreshConnection(UpstreamException.of(FailureKind.PROTOCOL, where, "no more")));
            }
        };
        ConnectAttempt attempt = attempt(other.getLocalPort(), twice, "127.0.0.2", "127.0.0.3");
        assertEquals("127.0.0.3", reached(attempt));
        assertEquals(List.of("127.0.0.3", "127.0.0.3"), seen);
    }
}
