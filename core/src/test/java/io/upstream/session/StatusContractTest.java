// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SessionStatistics;
import io.upstream.SessionStatus;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** P39: status events are totally ordered, come exactly once, carry class and root cause, and CONNECTED means that the session is usable. */
class StatusContractTest {
    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private final ScriptedSite site = new ScriptedSite(runtime, ScriptedSite.QUICK);

    @AfterEach
    void close() {
        site.session.close(Duration.ZERO);
        site.turn();
        site.close();
        runtime.close();
    }

    private List<Phase> phases() {
        return site.told.stream().map(SessionStatus::phase).toList();
    }

    private SessionStatus last() {
        return site.told.get(site.told.size() - 1);
    }

    @Test
    void p39EachChangeIsToldOnceInOrderWithTheClassAndTheRootCause() {
        ScriptedLine line = site.up();
        site.loses(line);
        UpstreamException refused = ScriptedSite.failure(FailureKind.REFUSED);
        site.fails(refused);
        site.up();
        site.session.close(Duration.ZERO);
        site.turn();
        site.linesObey();

        assertEquals(
                List.of(
                        Phase.CONNECTING,
                        Phase.CONNECTED,
                        Phase.RECONNECTING,
                        Phase.RECONNECTING,
                        Phase.CONNECTED,
                        Phase.CLOSING,
                        Phase.CLOSED),
                phases());
        assertSame(site.lost, site.told.get(2).cause());
        assertSame(refused, site.told.get(3).cause());
        assertEquals(FailureKind.REFUSED, site.told.get(3).cause().kind());
    }

    @Test
    void p39TheFirstCauseOfTheEndWins() {
        try (ScriptedSite brief = new ScriptedSite(runtime, Reconnect.NEVER)) {
            brief.loses(brief.up());
            brief.session.close(Duration.ZERO);
            brief.turn();
            SessionStatus end = brief.told.get(brief.told.size() - 1);
            assertEquals(new SessionStatus(Phase.CLOSED, brief.lost), end);
            assertEquals(end, brief.session.status());
            assertEquals(3, brief.told.size(), "connecting, connected, closed: each once");
        }
    }

    @Test
    void p39ConnectedMeansThatTheSubscriptionsAreBack() {
        ScriptedLine line = site.up();
        site.session.onMessage(message -> null);
        site.session.onMethod(request -> null);
        site.turn();
        line.messages.get(0).complete(null);
        line.methods.get(0).complete(null);
        site.turn();
        site.loses(line);
        ScriptedLine next = site.up();

        assertEquals(Phase.RECONNECTING, site.session.status().phase());
        next.messages.get(0).complete(null);
        site.turn();
        assertEquals(Phase.RECONNECTING, site.session.status().phase());
        next.methods.get(0).complete(null);
        site.turn();
        assertEquals(Phase.CONNECTED, site.session.status().phase());
        assertEquals(2, site.session.statistics().connecting().connections());
    }

    @Test
    void p39ALineThatIsLostBeforeTheSubscriptionsAreBackWasNeverConnected() {
        ScriptedLine line = site.up();
        site.session.onMessage(message -> null);
        site.turn();
        line.messages.get(0).complete(null);
        site.turn();
        site.loses(line);
        ScriptedLine second = site.up();
        site.loses(second);
        ScriptedLine third = site.up();
        third.messages.get(0).complete(null);
        site.turn();

        assertEquals(
                List.of(Phase.CONNECTING, Phase.CONNECTED, Phase.RECONNECTING, Phase.RECONNECTING, Phase.CONNECTED),
                phases());
        SessionStatistics counted = site.session.statistics();
        assertEquals(2, counted.connecting().connections());
        assertEquals(3, counted.connecting().attempts());
    }

    @Test
    void whatIsSentFlowsBeforeTheSubscriptionsAreBack() {
        ScriptedLine line = site.up();
        site.session.onMessage(message -> null);
        site.turn();
        line.messages.get(0).complete(null);
        site.turn();
        site.loses(line);
        boolean[] pumped = {false};
        ScriptedLine next = new ScriptedLine();
        next.onPump = () -> pumped[0] = true;
        site.up(next);
        assertTrue(pumped[0]);
        assertEquals(Phase.RECONNECTING, site.session.status().phase());
    }

    @Test
    void aStatusTellsWhichAttemptComesNextAndAfterWhatPause() {
        ScriptedLine line = site.up();
        assertEquals(0, last().attempt());
        site.pause = Duration.ofMillis(70);
        site.loses(line);
        assertEquals(1, last().attempt());
        assertEquals(Duration.ofMillis(70), last().nextAttemptIn());
        site.pause = Duration.ofMillis(90);
        site.fails(ScriptedSite.failure(FailureKind.REFUSED));
        assertEquals(2, last().attempt());
        assertEquals(Duration.ofMillis(90), last().nextAttemptIn());
        assertEquals(4, site.told.size(), "each once");
        ScriptedLine next = site.up();
        assertEquals(new SessionStatus(Phase.CONNECTED, null), last());
        site.loses(next);
        assertEquals(1, last().attempt());
    }

    @Test
    void countsAttemptsLossesAndTheTimeWithoutAConnection() {
        ScriptedLine line = site.up();
        site.loses(line);
        site.fails(ScriptedSite.failure(FailureKind.DNS));
        site.up();
        SessionStatistics.Connecting counted = site.session.statistics().connecting();
        assertEquals(3, counted.attempts());
        assertEquals(1, counted.failedAttempts());
        assertEquals(2, counted.connections());
        assertEquals(1, counted.losses());
        assertEquals(FailureKind.DNS, counted.lastFailure());
        assertFalse(counted.disconnected().isZero());
        Duration before = counted.disconnected();
        assertEquals(
                before, site.session.statistics().connecting().disconnected(), "it does not grow while there is one");
    }
}
