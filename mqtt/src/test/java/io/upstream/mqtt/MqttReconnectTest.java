// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static io.netty.handler.codec.mqtt.MqttMessageType.DISCONNECT;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBACK;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBLISH;
import static io.netty.handler.codec.mqtt.MqttMessageType.SUBSCRIBE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session does from one connection to the next, against a peer that the test plays. */
class MqttReconnectTest {
    private static final SasKey KEY = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
    private static final String TOPIC = "devices/d/messages/devicebound/";
    private static UpstreamRuntime runtime;

    private final Deque<Runnable> later = new ArrayDeque<>();
    private Executor callbacks = Runnable::run;
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
        connect(KEY);
    }

    private void connect(SasKey key) throws UpstreamException {
        UpstreamOptions options = UpstreamOptions.forHub("h.example")
                .reconnect(new Reconnect(Duration.ofMillis(10), Duration.ofMillis(20)))
                .build();
        peer = new ScriptedPeer(runtime, options, Identity.device("d"), key, piece -> callbacks.execute(piece));
        session = peer.accept();
    }

    @AfterEach
    void disconnect() {
        session.close(Duration.ZERO);
        peer.sent();
        peer.close();
    }

    /** A message as it left: text, packet id, and whether it was marked as a duplicate. */
    private List<String> published() {
        return peer.packets().stream()
                .map(packet -> assertInstanceOf(MqttPublishMessage.class, packet))
                .map(packet -> packet.payload().toString(UTF_8)
                        + " #" + packet.variableHeader().packetId()
                        + (packet.fixedHeader().isDup() ? " dup" : ""))
                .toList();
    }

    private CompletableFuture<Void> send(String text) {
        return session.send(Telemetry.of(text.getBytes(UTF_8))).toCompletableFuture();
    }

    /** P4: the same ids, marked as duplicates, before anything new. */
    @Test
    void sendsAgainWithTheSameIdsWhenTheHubHasKeptTheSession() {
        CompletableFuture<Void> first = send("1");
        CompletableFuture<Void> second = send("2");
        CompletableFuture<Void> third = send("3");
        assertEquals(List.of("1 #1", "2 #2", "3 #3"), published());
        peer.say(Packets.pubAck(2));
        peer.vanish();
        assertEquals(Phase.RECONNECTING, session.status().phase());
        CompletableFuture<Void> fourth = send("4");
        assertFalse(peer.nextConnect().variableHeader().isCleanSession());
        peer.say(Packets.connAck(0, true));
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertEquals(List.of("1 #1 dup", "3 #3 dup", "4 #4"), published());
        assertTrue(second.isDone() && !first.isDone() && !third.isDone());
        peer.say(Packets.pubAck(1), Packets.pubAck(3), Packets.pubAck(4));
        first.join();
        third.join();
        fourth.join();
    }

    /** P7: the hub delivers again what was not acknowledged, and that is the one copy that the application gets. */
    @Test
    void aMessageThatWaitedForTheApplicationWhenItsConnectionWasLostIsHandedOverOnce() {
        List<String> came = new ArrayList<>();
        subscribe(MessageHandler.completing(
                message -> came.add(UTF_8.decode(message.payload()).toString())));
        callbacks = later::add;
        peer.say(Packets.publish(7, TOPIC, "m"));
        peer.vanish();
        comeBackSubscribed();
        peer.say(Packets.publish(7, TOPIC, "m"));
        callbacks = Runnable::run;
        while (!later.isEmpty()) {
            later.remove().run();
        }
        assertEquals(List.of("m"), came);
        assertEquals(List.of(PUBACK), peer.sentTypes());
    }

    /** P7: whether the hub has kept the session or not, a packet's id means another message then (hivemq-mqtt-client#377, #378). */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aVerdictThatComesAfterTheLossAcknowledgesNothingOnTheNextConnection(boolean kept) {
        List<CompletableFuture<Settlement>> verdicts = new ArrayList<>();
        subscribe(message -> {
            verdicts.add(new CompletableFuture<>());
            return verdicts.get(verdicts.size() - 1);
        });
        peer.say(Packets.publish(7, TOPIC, "first"));
        peer.vanish();
        comeBackSubscribed(kept);
        peer.say(Packets.publish(7, TOPIC, "another"));
        verdicts.get(0).complete(Settlement.COMPLETE);
        peer.assertSent();
        verdicts.get(1).complete(Settlement.COMPLETE);
        peer.assertSent(PUBACK);
    }

    private void subscribe(MessageHandler handler) {
        CompletionStage<Void> subscribed = session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.subAck(InFlight.SUBSCRIBE_ID, 1));
        assertTrue(subscribed.toCompletableFuture().isDone());
    }

    private void comeBackSubscribed() {
        comeBackSubscribed(true);
    }

    private void comeBackSubscribed(boolean kept) {
        peer.nextConnect();
        peer.say(Packets.connAck(0, kept));
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.subAck(InFlight.SUBSCRIBE_ID, 1));
    }

    /** P4: new ids, no marks, the same order. */
    @Test
    void sendsAgainAsNewWhenTheHubKnowsOfNothing() {
        send("1");
        send("2");
        assertEquals(List.of("1 #1", "2 #2"), published());
        peer.say(Packets.pubAck(1));
        peer.vanish();
        peer.nextConnect();
        peer.say(Packets.connAck(0, false));
        List<String> again = published();
        assertEquals(1, again.size());
        assertFalse(again.get(0).endsWith("dup"), again.get(0));
        assertTrue(again.get(0).startsWith("2 #"), again.get(0));
    }

    /** P2, P4: an id means what was sent under it on the same connection; all is sent again in its order, without marks. */
    @Test
    void anAnswerToWhatAnotherConnectionCarriedCountsForNothing() {
        List<CompletableFuture<Void>> sent = List.of(send("1"), send("2"), send("3"));
        assertEquals(List.of("1 #1", "2 #2", "3 #3"), published());
        peer.vanish();
        peer.nextConnect();
        peer.say(Packets.connAck(0, false));
        assertEquals(List.of("1 #4", "2 #5", "3 #6"), published());
        peer.say(Packets.pubAck(1)); // which is a breach of the protocol, too
        assertEquals(0, sent.stream().filter(CompletableFuture::isDone).count());
        peer.nextConnect();
        assertEquals(FailureKind.PROTOCOL, session.status().cause().kind());
        peer.say(Packets.connAck(0, true));
        assertEquals(List.of("1 #4 dup", "2 #5 dup", "3 #6 dup"), published());
        peer.say(Packets.pubAck(4), Packets.pubAck(5), Packets.pubAck(6));
        sent.forEach(CompletableFuture::join);
    }

    @Test
    void aMessageThatWasGivenUpMeanwhileLeavesItsIdToOthers() {
        CompletableFuture<Void> first = send("1");
        send("2");
        published();
        peer.vanish();
        first.cancel(false);
        send("3");
        peer.nextConnect();
        peer.say(Packets.connAck(0, true));
        assertEquals(List.of("2 #2 dup", "3 #3"), published());
    }

    /** P3: twenty losses, one message. */
    @Test
    void survivesOneLossAfterTheOther() {
        CompletableFuture<Void> only = send("1");
        assertEquals(List.of("1 #1"), published());
        for (int i = 0; i < 20; i++) {
            peer.vanish();
            peer.nextConnect();
            peer.say(Packets.connAck(0, true));
            assertEquals(List.of("1 #1 dup"), published());
        }
        peer.say(Packets.pubAck(1));
        only.join();
        assertEquals(20, peer.causes().size());
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5})
    void triesAgainWhenItIsRefusedAndSaysWhy(int code) {
        peer.vanish();
        peer.nextConnect();
        peer.say(Packets.connAck(code));
        assertEquals(Phase.RECONNECTING, session.status().phase());
        assertEquals(
                code == 3 ? FailureKind.SERVER_ERROR : FailureKind.UNAUTHORIZED,
                peer.causes().get(1).kind());
        assertEquals(peer.causes().get(1), session.status().cause());
        peer.nextConnect();
        peer.say(Packets.connAck(0));
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    /** P1: a deadline holds without a connection. */
    @Test
    void failsWhatExpiresWhileThereIsNoConnectionAndSaysWhyThereIsNone() {
        CompletableFuture<Void> send = send("1");
        CompletableFuture<Twin> twin;
        peer.sent();
        peer.vanish();
        twin = session.twin().toCompletableFuture();
        peer.nextConnect();
        peer.pass(Duration.ofSeconds(61));
        UpstreamException late = ScriptedPeer.failure(send);
        assertEquals(FailureKind.TIMEOUT, late.kind());
        assertTrue(late.getMessage().contains("there is no connection"), late.getMessage());
        assertEquals(FailureKind.TIMEOUT, ScriptedPeer.failure(twin).kind());
        peer.say(Packets.connAck(0, true));
        assertEquals(List.of(), peer.sent(), "what is over is not sent again");
    }

    @Test
    void putsEveryHandlerOntoTheNextConnection() {
        session.onMessage(MessageHandler.completing(message -> {}));
        session.onMethod(request -> io.upstream.MethodResponse.ok());
        List<Integer> asked = subscriptions();
        asked.forEach(id -> peer.say(Packets.subAck(id, 1)));
        peer.vanish();
        peer.nextConnect();
        peer.say(Packets.connAck(0, true));
        assertEquals(asked, subscriptions());
    }

    @Test
    void aSubscriptionThatWasUnansweredAtTheLossCompletesOnTheNextConnection() {
        CompletableFuture<Void> confirmed =
                session.onMessage(MessageHandler.completing(message -> {})).toCompletableFuture();
        subscriptions();
        peer.vanish();
        assertFalse(confirmed.isDone());
        peer.nextConnect();
        peer.say(Packets.connAck(0));
        subscriptions().forEach(id -> peer.say(Packets.subAck(id, 1)));
        confirmed.join();
    }

    private List<Integer> subscriptions() {
        return peer.sent().stream()
                .map(packet -> assertInstanceOf(MqttSubscribeMessage.class, packet)
                        .variableHeader()
                        .messageId())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void readsTheTwinAgainAndTellsWhatChangedInTheGap(int version) {
        List<DesiredChange> told = new ArrayList<>();
        session.onDesiredChange(told::add);
        subscriptions().forEach(id -> peer.say(Packets.subAck(id, 1)));
        peer.say(Packets.publish(0, "$iothub/twin/PATCH/properties/desired/?$version=4", "{\"a\":1,\"$version\":4}"));
        assertEquals(1, told.size());
        peer.vanish();
        peer.nextConnect();
        peer.say(Packets.connAck(0, true));
        subscriptions().forEach(id -> peer.say(Packets.subAck(id, 1)));
        subscriptions().forEach(id -> peer.say(Packets.subAck(id, 1))); // to the answers, which the question waits for
        String question = peer.published().get(0);
        String rid = question.substring(question.indexOf("$rid=") + 5).strip();
        peer.say(Packets.publish(
                0,
                "$iothub/twin/res/200/?$rid=" + rid,
                "{\"desired\":{\"b\":2,\"$version\":" + version + "},\"reported\":{\"$version\":1}}"));
        if (version == 4) {
            assertEquals(1, told.size(), "nothing was missed");
        } else {
            assertEquals(new DesiredChange("{\"b\":2,\"$version\":6}", 6, true), told.get(1));
        }
    }

    /** P24: what was sent is acknowledged first, and nothing is lost or doubled. */
    @Test
    void replacesItsConnectionBeforeTheTokenEnds() throws UpstreamException {
        session.close(Duration.ZERO);
        peer.sent();
        peer.close();
        connect(KEY.lifetime(Duration.ofSeconds(50)));
        MqttConnectMessage before = peer.connect();
        List<Phase> phases = new ArrayList<>();
        session.onStatus(status -> phases.add(status.phase()));
        CompletableFuture<Void> first = send("1");
        assertEquals(List.of("1 #1"), published());
        pingUntilItRetires();
        CompletableFuture<Void> second = send("2");
        assertEquals(List.of(), peer.sent(), "nothing new is written on a connection that is to be replaced");
        CompletableFuture<Twin> twin = session.twin().toCompletableFuture();
        peer.say(Packets.pubAck(1));
        first.join();
        MqttConnectMessage after = peer.nextConnect();
        assertEquals(List.of(DISCONNECT), peer.lastWords());
        assertEquals(before.payload().userName(), after.payload().userName());
        assertEquals(List.of(), peer.causes(), "no failure, no pause");
        peer.say(Packets.connAck(0, true));
        List<MqttMessage> packets = peer.packets();
        assertEquals(PUBLISH, packets.get(0).fixedHeader().messageType());
        assertFalse(packets.get(0).fixedHeader().isDup());
        peer.say(Packets.pubAck(2));
        assertTrue(second.isDone());
        assertFalse(twin.isDone());
        assertEquals(List.of(Phase.CONNECTED, Phase.RECONNECTING, Phase.CONNECTED), phases);
    }

    @Test
    void pingsTwiceAsOftenAsSomethingOnTheWayEndsIdleConnections() {
        assertEquals(60, peer.connect().variableHeader().keepAliveTimeSeconds());
        for (int i = 0; i < 2; i++) {
            peer.pass(Duration.ofSeconds(40));
            peer.assertSent();
            peer.vanish();
            peer.nextConnect();
            peer.say(Packets.connAck(0, true));
        }
        assertEquals(35, peer.connect().variableHeader().keepAliveTimeSeconds());
        peer.pass(Duration.ofSeconds(19));
        peer.assertSent();
        peer.pass(Duration.ofSeconds(1));
        peer.assertSent(MqttMessageType.PINGREQ);
    }

    private void pingUntilItRetires() {
        while (session.status().phase() == Phase.CONNECTED) {
            peer.pass(Duration.ofSeconds(1));
            if (peer.sentTypes().contains(MqttMessageType.PINGREQ)) {
                peer.say(MqttMessage.PINGRESP);
            }
        }
    }

    /** P24: five seconds. */
    @Test
    void doesNotWaitForEverForTheAnswersOnAConnectionThatIsToBeReplaced() throws UpstreamException {
        session.close(Duration.ZERO);
        peer.sent();
        peer.close();
        connect(KEY.lifetime(Duration.ofSeconds(40)));
        send("1");
        assertEquals(List.of("1 #1"), published());
        peer.pass(Duration.ofSeconds(35));
        peer.sent();
        peer.pass(Duration.ofSeconds(6));
        peer.nextConnect();
        peer.say(Packets.connAck(0, true));
        assertEquals(List.of("1 #1 dup"), published());
    }

    @Test
    void closesAtOnceWhileAwayWhenNothingWaits() {
        peer.vanish();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(30)).toCompletableFuture();
        peer.vanish();
        peer.sent();
        closed.join();
        assertEquals(Phase.CLOSED, session.status().phase());
    }

    @Test
    void closesAfterTheDrainWhileAway() {
        CompletableFuture<Void> send = send("1");
        peer.sent();
        peer.vanish();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(3)).toCompletableFuture();
        peer.nextConnect();
        peer.pass(Duration.ofSeconds(2));
        assertFalse(closed.isDone());
        peer.pass(Duration.ofSeconds(2));
        peer.vanish();
        assertEquals(FailureKind.CLOSED, ScriptedPeer.failure(send).kind());
        closed.join();
    }

    @Test
    void deliversWhatWaitsIfItComesBackWithinTheDrain() {
        CompletableFuture<Void> send = send("1");
        peer.sent();
        peer.vanish();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(3)).toCompletableFuture();
        peer.nextConnect();
        peer.say(Packets.connAck(0, true));
        assertEquals(List.of("1 #1 dup"), published());
        peer.say(Packets.pubAck(1));
        send.join();
        peer.assertSent(DISCONNECT);
        peer.vanish();
        closed.join();
        assertEquals(Phase.CLOSED, session.status().phase());
    }
}
