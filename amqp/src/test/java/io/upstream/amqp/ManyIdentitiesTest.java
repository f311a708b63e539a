// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Reconnect;
import io.upstream.Telemetry;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.proxy.ConnectProxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Many identities lose the connection that they share, and come back together. */
class ManyIdentitiesTest {
    private static final Reconnect QUICK = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));
    private static Lab lab;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        lab = new Lab(directory);
    }

    @AfterAll
    static void stop() {
        lab.close();
    }

    @AfterEach
    void closeTransports() {
        lab.closeTransports();
    }

    private static List<UpstreamSession> open(UpstreamTransport transport, int count) throws Exception {
        List<CompletionStage<UpstreamSession>> opening = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            opening.add(lab.opening(transport, lab.device("many")));
        }
        List<UpstreamSession> sessions = new ArrayList<>();
        for (CompletionStage<UpstreamSession> each : opening) {
            sessions.add(get(each));
        }
        return sessions;
    }

    private static void sendOneEach(List<UpstreamSession> sessions) throws Exception {
        List<CompletionStage<Void>> sent =
                sessions.stream().map(each -> each.send(Telemetry.json("{}"))).toList();
        for (CompletionStage<Void> each : sent) {
            get(each);
        }
    }

    @ParameterizedTest
    @CsvSource({"AMQP, 1000", "AMQP_WS, 500"})
    void allThatFitOnOneConnectionComeBackOnOne(UpstreamProtocol protocol, int count) throws Exception {
        int before = lab.connections();
        List<UpstreamSession> sessions = open(lab.transport(protocol, QUICK), count);
        List<StatusLog> logs = sessions.stream().map(StatusLog::of).toList();
        assertEquals(1, lab.connections() - before);
        lab.proxy.cutAll();
        for (StatusLog log : logs) {
            log.awaitReturns(1);
        }
        sendOneEach(sessions);
        assertEquals(2, lab.connections() - before);
    }

    /** P18, P21, P23: however many wait, there is one attempt at a time, a pause after each, and the proxy is chosen anew. */
    @Test
    void fiftyIdentitiesMakeOneAttemptAfterEachPauseWhileNobodyListens() throws Exception {
        ConnectProxy proxy = ConnectProxy.builder().start();
        int port = proxy.address().getPort();
        ProxyServer through = ProxyServer.http(new HostPort("127.0.0.1", port));
        AtomicInteger attempts = new AtomicInteger();
        UpstreamTransport transport = lab.keep(UpstreamTransport.create(
                lab.options(UpstreamProtocol.AMQP)
                        .proxy(target -> {
                            attempts.incrementAndGet();
                            return List.of(through);
                        })
                        .reconnect(QUICK)
                        .build(),
                lab.runtime));
        List<UpstreamSession> sessions = open(transport, 50);
        List<StatusLog> logs = sessions.stream().map(StatusLog::of).toList();
        assertEquals(1, attempts.get());
        long begun = System.nanoTime();
        proxy.close();
        logs.get(0).awaitFailures(FailureKind.REFUSED, 5);
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        int failed = logs.get(0).failures(FailureKind.REFUSED);
        assertTrue(failed <= took / 100, failed + " attempts in " + took + " ms");
        try (ConnectProxy again = ConnectProxy.builder().port(port).start()) {
            for (StatusLog log : logs) {
                log.awaitReturns(1);
            }
            for (StatusLog log : logs) {
                assertEquals(attempts.get() - 2, log.failures(FailureKind.REFUSED));
            }
            sendOneEach(sessions);
            assertEquals(1, again.accessLog().size());
            lab.closeTransports();
        }
    }
}
