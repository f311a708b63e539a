// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslProvider;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamRuntime;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IdleMemoryTest {
    private static final int CONNECTIONS = 64;
    private static final int AT_ONCE = 8;

    /** Kept for resumption, whatever the number of connections: they are all there before the first look at the heap. */
    private static final int SESSIONS = 16;

    @ParameterizedTest(name = "{0}: {1} bytes")
    @CsvSource({"OPENSSL, 5000", "JDK, 10500"})
    void holdsLittleForAnIdleConnection(SslProvider provider, int bound, @TempDir Path directory) throws Exception {
        Path roots = directory.resolve("roots.pem");
        try (IdleTlsServer server = IdleTlsServer.start(roots);
                UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build()) {
            TlsContexts contexts =
                    new TlsContexts(Trust.systemAnd(roots), new SystemRoots(), provider, System::nanoTime);
            contexts.current().sessionContext().setSessionCacheSize(SESSIONS);
            HostPort hub = new HostPort("localhost", server.port());
            List<Channel> open = new ArrayList<>();
            open(runtime, contexts, hub, open);
            long before = used();
            int threads = Thread.activeCount();

            open(runtime, contexts, hub, open);
            long each = (used() - before) / CONNECTIONS;

            assertTrue(each <= bound, each + " bytes for each connection");
            int more = Thread.activeCount() - threads; // a pool's thread may have come or gone meanwhile
            assertTrue(more < AT_ONCE, more + " more threads for " + CONNECTIONS + " connections");
            assertEquals(
                    2 * CONNECTIONS, open.stream().filter(Channel::isActive).count());
            for (Channel channel : open) {
                channel.close().sync();
            }
        }
    }

    private static void open(UpstreamRuntime runtime, TlsContexts contexts, HostPort hub, List<Channel> into)
            throws Exception {
        for (int i = 0; i < CONNECTIONS; i += AT_ONCE) {
            List<CompletableFuture<Channel>> attempts = new ArrayList<>();
            for (int k = 0; k < AT_ONCE; k++) {
                attempts.add(ConnectAttempt.start(
                                runtime,
                                Duration.ofSeconds(20),
                                () -> ConnectPlan.to(hub)
                                        .then(TlsStage.toTarget(
                                                contexts.current(), hub, runtime.blocking(), Route.DIRECT, false))
                                        .then(new FirstByte()))
                        .outcome()
                        .toCompletableFuture());
            }
            for (CompletableFuture<Channel> attempt : attempts) {
                into.add(attempt.get(20, TimeUnit.SECONDS));
            }
        }
    }

    /** The least of a few looks: what else happens in this JVM only adds. */
    private static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(
                    least,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }
}
