// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Session;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One identity loses its links on a connection that lasts, and comes back on it: against a peer that does as it is told. */
class LineLossTest {
    private final ScriptedPeer peer = new ScriptedPeer();

    @BeforeEach
    void comesBack() {
        peer.reconnect = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));
    }

    @AfterEach
    void close() {
        peer.close();
    }

    private <T> CompletableFuture<T> asked(CompletionStage<T> stage) {
        peer.exchange();
        return stage.toCompletableFuture();
    }

    private void loseLink(String condition) {
        peer.detach(peer.telemetryLink(), condition);
        peer.exchange();
    }

    private void endSession() {
        Session session = peer.telemetryLink().getSession();
        session.setCondition(new ErrorCondition(Symbol.valueOf("amqp:internal-error"), "because"));
        session.close();
        peer.exchange();
    }

    /** P2, P4: what a lost link answers too late counts for nothing; all comes again, in order. */
    @Test
    void sendsAgainInOrderOnTheNextLinkWhatTheLostOneLeftUnanswered() {
        UpstreamSession session = peer.open();
        List<CompletableFuture<Void>> sent = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            sent.add(asked(session.send(Telemetry.of(new byte[] {(byte) i}))));
        }
        peer.settle(peer.telemetry.get(0), Accepted.getInstance());
        peer.exchange();
        Receiver lost = peer.telemetryLink();
        loseLink("amqp:link:detach-forced");
        assertEquals(Phase.RECONNECTING, session.status().phase());
        assertEquals(FailureKind.SERVER_ERROR, session.status().cause().kind());
        sent.add(asked(session.send(Telemetry.of(new byte[] {5}))));
        for (int i = 1; i < 5; i++) {
            peer.telemetry.get(i).disposition(Accepted.getInstance()); // too late
        }
        peer.exchange();
        assertEquals(1, sent.stream().filter(CompletableFuture::isDone).count());
        peer.pass(Duration.ofMillis(200));
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertNotSame(lost, peer.telemetryLink());
        assertEquals(2, peer.tokens.size(), "a token for each line");
        assertEquals(10, peer.telemetry.size());
        for (int i = 1; i <= 5; i++) {
            assertFalse(sent.get(i).isDone());
            byte[] bytes = peer.telemetryBytes.get(4 + i);
            assertEquals(i, bytes[bytes.length - 1]);
            peer.settle(peer.telemetry.get(4 + i), Accepted.getInstance());
        }
        peer.exchange();
        sent.forEach(CompletableFuture::join);
        assertTrue(peer.client.isOpen());
    }

    @Test
    void comesBackWhenTheHubEndsItsSession() {
        UpstreamSession session = peer.open();
        CompletableFuture<Void> sent = asked(session.send(Telemetry.json("{}")));
        endSession();
        assertEquals(Phase.RECONNECTING, session.status().phase());
        assertTrue(session.status().cause().getMessage().contains("because"));
        peer.pass(Duration.ofMillis(200));
        assertEquals(Phase.CONNECTED, session.status().phase());
        Delivery again = peer.telemetry.get(1);
        assertArrayEquals(peer.telemetryBytes.get(0), peer.telemetryBytes.get(1));
        peer.settle(again, Accepted.getInstance());
        peer.exchange();
        sent.join();
    }

    /** P17: refused at the link, by the token service, and not answered. */
    @Test
    void keepsTryingWhileTheHubRefuses() {
        UpstreamSession session = peer.open();
        peer.refusal = "amqp:internal-error";
        loseLink("amqp:internal-error");
        peer.pass(Duration.ofMillis(200));
        peer.refusal = null;
        peer.tokenStatus = 503;
        peer.pass(Duration.ofMillis(200));
        assertEquals("cbs", session.status().cause().stage());
        assertEquals(Phase.RECONNECTING, session.status().phase());
        peer.tokenStatus = 0;
        peer.pass(Duration.ofMillis(200));
        int asked = peer.tokens.size();
        peer.tokenStatus = 200;
        peer.passAlive(Duration.ofSeconds(30)); // the connect timeout of the silent attempt
        peer.pass(Duration.ofMillis(200));
        assertEquals(asked + 1, peer.tokens.size());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void whatWasAskedOfTheHubFailsAndWhatWasDeclaredIsDeclaredAgain() {
        UpstreamSession session = peer.open();
        CompletableFuture<Twin> twin = asked(session.twin());
        assertTrue(asked(session.onMethod(request -> MethodResponse.ok())).isDone());
        int links = peer.serviceLinks.size();
        loseLink("amqp:link:detach-forced");
        assertEquals(FailureKind.SERVER_ERROR, failure(twin).kind());
        CompletableFuture<Twin> later = asked(session.twin());
        assertFalse(later.isDone());
        peer.pass(Duration.ofMillis(200));
        assertEquals(links + 4, peer.serviceLinks.size());
        peer.pass(Duration.ofSeconds(21));
        assertEquals(FailureKind.TIMEOUT, failure(later).kind(), "it was asked, and the hub has not answered");
    }

    @Test
    void aRenewalThatIsUnderWayIsDroppedWithItsLine() {
        peer.credentials = SasKey.of("a2V5").lifetime(Duration.ofMinutes(60));
        peer.open();
        peer.tokenStatus = 0;
        peer.passAlive(Duration.ofMinutes(51));
        int asked = peer.tokens.size();
        assertTrue(asked > 1, "it is being renewed");
        peer.tokenStatus = 200;
        loseLink("amqp:unauthorized-access");
        peer.pass(Duration.ofMillis(500));
        assertEquals(asked + 1, peer.tokens.size());
        peer.passAlive(Duration.ofMinutes(40));
        assertEquals(asked + 1, peer.tokens.size());
    }

    /** P25: also where there is little time. */
    @Test
    void aShortTokenIsRenewedAtLeastThreeTimesBeforeItEnds() {
        peer.credentials = SasKey.of("a2V5").lifetime(Duration.ofSeconds(60));
        UpstreamSession session = peer.open();
        peer.tokenStatus = 0;
        for (int half = 0; half < 118; half++) {
            peer.pass(Duration.ofMillis(500));
        }
        int tries = peer.tokens.size() - 1;
        assertTrue(tries >= 3, "tried " + tries + " times");
        assertEquals(Phase.CONNECTED, session.status().phase());
    }
}
