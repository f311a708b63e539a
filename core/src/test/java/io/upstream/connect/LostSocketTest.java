// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.upstream.HostPort;
import io.upstream.Polling;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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

/** Sockets that their peers leave in every rude way: noticed, without an event loop that spins (CVE-2026-42577) or a thread that stays. */
@ParameterizedClass
@EnumSource(
        value = Polling.class,
        names = {"EPOLL", "IO_URING", "NIO"})
class LostSocketTest {
    private static final Duration AMPLE = Duration.ofSeconds(20);
    private static final int TIMES = 60;

    @Parameter
    Polling polling;

    private UpstreamRuntime runtime;
    private ServerSocket server;
    private HostPort hub;

    @BeforeEach
    void listen() throws IOException {
        runtime = UpstreamRuntime.builder().polling(polling).threads(1).build();
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        hub = new HostPort("127.0.0.1", server.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        runtime.close();
    }

    private CompletionStage<Channel> connect(ConnectStage... stages) {
        ConnectPlan plan = ConnectPlan.to(hub);
        for (ConnectStage stage : stages) {
            plan = plan.then(stage);
        }
        ConnectPlan whole = plan;
        return ConnectAttempt.start(runtime, AMPLE, () -> whole).outcome();
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(AMPLE.toSeconds(), TimeUnit.SECONDS);
    }

    private static void reset(Socket peer) throws IOException {
        peer.setSoLinger(true, 0);
        peer.close();
    }

    @Test
    void isClosedSoonWhenItsPeerEndsItsHalfAndThenResets() throws Exception {
        CompletionStage<Channel> opening = connect();
        Socket peer = server.accept();
        Channel channel = get(opening);
        peer.shutdownOutput();
        reset(peer);
        assertTrue(channel.closeFuture().await(5, TimeUnit.SECONDS));
    }

    /** As while the application is behind with its messages: nothing is read, so the end is found out by the next write. */
    @Test
    void neitherSpinsNorOutlivesItsNextWriteWhileNothingIsRead() throws Exception {
        CompletionStage<Channel> opening = connect();
        Socket peer = server.accept();
        Channel channel = get(opening);
        channel.config().setAutoRead(false);
        channel.eventLoop().submit(() -> {}).sync();
        peer.shutdownOutput();
        reset(peer);
        assertIdle(channel);

        ChannelFuture write = channel.writeAndFlush(Unpooled.directBuffer(1).writeByte(0));
        assertTrue(write.await(AMPLE.toSeconds(), TimeUnit.SECONDS));
        assertTrue(channel.closeFuture().await(5, TimeUnit.SECONDS));
    }

    /** Of half a second, the event loop works for a fraction. */
    private static void assertIdle(Channel channel) throws Exception {
        long thread =
                get(CompletableFuture.supplyAsync(() -> Thread.currentThread().getId(), channel.eventLoop()));
        long before = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread);
        channel.eventLoop().schedule(() -> {}, 500, TimeUnit.MILLISECONDS).sync();
        long worked = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread) - before;
        assertTrue(worked < Duration.ofMillis(100).toNanos(), "it worked for " + worked + " ns");
    }

    @Test
    void failsEachAttemptWhoseSocketIsResetAsSoonAsItIsThere() throws Exception {
        for (int i = 0; i < TIMES; i++) {
            CompletionStage<Channel> opening = connect(new LetterStage("first", 'a'));
            reset(server.accept());
            ExecutionException failure = assertThrows(ExecutionException.class, () -> get(opening));
            assertTrue(((UpstreamException) failure.getCause()).isTransient(), failure.toString());
        }
    }

    @Test
    void makesNoThreadForAttemptsThatFail() throws Exception {
        server.close();
        refusedOften(30);
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        refusedOften(TIMES);
        Set<Thread> made = new HashSet<>(Thread.getAllStackTraces().keySet());
        made.removeAll(before);
        made.removeIf(thread -> !thread.getName().startsWith("upstream"));
        assertEquals(Set.of(), made);
    }

    private void refusedOften(int times) {
        List<CompletionStage<Channel>> all = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            all.add(connect());
        }
        for (CompletionStage<Channel> each : all) {
            assertThrows(ExecutionException.class, () -> get(each));
        }
    }
}
