// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.upstream.CloudMessage;
import io.upstream.FailureKind;
import io.upstream.MessageException;
import io.upstream.MessageHandler;
import io.upstream.Phase;
import io.upstream.SasKey;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.Modified;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.messaging.Released;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One session against a peer that does as it is told. */
class AmqpSessionTest {
    private final ScriptedPeer peer = new ScriptedPeer();

    @AfterEach
    void close() {
        peer.close();
    }

    private CompletionStage<Void> send(UpstreamSession session) {
        CompletionStage<Void> sent = session.send(Telemetry.json("{}"));
        peer.exchange();
        return sent;
    }

    private static boolean isDone(CompletionStage<?> stage) {
        return stage.toCompletableFuture().isDone();
    }

    @ParameterizedTest
    @CsvSource({
        "amqp:unauthorized-access, UNAUTHORIZED",
        "amqp:not-found, NOT_FOUND",
        "amqp:resource-limit-exceeded, QUOTA",
        "amqp:internal-error, SERVER_ERROR",
        "com.microsoft:device-container-throttled, THROTTLED",
        "com.example:new, SERVER_ERROR",
    })
    void recognisesARefusedLink(String condition, FailureKind kind) {
        peer.refusal = condition;
        UpstreamException error = failure(peer.opening());
        assertEquals(kind, error.kind());
        assertEquals("attach", error.stage());
        assertTrue(error.getMessage().contains(condition), error.getMessage());
        assertTrue(peer.client.isOpen(), "siblings are left alone");
    }

    @ParameterizedTest
    @CsvSource({"401, UNAUTHORIZED", "404, NOT_FOUND", "429, THROTTLED", "503, SERVER_ERROR"})
    void readsTheAnswerToTheToken(int status, FailureKind kind) {
        peer.tokenStatus = status;
        UpstreamException error = failure(peer.opening());
        assertEquals(kind, error.kind());
        assertEquals("cbs", error.stage());
        assertTrue(error.getMessage().contains("as told"), error.getMessage());
        assertFalse(error.getMessage().contains("sig="), "no secret in it");
        assertTrue(peer.client.isOpen(), "siblings are left alone");
    }

    @ParameterizedTest
    @CsvSource({"200", "202", "204", "299"})
    void takesEverySuccess(int status) {
        peer.tokenStatus = status;
        assertEquals(Phase.CONNECTED, peer.open().status().phase());
    }

    @Test
    void readsTheStatusInItsOtherSpelling() {
        peer.tokenStatus = 0;
        CompletableFuture<UpstreamSession> opening = peer.opening();
        peer.reply(peer.tokens.get(0).getMessageId(), Map.of("statusCode", 404, "statusDescription", "no"));
        peer.exchange();
        assertEquals(FailureKind.NOT_FOUND, failure(opening).kind());
    }

    @Test
    void aReplyToNobodyChangesNothing() {
        peer.tokenStatus = 0;
        CompletableFuture<UpstreamSession> opening = peer.opening();
        peer.reply("somebody else", Map.of("status-code", 401));
        peer.exchange();
        assertFalse(opening.isDone());
        peer.answer(peer.tokens.get(0), 200);
        peer.answer(peer.tokens.get(0), 401); // too late
        peer.exchange();
        assertEquals(Phase.CONNECTED, opening.join().status().phase());
    }

    @Test
    void namesTheStageThatGotNoAnswer() {
        peer.tokenStatus = 0;
        CompletableFuture<UpstreamSession> opening = peer.opening();
        peer.pass(Duration.ofMillis(19_999));
        assertFalse(opening.isDone());
        peer.pass(Duration.ofMillis(1));
        UpstreamException error = failure(opening);
        assertEquals(FailureKind.TIMEOUT, error.kind());
        assertEquals("cbs", error.stage());
    }

    @Test
    void aTokenServiceThatStaysSilentEndsEachAttemptByItsDeadlineAndTheNextOneAsksItAnew() {
        peer.attachesTokens = false;
        CompletableFuture<UpstreamSession> first = peer.opening();
        peer.pass(Duration.ofMillis(19_999));
        assertFalse(first.isDone());
        peer.pass(Duration.ofMillis(1));
        UpstreamException error = failure(first);
        assertEquals(FailureKind.TIMEOUT, error.kind());
        assertEquals("cbs", error.stage());
        assertEquals(List.of(), peer.tokens);
        peer.attachesTokens = true;
        assertEquals(Phase.CONNECTED, peer.open().status().phase());
    }

    @Test
    void keepsThirtyTokensUnderWayAtMost() {
        peer.tokenStatus = 0;
        List<CompletableFuture<UpstreamSession>> opening =
                IntStream.range(0, 100).mapToObj(i -> peer.opening()).toList();
        assertEquals(CbsClient.MAX_IN_FLIGHT, peer.tokens.size());
        for (int answered = 0; answered < 100; answered++) {
            assertTrue(peer.tokens.size() - answered <= CbsClient.MAX_IN_FLIGHT);
            peer.answer(peer.tokens.get(answered), 200);
            peer.exchange();
        }
        assertTrue(opening.stream().allMatch(each -> each.isDone() && !each.isCompletedExceptionally()));
    }

    /** P16: credit that comes is used. */
    @Test
    void waitsForCredit() {
        peer.credit = 2;
        UpstreamSession session = peer.open();
        List<CompletionStage<Void>> sent =
                IntStream.range(0, 5).mapToObj(i -> send(session)).toList();
        assertEquals(2, peer.telemetry.size());
        List<Delivery> came = new ArrayList<>(peer.telemetry);
        came.forEach(each -> peer.settle(each, Accepted.getInstance()));
        peer.exchange();
        assertTrue(isDone(sent.get(0)) && isDone(sent.get(1)) && !isDone(sent.get(2)));
        assertEquals(2, peer.telemetry.size());
        peer.telemetryLink().flow(3);
        peer.exchange();
        assertEquals(5, peer.telemetry.size());
    }

    @Test
    void failsWhatGetsNoCreditByItsDeadline() {
        peer.credit = 0;
        UpstreamSession session = peer.open();
        CompletionStage<Void> sent = send(session);
        peer.pass(Duration.ofMillis(19_999));
        assertFalse(isDone(sent));
        peer.pass(Duration.ofMillis(1));
        assertEquals(FailureKind.TIMEOUT, failure(sent).kind());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    /** P2: only accepted is a success. */
    @Test
    void tellsEachOutcomeOfAMessage() {
        UpstreamSession session = peer.open();
        List<CompletionStage<Void>> sent =
                IntStream.range(0, 6).mapToObj(i -> send(session)).toList();
        Rejected tooLarge = new Rejected();
        tooLarge.setError(new ErrorCondition(Symbol.valueOf("amqp:link:message-size-exceeded"), null));
        peer.settle(peer.telemetry.get(5), Accepted.getInstance());
        peer.settle(peer.telemetry.get(0), tooLarge);
        peer.settle(peer.telemetry.get(1), new Rejected());
        peer.settle(peer.telemetry.get(2), Released.getInstance());
        peer.settle(peer.telemetry.get(3), new Modified());
        peer.telemetry.get(4).settle();
        peer.exchange();
        assertEquals(FailureKind.TOO_LARGE, failure(sent.get(0)).kind());
        assertInstanceOf(MessageException.class, failure(sent.get(1)));
        assertTrue(failure(sent.get(2)).isTransient());
        assertTrue(failure(sent.get(3)).isTransient());
        assertTrue(failure(sent.get(4)).isTransient(), "settled without an outcome is not a success");
        assertNull(sent.get(5).toCompletableFuture().join());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void endsWithTheCauseWhenTheHubClosesALink() {
        UpstreamSession session = peer.open();
        CompletionStage<Void> sent = send(session);
        peer.detach(peer.telemetryLink(), "amqp:link:stolen");
        peer.exchange();
        assertEquals(Phase.CLOSED, session.status().phase());
        assertEquals(FailureKind.KICKED, session.status().cause().kind());
        assertTrue(failure(sent).isTransient(), "the message may be sent again");
        assertTrue(peer.client.isOpen(), "siblings are left alone");
        assertEquals(Phase.CONNECTED, peer.open().status().phase());
    }

    @Test
    void endsWithTheCauseWhenTheHubClosesTheConnection() {
        UpstreamSession session = peer.open();
        peer.connection.setCondition(new ErrorCondition(Symbol.valueOf("amqp:connection:forced"), "restart"));
        peer.connection.close();
        peer.exchange();
        assertEquals(FailureKind.SERVER_ERROR, session.status().cause().kind());
        assertTrue(session.status().cause().getMessage().contains("restart"));
        assertFalse(peer.channel.isOpen());
    }

    /** P12: a minute of silence. */
    @Test
    void noticesThatThePeerHasVanished() {
        UpstreamSession session = peer.open();
        CompletionStage<Void> sent = send(session);
        peer.pass(Duration.ofMillis(59_999));
        assertEquals(Phase.CONNECTED, session.status().phase());
        peer.pass(Duration.ofMillis(1));
        assertEquals(FailureKind.TIMEOUT, session.status().cause().kind());
        assertTrue(isDone(sent));
        assertFalse(peer.channel.isOpen());
    }

    @Test
    void failsWithProtocolWhenGarbageComes() {
        UpstreamSession session = peer.open();
        peer.channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9}));
        assertEquals(FailureKind.PROTOCOL, session.status().cause().kind());
        assertFalse(peer.channel.isOpen());
    }

    @Test
    void closeWaitsForWhatIsUnderWayAndSaysGoodbye() {
        UpstreamSession session = peer.open();
        CompletionStage<Void> sent = send(session);
        CompletionStage<Void> closed = session.close(Duration.ofSeconds(30));
        peer.exchange();
        assertFalse(isDone(closed));
        assertEquals(
                FailureKind.CLOSED, failure(session.send(Telemetry.json("{}"))).kind());
        peer.settle(peer.telemetry.get(0), Accepted.getInstance());
        peer.exchange();
        assertNull(sent.toCompletableFuture().join());
        assertTrue(isDone(closed));
        assertTrue(peer.sawEnd());
        assertNull(session.status().cause());
    }

    @Test
    void closeMayWaitForEver() {
        UpstreamSession session = peer.open();
        send(session);
        CompletionStage<Void> closed = session.close(Duration.ofSeconds(Long.MAX_VALUE));
        peer.exchange();
        assertEquals(Phase.CLOSING, session.status().phase());
        peer.settle(peer.telemetry.get(0), Accepted.getInstance());
        peer.exchange();
        assertTrue(isDone(closed));
    }

    /** P8: the drain and five seconds, not more. */
    @Test
    void closeGivesUpAfterTheDrain() {
        UpstreamSession session = peer.open();
        CompletionStage<Void> sent = send(session);
        CompletionStage<Void> closed = session.close(Duration.ofSeconds(3));
        peer.exchange();
        peer.pass(Duration.ofSeconds(3));
        assertEquals(FailureKind.CLOSED, failure(sent).kind());
        peer.pass(Duration.ofSeconds(3));
        assertTrue(isDone(closed));
    }

    private Message cloudMessage(String text) {
        Message message = Proton.message();
        message.setMessageId(text);
        message.setBody(new Data(new Binary(text.getBytes(StandardCharsets.UTF_8))));
        return message;
    }

    /** P29: credit follows settlement. */
    @Test
    void settlesInTheOrderOfArrivalAndBoundsWhatIsUnsettled() {
        UpstreamSession session = peer.open();
        List<CompletableFuture<Settlement>> decisions = new ArrayList<>();
        CompletionStage<Void> subscribed = session.onMessage(message -> {
            CompletableFuture<Settlement> decision = new CompletableFuture<>();
            decisions.add(decision);
            return decision;
        });
        peer.exchange();
        assertTrue(isDone(subscribed));
        Sender link = peer.cloudLinks.get(0);
        int sent = 0;
        while (link.getCredit() > 0) {
            peer.send(link, cloudMessage("m" + sent++));
            peer.exchange();
        }
        assertEquals(CloudLink.MAX_MESSAGES, sent);
        decisions.get(1).complete(Settlement.REJECT);
        peer.exchange();
        assertEquals(CloudLink.MAX_MESSAGES, link.getUnsettled());
        decisions.get(0).complete(Settlement.COMPLETE);
        decisions.get(2).completeExceptionally(new IllegalStateException("of the handler"));
        peer.exchange();
        assertEquals(3, decisions.stream().filter(CompletableFuture::isDone).count());
        assertTrue(link.getCredit() > 0, "settling makes room");
    }

    /** P29: four mebibytes, however few messages that is. */
    @Test
    void boundsTheBytesOfWhatIsUnsettled() {
        UpstreamSession session = peer.open();
        session.onMessage(message -> new CompletableFuture<>());
        peer.exchange();
        Sender link = peer.cloudLinks.get(0);
        int size = 120 << 10;
        Message large = cloudMessage("m");
        large.setBody(new Data(new Binary(new byte[size])));
        int sent = 0;
        while (link.getCredit() > 0) {
            peer.send(link, large);
            peer.exchange();
            sent++;
        }
        assertTrue(sent >= 32 && (long) sent * size <= 4 << 20, sent + " messages of " + size);
    }

    /** Identities that had left a shared connection were kept by another client until it was slow (azure-iot-sdk-java#1478). */
    @Test
    void theConnectionKeepsNothingOfSessionsThatHaveLeft() {
        UpstreamSession neighbour = peer.open();
        List<WeakReference<UpstreamSession>> left = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            left.add(openAndClose());
        }
        assertEquals(Phase.CONNECTED, neighbour.status().phase());
        for (int i = 0; i < 20 && left.stream().anyMatch(each -> each.get() != null); i++) {
            System.gc();
        }
        long kept = left.stream().filter(each -> each.get() != null).count();
        assertTrue(kept <= 1, kept + " of 20"); // the latest may still lie on a stack
    }

    private WeakReference<UpstreamSession> openAndClose() {
        UpstreamSession session = peer.open();
        CompletionStage<Void> closed = session.close(Duration.ZERO);
        peer.exchange();
        peer.pass(Duration.ofSeconds(1));
        assertTrue(isDone(closed));
        return new WeakReference<>(session);
    }

    /** Two windows that wait for each other have stopped another client for good (azure-iot-sdk-java#1155). */
    @Test
    void neitherOfTwoFullWindowsHoldsTheOtherUp() {
        peer.credit = 0;
        UpstreamSession session = peer.open();
        List<CompletionStage<Void>> sent =
                IntStream.range(0, 10).mapToObj(i -> send(session)).toList();
        List<CompletableFuture<Settlement>> decisions = new ArrayList<>();
        CompletionStage<Void> subscribed = session.onMessage(message -> {
            decisions.add(new CompletableFuture<>());
            return decisions.get(decisions.size() - 1);
        });
        peer.exchange();
        assertTrue(isDone(subscribed));
        Sender link = peer.cloudLinks.get(0);
        for (int i = 0; link.getCredit() > 0; i++) {
            peer.send(link, cloudMessage("m" + i));
            peer.exchange();
        }
        decisions.forEach(decision -> decision.complete(Settlement.COMPLETE));
        peer.exchange();
        assertTrue(link.getCredit() > 0, "what came is settled while nothing can be sent");
        peer.telemetryLink().flow(10);
        peer.exchange();
        List<Delivery> came = new ArrayList<>(peer.telemetry);
        came.forEach(each -> peer.settle(each, Accepted.getInstance()));
        peer.exchange();
        assertTrue(sent.stream().allMatch(AmqpSessionTest::isDone));
    }

    @Test
    void aRefusedSubscriptionFailsAloneAndMayBeTriedAgain() {
        UpstreamSession session = peer.open();
        peer.refusal = "amqp:not-allowed";
        CompletionStage<Void> refused = session.onMessage(AmqpSessionTest::completed);
        peer.exchange();
        assertEquals(FailureKind.PROTOCOL, failure(refused).kind());
        assertEquals(Phase.CONNECTED, session.status().phase());
        peer.refusal = null;
        CompletionStage<Void> subscribed = session.onMessage(AmqpSessionTest::completed);
        peer.exchange();
        assertNull(subscribed.toCompletableFuture().join());
    }

    /** P25: on the connection that there is. */
    @Test
    void renewsTheTokenWhenFourFifthsOfItsLifeAreOver() {
        peer.credentials = SasKey.of("a2V5").lifetime(Duration.ofMinutes(60));
        UpstreamSession session = peer.open();
        peer.passAlive(Duration.ofMinutes(44));
        assertEquals(1, peer.tokens.size());
        peer.passAlive(Duration.ofMinutes(8));
        assertEquals(2, peer.tokens.size());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    /** P25: three times and more, the session goes on meanwhile. */
    @Test
    void triesAgainWhenARenewalGetsNoAnswerAndStopsWhenTheSessionIsClosed() {
        peer.credentials = SasKey.of("a2V5").lifetime(Duration.ofMinutes(60));
        UpstreamSession session = peer.open();
        peer.tokenStatus = 0;
        peer.passAlive(Duration.ofMinutes(53));
        int tried = peer.tokens.size();
        assertTrue(tried >= 3, "tried " + tried + " times");
        assertEquals(Phase.CONNECTED, session.status().phase());
        session.close(Duration.ZERO);
        peer.exchange();
        peer.passAlive(Duration.ofMinutes(5));
        assertEquals(tried, peer.tokens.size());
    }

    /** P27: a clock that is wrong causes no loop. */
    @Test
    void asksForNoTokenInALoopWhenTokensSeemToHaveEndedAlready() {
        peer.credentials = SasKey.of("a2V5").lifetime(Duration.ofSeconds(1));
        peer.open();
        assertTrue(peer.tokens.size() <= 2);
        peer.pass(Duration.ofSeconds(10));
        assertTrue(peer.tokens.size() <= 22, "asked " + peer.tokens.size() + " times");
    }

    /** P8: no callback follows the end. */
    @Test
    void handsNothingOverOnceTheSessionHasEnded() {
        UpstreamSession session = peer.open();
        List<CloudMessage> came = new ArrayList<>();
        session.onMessage(MessageHandler.completing(came::add));
        peer.exchange();
        peer.send(peer.cloudLinks.get(0), cloudMessage("before"));
        peer.exchange();
        peer.telemetryLink().setCondition(new ErrorCondition(Symbol.valueOf("amqp:link:stolen"), null));
        peer.telemetryLink().close();
        peer.flush();
        peer.send(peer.cloudLinks.get(0), cloudMessage("after"));
        peer.flush();
        assertEquals(Phase.CLOSED, session.status().phase());
        assertEquals(1, came.size());
        peer.exchange();
        assertEquals(1, came.size());
        assertTrue(peer.client.isOpen());
    }

    @Test
    void leavesNoTimerOfASessionBehind() {
        UpstreamSession session = peer.open();
        session.onMessage(AmqpSessionTest::completed);
        CompletionStage<Void> sent = send(session);
        session.close(Duration.ZERO);
        peer.exchange();
        peer.pass(Duration.ofSeconds(3)); // for the goodbye
        assertEquals(FailureKind.CLOSED, failure(sent).kind());
        assertTrue(
                peer.channel.runScheduledPendingTasks() > Duration.ofSeconds(20).toNanos(), "only the engine's clock");
    }

    /** P34: a handler that forgets to answer. */
    @Test
    void aHandlerThatReturnsNothingAbandonsTheMessageAndTheStreamGoesOn() {
        UpstreamSession session = peer.open();
        session.onMessage(AmqpSessionTest::nothing);
        peer.exchange();
        Sender link = peer.cloudLinks.get(0);
        peer.send(link, cloudMessage("m"));
        peer.exchange();
        assertTrue(link.head().remotelySettled(), "a silent handler would stop the stream");
    }

    @SuppressWarnings("NullAway") // what an application's code may do all the same
    private static CompletionStage<Settlement> nothing(CloudMessage message) {
        return null;
    }

    private static CompletionStage<Settlement> completed(CloudMessage message) {
        return CompletableFuture.completedFuture(Settlement.COMPLETE);
    }
}
