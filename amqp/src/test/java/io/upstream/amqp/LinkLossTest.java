// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The hub closes the one link for cloud-to-device messages, and nothing else. */
class LinkLossTest {
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(200);

    private final ScriptedPeer peer = new ScriptedPeer();
    private final Deque<Runnable> later = new ArrayDeque<>();
    private final List<String> came = new ArrayList<>();
    private final List<CompletableFuture<Settlement>> decisions = new ArrayList<>();

    @BeforeEach
    void comesBack() {
        peer.reconnect = new Reconnect(Duration.ofMillis(20), LONGEST_PAUSE);
    }

    @AfterEach
    void close() {
        peer.close();
    }

    private UpstreamSession subscribed() {
        UpstreamSession session = peer.open();
        CompletionStage<Void> subscribed = session.onMessage(MessageHandler.completing(this::note));
        peer.exchange();
        assertTrue(subscribed.toCompletableFuture().isDone());
        return session;
    }

    private void note(CloudMessage message) {
        came.add(UTF_8.decode(message.payload()).toString());
    }

    private CompletionStage<Settlement> decideLater(CloudMessage message) {
        note(message);
        CompletableFuture<Settlement> decision = new CompletableFuture<>();
        decisions.add(decision);
        return decision;
    }

    private Sender cloudLink() {
        return peer.cloudLinks.get(peer.cloudLinks.size() - 1);
    }

    private void deliver(String text) {
        Message message = Proton.message();
        message.setBody(new Data(new Binary(text.getBytes(UTF_8))));
        peer.send(cloudLink(), message);
        peer.exchange();
    }

    private void loseLink(String condition) {
        peer.detach(cloudLink(), condition);
        peer.exchange();
    }

    private void becomeStuck() {
        peer.callbacks = later::add;
    }

    private void goOn() {
        peer.callbacks = Runnable::run;
        while (!later.isEmpty()) {
            later.remove().run();
        }
        peer.exchange();
    }

    /** P5: no connection was lost, so nothing is sent twice. */
    @ParameterizedTest
    @ValueSource(strings = {"amqp:link:detach-forced", "amqp:internal-error", "com.microsoft:timeout"})
    void thatLinkAloneIsAttachedAgain(String condition) {
        UpstreamSession session = subscribed();
        CompletableFuture<Void> sent = session.send(Telemetry.json("{}")).toCompletableFuture();
        peer.exchange();
        loseLink(condition);
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertEquals(1, peer.cloudLinks.size(), "not at once");
        peer.pass(LONGEST_PAUSE);
        assertEquals(2, peer.cloudLinks.size());
        assertEquals(1, peer.telemetry.size(), "it was not sent again");
        assertEquals(1, peer.tokens.size());
        deliver("again");
        assertEquals(List.of("again"), came);
        assertTrue(cloudLink().head().remotelySettled());
        peer.settle(peer.telemetry.get(0), Accepted.getInstance());
        peer.exchange();
        assertNull(sent.join());
        peer.passAlive(Duration.ofMinutes(5));
        assertEquals(2, peer.cloudLinks.size());
    }

    @Test
    void isTriedAgainWithPausesAndGivesTheLineUpInTheEnd() {
        UpstreamSession session = subscribed();
        peer.cloudRefusal = "amqp:internal-error";
        loseLink("amqp:internal-error");
        int pauses = 0;
        while (session.status().phase() == Phase.CONNECTED && pauses++ < 100) {
            int before = peer.cloudRefusals;
            peer.pass(LONGEST_PAUSE);
            assertTrue(peer.cloudRefusals <= before + 1, "one attempt at a time");
        }
        assertEquals(10, peer.cloudRefusals);
        assertEquals(FailureKind.SERVER_ERROR, cause(session).kind());
        assertTrue(peer.client.isOpen(), "siblings are left alone");
        peer.pass(LONGEST_PAUSE);
        assertEquals(Phase.RECONNECTING, session.status().phase(), "on another line, and not yet of full use");
        peer.cloudRefusal = null;
        peer.pass(LONGEST_PAUSE);
        assertEquals(Phase.CONNECTED, session.status().phase());
        deliver("in the end");
        assertEquals(List.of("in the end"), came);
    }

    @Test
    void aRefusalThatWillNotPassGivesTheLineUpAtOnce() {
        UpstreamSession session = subscribed();
        peer.cloudRefusal = "amqp:unauthorized-access";
        loseLink("amqp:link:detach-forced");
        peer.pass(LONGEST_PAUSE);
        assertEquals(1, peer.cloudRefusals);
        assertEquals(Phase.RECONNECTING, session.status().phase());
        assertEquals(FailureKind.UNAUTHORIZED, cause(session).kind());
        assertTrue(session.status().attempt() > 0);
        assertFalse(session.status().nextAttemptIn().isZero());
        peer.cloudRefusal = null;
        peer.pass(LONGEST_PAUSE);
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertEquals(2, peer.tokens.size(), "a token for the next line");
    }

    private static UpstreamException cause(UpstreamSession session) {
        UpstreamException cause = session.status().cause();
        assertNotNull(cause);
        return cause;
    }

    @Test
    void oneThatTheHubDoesNotAnswerIsGivenUpByItsDeadlineAndTriedAgain() {
        UpstreamSession session = subscribed();
        peer.attachesCloud = false;
        loseLink("amqp:internal-error");
        peer.pass(LONGEST_PAUSE);
        peer.attachesCloud = true;
        peer.pass(Duration.ofSeconds(20));
        peer.pass(LONGEST_PAUSE);
        deliver("again");
        assertEquals(List.of("again"), came);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    /** P7: the hub delivers again what was not settled, and that is the one copy that the application gets. */
    @Test
    void aMessageThatWaitedForTheApplicationIsHandedOverOnce() {
        subscribed();
        becomeStuck();
        deliver("m");
        loseLink("amqp:link:detach-forced");
        peer.pass(LONGEST_PAUSE);
        deliver("m");
        goOn();
        assertEquals(List.of("m"), came);
        assertTrue(cloudLink().head().remotelySettled());
    }

    @Test
    void aMessageThatWaitedForTheApplicationWhenItsLineWasLostIsHandedOverOnce() {
        subscribed();
        becomeStuck();
        deliver("m");
        peer.detach(peer.telemetryLink(), "amqp:internal-error");
        peer.exchange();
        peer.pass(LONGEST_PAUSE);
        goOn();
        deliver("m");
        assertEquals(List.of("m"), came);
        assertEquals(2, peer.cloudLinks.size());
        assertTrue(cloudLink().head().remotelySettled());
    }

    /** P7: a delivery's id means another one on the next link. */
    @Test
    void aDecisionThatComesAfterTheLossSettlesNothingOnTheNextLink() {
        UpstreamSession session = peer.open();
        session.onMessage(this::decideLater);
        peer.exchange();
        deliver("first");
        deliver("second");
        loseLink("amqp:link:detach-forced");
        peer.pass(LONGEST_PAUSE);
        deliver("first");
        decisions.get(0).complete(Settlement.REJECT);
        decisions.get(1).complete(Settlement.COMPLETE);
        peer.exchange();
        assertFalse(cloudLink().head().remotelySettled());
        assertNull(cloudLink().head().getRemoteState());
        decisions.get(2).complete(Settlement.COMPLETE);
        peer.exchange();
        assertEquals(Accepted.getInstance(), cloudLink().head().getRemoteState());
    }

    @Test
    void theNextLinkIsGivenCreditAsIfNothingWereUnsettled() {
        UpstreamSession session = peer.open();
        session.onMessage(this::decideLater);
        peer.exchange();
        int credit = cloudLink().getCredit();
        for (int i = 0; i < CloudLink.MAX_MESSAGES / 2; i++) {
            deliver("m" + i);
        }
        loseLink("amqp:link:detach-forced");
        peer.pass(LONGEST_PAUSE);
        assertEquals(credit, cloudLink().getCredit());
    }
}
