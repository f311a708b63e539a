// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.BackpressureException;
import io.upstream.Gap;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What an embedder is told of its network, and what it can tell. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class NetworkContractTest extends SessionContract {
    private static final Reconnect SELDOM = new Reconnect(Duration.ofHours(24), Duration.ofHours(24));
    private static final Reconnect SOON_AGAIN = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    private final BlockingQueue<SessionStatus> told = new LinkedBlockingQueue<>();
    private final BlockingQueue<Gap> gaps = new LinkedBlockingQueue<>();

    @Test
    void theHubGivesASignOfLifeWhenItIsAsked() throws Exception {
        UpstreamSession session = open();
        for (int i = 0; i < 3; i++) {
            Duration took = get(session.probe());
            assertTrue(took.compareTo(Duration.ofSeconds(10)) < 0, "an answer, and no keep-alive: " + took);
        }
    }

    @Test
    void aPauseEndsWhenTheNetworkChanges() throws Exception {
        UpstreamTransport transport = transport(options -> options.reconnect(SELDOM), site.runtime);
        UpstreamSession session = open(transport, subject);
        session.onStatus(told::add);
        assertEquals(Phase.CONNECTED, next(told).phase());
        subject.closeConnections();
        assertEquals(Phase.RECONNECTING, next(told).phase());
        transport.networkChanged();
        assertEquals(Phase.CONNECTED, next(told).phase());
        get(session.send(Telemetry.json("1")));
        transport.networkChanged(); // the connection is there, and stays
        get(session.probe());
        assertAlive(session);
        assertTrue(told.isEmpty());
    }

    @Test
    void aGapIsToldWhenMethodsComeAgain() throws Exception {
        UpstreamSession session = open(options -> options.reconnect(SOON_AGAIN));
        session.onGap(gaps::add);
        get(session.onMethod(request -> MethodResponse.ok("{}")));
        assertTrue(gaps.isEmpty());
        subject.closeConnections();
        Gap gap = next(gaps);
        assertNotNull(gap.cause());
        assertTrue(gap.cause().isTransient());
        assertEquals(200, get(subject.call("m", "{}")).status(), "at once, and without a second try");
        assertTrue(gaps.isEmpty(), "once");
    }

    @Test
    void whoWaitsForPermitsIsNeverTurnedAway() throws Exception {
        UpstreamSession session = open(options -> options.outbox(5, 1_000));
        List<CompletionStage<Void>> sent = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 200; i++) {
            get(session.permit());
            sent.add(session.send(Telemetry.json("" + i)));
        }
        for (CompletionStage<Void> each : sent) {
            get(each);
        }
        for (int i = 0; i < 50; i++) {
            sent.add(session.send(Telemetry.json("" + i)));
        }
        for (CompletionStage<Void> each : sent.subList(200, 250)) {
            if (each.toCompletableFuture().isCompletedExceptionally()) {
                assertInstanceOf(BackpressureException.class, failure(each));
                refused++;
            }
        }
        assertTrue(refused > 0, "the bound is there");
    }
}
