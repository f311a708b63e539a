// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static io.netty.handler.codec.mqtt.MqttMessageType.DISCONNECT;
import static io.netty.handler.codec.mqtt.MqttMessageType.PINGREQ;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBLISH;
import static io.netty.handler.codec.mqtt.MqttMessageType.SUBSCRIBE;
import static io.upstream.mqtt.ScriptedPeer.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.NetworkException;
import io.upstream.Phase;
import io.upstream.SasKey;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MqttSessionTest {
    private static final SasKey KEY = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
    private static UpstreamRuntime runtime;

    private ScriptedPeer peer;
    private UpstreamSession session;

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    @BeforeEach
    void connect() throws UpstreamException {
        connect(options());
    }

    @AfterEach
    void disconnect() {
        peer.close();
    }

    private static UpstreamOptions.Builder options() {
        return UpstreamOptions.forHub("h.example");
    }

    private void connect(UpstreamOptions.Builder options) throws UpstreamException {
        if (peer != null) {
            peer.close();
        }
        peer = new ScriptedPeer(runtime, options.build(), Identity.device("d"), KEY);
        session = peer.accept();
    }

    private static Telemetry message(String text) {
        return Telemetry.json(text);
    }

    @Test
    void isConnectedAfterTheConnack() {
        assertEquals(new SessionStatus(Phase.CONNECTED, null), session.status());
    }

    @Test
    void completesASendOnItsPuback() {
        CompletableFuture<Void> send = session.send(message("1")).toCompletableFuture();
        assertEquals(List.of(1), peer.sentIds());
        assertFalse(send.isDone());
        peer.say(Packets.pubAck(1));
        assertTrue(send.isDone());
        send.join();
    }

    @Test
    void sendsToTheTopicOfTheApplicationsChoice() throws UpstreamException {
        connect(options().telemetryAddress("site/a"));
        session.send(message("1"));
        MqttPublishMessage publish =
                assertInstanceOf(MqttPublishMessage.class, peer.sent().get(0));
        assertEquals("site/a", publish.variableHeader().topicName());
    }

    @Test
    void refusesPropertiesThatATopicOfTheApplicationsChoiceCannotCarry() throws UpstreamException {
        connect(options().telemetryAddress("site/a"));
        CompletableFuture<Void> send =
                session.send(message("1").property("k", "v")).toCompletableFuture();
        assertEquals(List.of(), peer.sent());
        assertEquals(FailureKind.INVALID, ScriptedPeer.failure(send).kind());
    }

    @Test
    void sendsAModulesTelemetryToItsOwnTopic() throws UpstreamException {
        peer.close();
        peer = new ScriptedPeer(runtime, options().build(), Identity.module("d", "m"), KEY);
        session = peer.accept();
        session.send(message("1"));
        MqttPublishMessage publish =
                assertInstanceOf(MqttPublishMessage.class, peer.sent().get(0));
        assertEquals(
                "devices/d/modules/m/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8",
                publish.variableHeader().topicName());
    }

    @Test
    void takesPubacksInAnyOrder() {
        List<CompletableFuture<Void>> sends = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            sends.add(session.send(message("x")).toCompletableFuture());
        }
        assertEquals(List.of(1, 2, 3), peer.sentIds());
        peer.say(Packets.pubAck(3), Packets.pubAck(1));
        assertEquals(
                List.of(true, false, true),
                sends.stream().map(CompletableFuture::isDone).toList());
        peer.say(Packets.pubAck(2));
        assertTrue(sends.get(1).isDone());
    }

    @Test
    void neverUsesAnIdAgainWhileItIsInFlight() throws UpstreamException {
        connect(options().outbox(1, 1_000).operationTimeout(Duration.ofSeconds(5)));
        session.send(message("given up"));
        assertEquals(List.of(1), peer.sentIds());
        pass(5);
        Set<Integer> used = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            CompletionStage<Void> send = session.send(message("x"));
            int id = peer.sentIds().get(0);
            used.add(id);
            peer.say(Packets.pubAck(id));
            send.toCompletableFuture().join();
        }
        assertFalse(used.contains(1));
        assertTrue(used.contains(2));
        peer.say(Packets.pubAck(1));
        assertEquals(Phase.CONNECTED, session.status().phase(), "a late PUBACK is harmless");
    }

    @Test
    void failsASendAtItsDeadline() {
        CompletionStage<Void> send = session.send(message("1"));
        peer.sent();
        keepAliveUntil(60);
        assertEquals(FailureKind.TIMEOUT, failure(send).kind());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void takesBackWhatIsCancelledBeforeItIsWritten() {
        CompletableFuture<Void> send = session.send(message("1")).toCompletableFuture();
        send.cancel(false);
        session.send(message("2"));
        assertEquals(List.of(1), peer.sentIds());
    }

    @Test
    void toleratesThePubackOfACancelledSend() {
        CompletableFuture<Void> send = session.send(message("1")).toCompletableFuture();
        assertEquals(List.of(1), peer.sentIds());
        send.cancel(false);
        peer.say(Packets.pubAck(1));
        assertTrue(send.isCancelled());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void failsAnOversizeMessageAloneAndSendsTheOthers() {
        CompletionStage<Void> first = session.send(message("1"));
        CompletionStage<Void> tooLarge = session.send(Telemetry.of(new byte[262_145]));
        CompletionStage<Void> last = session.send(message("3"));
        assertEquals(2, peer.sentIds().size());
        assertEquals(FailureKind.TOO_LARGE, failure(tooLarge).kind());
        assertFalse(first.toCompletableFuture().isDone());
        peer.say(Packets.pubAck(1));
        first.toCompletableFuture().join();
        assertFalse(last.toCompletableFuture().isDone());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void refusesASendWhenTheOutboxIsFull() throws UpstreamException {
        connect(options().outbox(2, 1_000));
        session.send(message("1"));
        session.send(message("2"));
        assertEquals(
                FailureKind.OUTBOX_FULL, failure(session.send(message("3"))).kind());
    }

    /** P16: room that comes is used. */
    @Test
    void writesNothingWhileTheChannelIsNotWritable() {
        peer.channel().unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        session.send(message("1"));
        peer.assertSent();
        peer.channel().unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        peer.assertSent(PUBLISH);
    }

    /** P9: what was written may have come, and says so; what was not says that. */
    @Test
    void saysThatTheHubMayHaveWhatWasInFlightWhenThePeerVanishes() {
        CompletionStage<Void> written = session.send(message("1"));
        peer.sent();
        peer.channel().unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        CompletionStage<Void> unwritten = session.send(message("2"));
        peer.sent();
        peer.vanish();
        NetworkException maybe = (NetworkException) failure(written);
        assertEquals(FailureKind.CLOSED_BY_PEER, maybe.kind());
        assertTrue(maybe.getMessage().contains("the hub may have it"), maybe.getMessage());
        NetworkException not = (NetworkException) failure(unwritten);
        assertTrue(not.getMessage().contains("was not sent"), not.getMessage());
        assertEquals(
                FailureKind.CLOSED_BY_PEER, failure(session.send(message("3"))).kind());
        assertEquals(Phase.CLOSED, session.status().phase());
        assertEquals(FailureKind.CLOSED_BY_PEER, cause().kind());
    }

    @Test
    void asksForASignOfLifeWhenBothDirectionsAreSilent() {
        pass(44);
        peer.assertSent();
        pass(1);
        peer.assertSent(PINGREQ);
        peer.say(MqttMessage.PINGRESP);
        pass(44);
        peer.assertSent();
        pass(1);
        peer.assertSent(PINGREQ);
    }

    /** P13: while data flows upwards only. */
    @Test
    void asksForASignOfLifeWhenOnlyInboundIsSilent() {
        for (int i = 0; i < 5; i++) {
            pass(10);
            session.send(message("x"));
            List<?> types = peer.sentTypes();
            assertEquals(i == 4 ? List.of(PINGREQ, PUBLISH) : List.of(PUBLISH), types);
        }
    }

    /** P13: while data flows downwards only. */
    @Test
    void asksForASignOfLifeWhenOnlyOutboundIsSilent() {
        for (int i = 0; i < 5; i++) {
            pass(9);
            peer.assertSent(
                    i == 4
                            ? new io.netty.handler.codec.mqtt.MqttMessageType[] {PINGREQ}
                            : new io.netty.handler.codec.mqtt.MqttMessageType[0]);
            peer.say(Packets.publish(0, "devices/d/messages/devicebound/", "x"));
        }
    }

    /** P12: 45 s of silence and 15 s of patience. */
    @Test
    void givesThePeerUpWhenItIsSilentAfterAPingreq() {
        CompletionStage<Void> send = session.send(message("1"));
        peer.assertSent(PUBLISH);
        pass(45);
        peer.assertSent(PINGREQ);
        pass(14);
        assertEquals(Phase.CONNECTED, session.status().phase());
        pass(1);
        assertEquals(FailureKind.TIMEOUT, cause().kind());
        assertEquals(FailureKind.TIMEOUT, failure(send).kind());
        assertFalse(peer.channel().isOpen());
    }

    @Test
    void asksForASignOfLifeAtOnceWhenTheApplicationWants() throws Exception {
        CompletableFuture<Duration> first = session.probe().toCompletableFuture();
        CompletableFuture<Duration> second = session.probe().toCompletableFuture();
        peer.assertSent(PINGREQ, PINGREQ);
        pass(2);
        peer.say(MqttMessage.PINGRESP);
        pass(1);
        peer.say(MqttMessage.PINGRESP);
        assertEquals(Duration.ofSeconds(2), first.get());
        assertEquals(Duration.ofSeconds(3), second.get());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void givesThePeerUpWhenItDoesNotAnswerTheApplication() {
        CompletionStage<Duration> probe = session.probe();
        peer.assertSent(PINGREQ);
        pass(14);
        assertEquals(Phase.CONNECTED, session.status().phase());
        pass(1);
        assertEquals(FailureKind.TIMEOUT, failure(probe).kind());
        assertEquals(FailureKind.TIMEOUT, cause().kind());
    }

    /** P13: an answer may wait behind much else on a narrow line. */
    @Test
    void takesWhateverComesForTheAnswerToAProbe() throws Exception {
        CompletableFuture<Duration> probe = session.probe().toCompletableFuture();
        peer.assertSent(PINGREQ);
        pass(14);
        peer.sayBytes(Unpooled.buffer().writeByte(0x40));
        pass(1);
        assertEquals(Duration.ofSeconds(15), probe.get());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void failsProbesThatWaitWhenTheConnectionIsLost() {
        CompletionStage<Duration> probe = session.probe();
        peer.assertSent(PINGREQ);
        peer.channel().close();
        assertEquals(FailureKind.CLOSED_BY_PEER, failure(probe).kind());
    }

    @Test
    void boundsTheProbesThatWait() {
        List<CompletionStage<Duration>> probes = new ArrayList<>();
        for (int i = 0; i < 17; i++) {
            probes.add(session.probe());
        }
        assertEquals(16, peer.sent().size());
        assertEquals(FailureKind.OUTBOX_FULL, failure(probes.get(16)).kind());
        assertFalse(probes.get(15).toCompletableFuture().isDone());
    }

    /** P13: a packet that takes long to come is a sign of life all the while. */
    @Test
    void takesEachPieceOfALongPacketForASignOfLife() {
        ByteBuf packet = Unpooled.buffer()
                .writeByte(0x30)
                .writeByte(0x83)
                .writeByte(0x80)
                .writeByte(0x10);
        packet.writeShort(1).writeByte('t');
        peer.sayBytes(packet);
        for (int i = 0; i < 20; i++) {
            pass(14);
            peer.sayBytes(Unpooled.buffer().writeZero(1_000));
        }
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertTrue(peer.sentTypes().stream().allMatch(PINGREQ::equals), "and is asked for one itself");
        pass(15);
        assertEquals(FailureKind.TIMEOUT, cause().kind());
    }

    /** P13: an answer may have to wait behind much else. */
    @Test
    void takesAnyPacketForASignOfLife() {
        session.send(message("1"));
        peer.sent();
        pass(45);
        peer.assertSent(PINGREQ);
        pass(14);
        peer.say(Packets.pubAck(1));
        pass(14);
        assertEquals(Phase.CONNECTED, session.status().phase());
        peer.say(MqttMessage.PINGRESP);
        pass(14);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "PUBACK that answers nothing, 40020007",
        "SUBACK that answers nothing, 9003FFFF01",
        "PINGRESP that nobody asked for, D000",
        "second CONNACK, 20020000",
        "CONNECT, 100C00044D5154540400000A0000",
        "PUBLISH of QoS 2, 3406000174000161",
        "reserved type, F000",
        "PUBACK without content, 4000"
    })
    void closesAtOnceOnABadPacket(String what, String hex) {
        CompletionStage<Void> send = session.send(message("1"));
        peer.sent();
        peer.sayBytes(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
        assertFalse(peer.channel().isOpen());
        assertEquals(FailureKind.PROTOCOL, cause().kind());
        assertTrue(failure(send) instanceof NetworkException);
    }

    @Test
    void leavesInOrderWhenTheLastSendIsAcknowledged() {
        CompletionStage<Void> send = session.send(message("1"));
        peer.assertSent(PUBLISH);
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(30)).toCompletableFuture();
        peer.assertSent();
        assertEquals(Phase.CLOSING, session.status().phase());
        assertEquals(FailureKind.CLOSED, failure(session.send(message("2"))).kind());
        peer.say(Packets.pubAck(1));
        peer.assertSent(DISCONNECT);
        send.toCompletableFuture().join();
        assertTrue(closed.isDone());
        assertFalse(peer.channel().isOpen());
        assertEquals(new SessionStatus(Phase.CLOSED, null), session.status());
        assertSame(closed, session.close(Duration.ZERO));
    }

    @Test
    void failsWhatIsNotAcknowledgedWhenTheDrainIsOver() {
        CompletionStage<Void> send = session.send(message("1"));
        peer.sent();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(10)).toCompletableFuture();
        peer.sent();
        pass(9);
        assertFalse(closed.isDone());
        pass(1);
        assertEquals(FailureKind.CLOSED, failure(send).kind());
        assertTrue(closed.isDone());
        peer.assertSent(DISCONNECT);
    }

    /** P8: whoever has stopped reading is not waited for. */
    @Test
    void isClosedInTimeWhenThePeerStopsReading() {
        peer.channel().pipeline().addFirst(new Swallow());
        CompletableFuture<Void> closed = session.close(Duration.ZERO).toCompletableFuture();
        peer.channel().runPendingTasks();
        pass(3);
        assertTrue(peer.channel().isOpen());
        pass(1);
        assertFalse(peer.channel().isOpen());
        assertTrue(closed.isDone());
    }

    /** P8: the application holds up nothing but itself. */
    @Test
    void isClosedInTimeWhenTheApplicationsCallbacksAreStuck() throws Exception {
        peer.close();
        List<Runnable> stuck = new ArrayList<>();
        peer = new ScriptedPeer(runtime, options().build(), Identity.device("d"), KEY, stuck::add);
        session = peer.accept();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(1)).toCompletableFuture();
        peer.assertSent(DISCONNECT);
        pass(5);
        assertFalse(closed.isDone());
        pass(1);
        closed.get(10, TimeUnit.SECONDS);
        assertEquals(1, stuck.size(), "one run of callbacks");
    }

    @Test
    void isClosedAtOnceAfterTheConnectionWasLost() {
        peer.vanish();
        UpstreamException cause = cause();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(30)).toCompletableFuture();
        peer.channel().runPendingTasks();
        assertTrue(closed.isDone());
        assertSame(cause, session.status().cause(), "the first cause stays");
    }

    @Test
    void tellsEveryStatusInOrderAndSurvivesAListenerThatThrows() {
        List<Phase> told = new ArrayList<>();
        session.onStatus(status -> {
            throw new IllegalStateException("on purpose");
        });
        session.onStatus(status -> told.add(status.phase()));
        session.close(Duration.ZERO);
        peer.assertSent(DISCONNECT);
        assertEquals(List.of(Phase.CONNECTED, Phase.CLOSING, Phase.CLOSED), told);
    }

    @Test
    void leavesNoTimerBehind() {
        session.send(message("1"));
        session.onMessage(message -> new CompletableFuture<>());
        peer.assertSent(PUBLISH, SUBSCRIBE);
        session.close(Duration.ZERO);
        peer.sent();
        assertNull(session.status().cause());
        long next = peer.channel().runScheduledPendingTasks();
        // the outbox's one alarm may still be set; it finds nothing to do
        pass(3_600);
        assertEquals(-1, peer.channel().runScheduledPendingTasks(), "was due in " + next);
    }

    private UpstreamException cause() {
        UpstreamException cause = session.status().cause();
        assertNotNull(cause);
        return cause;
    }

    private void pass(int seconds) {
        peer.pass(Duration.ofSeconds(seconds));
    }

    /** Lets time pass while the peer answers each PINGREQ. */
    private void keepAliveUntil(int seconds) {
        for (int i = 0; i < seconds; i++) {
            pass(1);
            if (peer.sentTypes().contains(PINGREQ)) {
                peer.say(MqttMessage.PINGRESP);
            }
        }
    }
}
