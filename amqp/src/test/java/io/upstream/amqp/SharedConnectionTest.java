// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Identities of one event loop on connections that come one after the other, each to a peer that does as it is told. */
class SharedConnectionTest {
    private static final Reconnect QUICK = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel own = EmbeddedChannel.builder().ticker(ticker).build();
    private final List<ScriptedPeer> peers = new ArrayList<>();
    private final Deque<ScriptedPeer> coming = new ArrayDeque<>();
    private final ConnectionTable table =
            new ConnectionTable((loop, login) -> coming.remove().dialled(), own::eventLoop, QUICK, 1_000);

    @AfterEach
    void close() {
        peers.forEach(ScriptedPeer::close);
        own.finishAndReleaseAll();
    }

    private ScriptedPeer next(ScriptedPeer peer) {
        peer.reconnect = QUICK;
        peers.add(peer);
        coming.add(peer);
        return peer;
    }

    private void exchange() {
        for (int turn = 0; turn < 20; turn++) {
            own.runPendingTasks();
            own.runScheduledPendingTasks();
            peers.forEach(ScriptedPeer::exchange);
        }
    }

    private void pass(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        exchange();
    }

    private List<UpstreamSession> open(ScriptedPeer peer, int count) {
        List<CompletableFuture<UpstreamSession>> opening = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            opening.add(peer.opening(table, own.eventLoop()));
        }
        exchange();
        return opening.stream().map(CompletableFuture::join).toList();
    }

    private static void assertPhase(Phase phase, List<UpstreamSession> sessions) {
        sessions.forEach(each -> assertEquals(
                phase, each.status().phase(), String.valueOf(each.status().cause())));
    }

    @Test
    void thoseForWhomAPeerHasNoRoomMoveToAnotherConnectionWhenTheyAreOpened() {
        ScriptedPeer first = next(ScriptedPeer.ofAtMost(2));
        ScriptedPeer second = next(ScriptedPeer.ofAtMost(2));
        ScriptedPeer third = next(ScriptedPeer.ofAtMost(2));
        assertPhase(Phase.CONNECTED, open(first, 5));
        assertEquals(
                List.of(2, 2, 1), peers.stream().map(each -> each.tokens.size()).toList());
        assertTrue(second.client.isOpen() && third.client.isOpen());
    }

    @Test
    void thoseForWhomTheNextPeerHasNoRoomMoveToAnotherConnectionWhenTheyComeBack() {
        ScriptedPeer first = next(new ScriptedPeer());
        ScriptedPeer second = next(ScriptedPeer.ofAtMost(2));
        ScriptedPeer third = next(new ScriptedPeer());
        List<UpstreamSession> sessions = open(first, 3);
        assertEquals(3, first.tokens.size());
        first.connection.close();
        exchange();
        assertPhase(Phase.RECONNECTING, sessions);
        pass(200);
        assertPhase(Phase.CONNECTED, sessions);
        assertEquals(2, second.tokens.size());
        assertEquals(1, third.tokens.size());
        sessions.forEach(each -> each.close(Duration.ZERO));
        exchange();
        assertFalse(second.client.isOpen() || third.client.isOpen(), "the last one to leave closes it");
    }

    @Test
    void noAttemptIsMadeWhileNobodyWaits() {
        ScriptedPeer first = next(new ScriptedPeer());
        ScriptedPeer second = next(new ScriptedPeer());
        List<UpstreamSession> sessions = open(first, 2);
        first.connection.close();
        exchange();
        sessions.forEach(each -> each.close(Duration.ofSeconds(10))); // nothing is unsent
        exchange();
        assertPhase(Phase.CLOSED, sessions);
        pass(10_000);
        assertEquals(List.of(second), List.copyOf(coming));
    }

    @Test
    void sessionsThatNeverReconnectMakeNoAttemptAndLaterOnesMakeOneEach() {
        ScriptedPeer first = next(new ScriptedPeer());
        ScriptedPeer second = next(new ScriptedPeer());
        peers.forEach(each -> each.reconnect = Reconnect.NEVER);
        ConnectionTable once =
                new ConnectionTable((loop, login) -> coming.remove().dialled(), own::eventLoop, Reconnect.NEVER, 1_000);
        List<CompletableFuture<UpstreamSession>> opening =
                List.of(first.opening(once, own.eventLoop()), first.opening(once, own.eventLoop()));
        exchange();
        List<UpstreamSession> sessions =
                opening.stream().map(CompletableFuture::join).toList();
        first.connection.close();
        exchange();
        assertPhase(Phase.CLOSED, sessions);
        pass(TimeUnit.HOURS.toMillis(1));
        assertEquals(List.of(second), List.copyOf(coming));
        CompletableFuture<UpstreamSession> later = second.opening(once, own.eventLoop());
        exchange();
        assertPhase(Phase.CONNECTED, List.of(later.join()));
    }
}
