// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static io.upstream.amqp.Lab.get;
import static io.upstream.amqp.Lab.number;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.proxy.Misbehaviour;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions that have no connection, or never had one, are closed. */
class ClosingAwayTest {
    private static final Duration SOON = Duration.ofSeconds(10);
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
        lab.proxy.misbehave();
        lab.closeTransports();
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void closeWhileAwayWaitsOnlyForWhatIsUnsent(UpstreamProtocol protocol) throws Exception {
        UpstreamTransport transport = lab.transport(protocol, QUICK);
        UpstreamSession empty = lab.open(transport, lab.device("empty"));
        UpstreamSession full = lab.open(transport, lab.device("full"));
        lab.keepAway(StatusLog.of(empty));
        long begun = System.nanoTime();
        get(empty.close(SOON));
        assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(2), "nothing to wait for");
        assertNull(empty.status().cause());
        CompletionStage<Void> unsent = full.send(number(0));
        begun = System.nanoTime();
        CompletionStage<Void> closed = full.close(Duration.ofMillis(700));
        assertEquals(FailureKind.CLOSED, failure(unsent).kind());
        get(closed);
        long took = System.nanoTime() - begun;
        assertTrue(took >= TimeUnit.MILLISECONDS.toNanos(700), "took " + took);
        assertEquals(Phase.CLOSED, full.status().phase());
        assertNull(full.status().cause());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void closeWhileAwayDeliversEverythingIfTheHubIsBackInTime(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("drain");
        UpstreamSession session = lab.open(lab.transport(protocol, QUICK), device);
        lab.keepAway(StatusLog.of(session));
        List<CompletionStage<Void>> sent = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            sent.add(session.send(number(i)));
        }
        CompletionStage<Void> closed = session.close(SOON);
        lab.letBack();
        for (CompletionStage<Void> each : sent) {
            get(each);
        }
        get(closed);
        assertEquals(
                IntStream.range(0, 200).mapToObj(Integer::toString).toList(),
                lab.hub.awaitTelemetry(device, 200, SOON).stream()
                        .map(record -> new String(record.message().body(), UTF_8))
                        .toList());
    }

    @Test
    void closingTheTransportWhileAwayClosesAllItsSessionsAndFailsWhatIsBeingOpened() throws Exception {
        UpstreamTransport transport = lab.transport(UpstreamProtocol.AMQP, QUICK);
        UpstreamSession session = lab.open(transport, lab.device("away"));
        lab.keepAway(StatusLog.of(session));
        lab.proxy.misbehave(new Misbehaviour.Silence());
        CompletionStage<UpstreamSession> opening = lab.opening(transport, lab.device("opening"));
        CompletionStage<Void> closed = transport.close(Duration.ofSeconds(1));
        assertEquals(FailureKind.CLOSED, failure(opening).kind());
        get(closed);
        assertEquals(Phase.CLOSED, session.status().phase());
        assertNull(session.status().cause());
        assertEquals(
                FailureKind.CLOSED,
                failure(lab.opening(transport, lab.device("late"))).kind());
    }

    @Test
    void aFirstOpenThatFindsNoHubFailsWithoutAnotherTryAndTheNextOneIsNotHeldUp() throws Exception {
        UpstreamTransport transport =
                lab.transport(UpstreamProtocol.AMQP, new Reconnect(Duration.ofSeconds(50), Duration.ofSeconds(60)));
        String device = lab.device("first");
        int before = lab.connections();
        lab.proxy.misbehave(new Misbehaviour.Refuse(503, null));
        assertEquals(
                FailureKind.PROXY_UNREACHABLE,
                failure(lab.opening(transport, device)).kind());
        assertEquals(1, lab.connections() - before);
        lab.letBack();
        get(lab.open(transport, device).send(number(0)));
        assertEquals(2, lab.connections() - before);
    }

    @Test
    void closingTheRuntimeEndsSessionsThatAreAway() throws Exception {
        UpstreamRuntime runtime = UpstreamRuntime.create();
        UpstreamTransport transport = UpstreamTransport.create(
                lab.options(UpstreamProtocol.AMQP)
                        .reconnect(new Reconnect(Duration.ofSeconds(50), Duration.ofSeconds(60)))
                        .build(),
                runtime);
        UpstreamSession session = lab.open(transport, lab.device("runtime"));
        StatusLog log = StatusLog.of(session);
        lab.proxy.cutAll();
        log.await(Phase.RECONNECTING);
        CompletionStage<Void> sent = session.send(number(0));
        runtime.close();
        assertEquals(FailureKind.CLOSED, failure(sent).kind());
        log.await(Phase.CLOSED);
        get(transport.close(SOON));
    }
}
