// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static io.netty.handler.codec.mqtt.MqttMessageType.PINGREQ;
import static io.netty.handler.codec.mqtt.MqttMessageType.SUBSCRIBE;
import static io.upstream.mqtt.ScriptedPeer.failure;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageIdVariableHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.upstream.CloudMessage;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.Phase;
import io.upstream.SasKey;
import io.upstream.Settlement;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MqttInboundTest {
    private static final String TOPIC = "devices/d/messages/devicebound/";
    private static final String INPUTS = "devices/d/modules/m/inputs/";
    private static final SasKey KEY = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
    private static UpstreamRuntime runtime;

    private final Later handler = new Later();
    private ScriptedPeer peer;
    private UpstreamSession session;

    /** Keeps each message's verdict open until the test gives it. */
    private static final class Later implements MessageHandler {
        private final List<CloudMessage> messages = new ArrayList<>();
        private final List<CompletableFuture<Settlement>> verdicts = new ArrayList<>();

        @Override
        public CompletionStage<Settlement> onMessage(CloudMessage message) {
            messages.add(message);
            verdicts.add(new CompletableFuture<>());
            return verdicts.get(verdicts.size() - 1);
        }

        private List<String> texts() {
            return messages.stream()
                    .map(message -> UTF_8.decode(message.payload()).toString())
                    .toList();
        }
    }

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
        UpstreamOptions options = UpstreamOptions.forHub("h.example").build();
        peer = new ScriptedPeer(runtime, options, Identity.device("d"), KEY);
        session = peer.accept();
    }

    @AfterEach
    void disconnect() {
        peer.close();
    }

    private void subscribe() {
        CompletionStage<Void> subscribed = session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.subAck(InFlight.SUBSCRIBE_ID, 1));
        subscribed.toCompletableFuture().join();
    }

    private void give(int index, Settlement verdict) {
        handler.verdicts.get(index).complete(verdict);
    }

    private List<Integer> acknowledged() {
        return peer.sent().stream()
                .filter(packet -> packet.fixedHeader().messageType() == MqttMessageType.PUBACK)
                .map(packet -> ((MqttMessageIdVariableHeader) packet.variableHeader()).messageId())
                .toList();
    }

    @Test
    void subscribesOnceAndCompletesOnTheSuback() {
        CompletionStage<Void> first = session.onMessage(handler);
        CompletionStage<Void> second = session.onMessage(handler);
        MqttSubscribeMessage subscribe =
                assertInstanceOf(MqttSubscribeMessage.class, peer.sent().get(0));
        assertEquals(
                TOPIC + "#", subscribe.payload().topicSubscriptions().get(0).topicFilter());
        assertEquals(
                MqttQoS.AT_LEAST_ONCE,
                subscribe.payload().topicSubscriptions().get(0).qualityOfService());
        assertFalse(first.toCompletableFuture().isDone());
        peer.say(Packets.subAck(subscribe.variableHeader().messageId(), 1));
        first.toCompletableFuture().join();
        second.toCompletableFuture().join();
        session.onMessage(handler).toCompletableFuture();
        peer.assertSent();
    }

    @Test
    void failsWhenTheHubRefusesTheSubscription() {
        CompletionStage<Void> subscribed = session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.subAck(InFlight.SUBSCRIBE_ID, 0x80));
        assertEquals(FailureKind.UNAUTHORIZED, failure(subscribed).kind());
        session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
    }

    /** P11: the row of the SUBACK. */
    @Test
    void failsWhenTheHubDoesNotAnswerTheSubscriptionAndTakesALateAnswer() {
        CompletionStage<Void> subscribed = session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
        peer.pass(Duration.ofSeconds(14));
        assertFalse(subscribed.toCompletableFuture().isDone());
        peer.pass(Duration.ofSeconds(1));
        assertEquals(FailureKind.TIMEOUT, failure(subscribed).kind());
        peer.say(Packets.subAck(InFlight.SUBSCRIBE_ID, 1));
        CompletionStage<Void> again = session.onMessage(handler);
        peer.assertSent();
        again.toCompletableFuture().join();
    }

    @Test
    void closesWhenMoreIsGrantedThanWasAsked() {
        CompletionStage<Void> subscribed = session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.subAck(InFlight.SUBSCRIBE_ID, 2));
        assertEquals(FailureKind.PROTOCOL, failure(subscribed).kind());
        assertFalse(peer.channel().isOpen());
    }

    @Test
    void failsTheSubscriptionWhenThePeerVanishes() {
        CompletionStage<Void> subscribed = session.onMessage(handler);
        peer.assertSent(SUBSCRIBE);
        peer.vanish();
        assertEquals(FailureKind.CLOSED_BY_PEER, failure(subscribed).kind());
        CompletionStage<Void> late = session.onMessage(handler);
        peer.channel().runPendingTasks();
        assertTrue(late.toCompletableFuture().isCompletedExceptionally());
    }

    @Test
    void deliversTextAndProperties() {
        subscribe();
        peer.say(Packets.publish(5, TOPIC + "%24.mid=a%2Fb&%24.to=%2Fdevices%2Fd&k=%C3%A9", "text"));
        CloudMessage message = handler.messages.get(0);
        assertEquals(List.of("text"), handler.texts());
        assertEquals(Map.of(SystemProperty.MESSAGE_ID, "a/b", SystemProperty.TO, "/devices/d"), message.system());
        assertEquals(Map.of("k", "é"), message.properties());
    }

    @Test
    void deliversFromTheBareTopic() {
        subscribe();
        peer.say(Packets.publish(5, TOPIC.substring(0, TOPIC.length() - 1), "bare"));
        assertEquals(List.of("bare"), handler.texts());
    }

    /** P7: MQTT 3.1.1 section 4.6. */
    @Test
    void acknowledgesInTheOrderOfReceipt() {
        subscribe();
        peer.say(Packets.publish(5, TOPIC, "1"), Packets.publish(3, TOPIC, "2"), Packets.publish(9, TOPIC, "3"));
        assertEquals(List.of("1", "2", "3"), handler.texts());
        give(2, Settlement.COMPLETE);
        give(1, Settlement.COMPLETE);
        assertEquals(List.of(), acknowledged());
        give(0, Settlement.COMPLETE);
        assertEquals(List.of(5, 3, 9), acknowledged());
    }

    @Test
    void acknowledgesTheVerdictsOfOneTurnTogether() {
        subscribe();
        peer.say(Packets.publish(5, TOPIC, "1"), Packets.publish(3, TOPIC, "2"), Packets.publish(9, TOPIC, "3"));
        peer.sent();
        give(1, Settlement.COMPLETE);
        give(0, Settlement.COMPLETE);
        give(2, Settlement.COMPLETE);
        peer.channel().runPendingTasks();
        assertEquals(1, peer.channel().outboundMessages().size(), "buffers");
        assertEquals(List.of(5, 3, 9), acknowledged());
    }

    @Test
    void leavesUnacknowledgedWhatMqttCannotSayAndGoesOn() {
        subscribe();
        peer.say(
                Packets.publish(1, TOPIC, "1"),
                Packets.publish(2, TOPIC, "2"),
                Packets.publish(3, TOPIC, "3"),
                Packets.publish(4, TOPIC, "4"));
        give(0, Settlement.REJECT);
        give(1, Settlement.ABANDON);
        handler.verdicts.get(2).completeExceptionally(new IllegalStateException("on purpose"));
        give(3, Settlement.COMPLETE);
        assertEquals(List.of(4), acknowledged());
    }

    /** P34: an error of a message handler. */
    @Test
    void containsAHandlerThatThrows() {
        session.onMessage(message -> {
            throw new AssertionError("on purpose");
        });
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.publish(1, TOPIC, "1"));
        session.onMessage(MessageHandler.completing(message -> {}));
        peer.assertSent();
        peer.say(Packets.publish(2, TOPIC, "2"));
        assertEquals(List.of(2), acknowledged());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void doesNotAcknowledgeQosZero() {
        session.onMessage(MessageHandler.completing(message -> {}));
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.publish(0, TOPIC, "1"));
        assertEquals(List.of(), peer.sent());
    }

    @Test
    void keepsWhatComesGluedToTheConnackForTheFirstHandler() throws UpstreamException {
        peer.close();
        UpstreamOptions options = UpstreamOptions.forHub("h.example").build();
        peer = new ScriptedPeer(runtime, options, Identity.device("d"), KEY);
        peer.say(Packets.connAck(0), Packets.publish(1, TOPIC, "early"), Packets.publish(2, TOPIC, "too"));
        session = peer.session();
        subscribe();
        assertEquals(List.of("early", "too"), handler.texts());
        give(0, Settlement.COMPLETE);
        give(1, Settlement.COMPLETE);
        assertEquals(List.of(1, 2), acknowledged());
    }

    /** P29: messages. */
    @Test
    void stopsReadingAtAHundredMessagesAndGoesOnBelow() {
        subscribe();
        for (int i = 1; i <= 99; i++) {
            peer.say(Packets.publish(i, TOPIC, "x"));
        }
        assertTrue(peer.channel().config().isAutoRead());
        peer.say(Packets.publish(100, TOPIC, "x"));
        assertFalse(peer.channel().config().isAutoRead());
        for (int i = 0; i < 49; i++) {
            give(i, Settlement.COMPLETE);
        }
        assertEquals(49, acknowledged().size());
        assertFalse(peer.channel().config().isAutoRead());
        give(49, Settlement.COMPLETE);
        peer.channel().runPendingTasks();
        assertTrue(peer.channel().config().isAutoRead());
    }

    /** Two windows that wait for each other have stopped another client for good (azure-iot-sdk-java#1155). */
    @Test
    void neitherOfTwoFullWindowsHoldsTheOtherUp() throws UpstreamException {
        peer.close();
        UpstreamOptions options =
                UpstreamOptions.forHub("h.example").outbox(5, 1_000_000).build();
        peer = new ScriptedPeer(runtime, options, Identity.device("d"), KEY);
        session = peer.accept();
        subscribe();
        List<CompletableFuture<Void>> sent = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            sent.add(session.send(Telemetry.json("1")).toCompletableFuture());
        }
        assertTrue(sent.get(5).isCompletedExceptionally(), "one more than there is room for");
        List<Integer> ids = peer.sentIds();
        for (int i = 1; i <= 100; i++) {
            peer.say(Packets.publish(i, TOPIC, "x"));
        }
        assertFalse(peer.channel().config().isAutoRead());
        for (int i = 0; i < 100; i++) {
            give(i, Settlement.COMPLETE);
        }
        assertEquals(100, acknowledged().size());
        assertTrue(peer.channel().config().isAutoRead());
        ids.forEach(id -> peer.say(Packets.pubAck(id)));
        sent.subList(0, 5).forEach(CompletableFuture::join);
    }

    /** P29: bytes. */
    @Test
    void stopsReadingAtFourMebibytes() {
        subscribe();
        String payload = "x".repeat(300_000);
        for (int i = 1; i <= 13; i++) {
            peer.say(Packets.publish(i, TOPIC, payload));
        }
        assertTrue(peer.channel().config().isAutoRead());
        peer.say(Packets.publish(14, TOPIC, payload));
        assertFalse(peer.channel().config().isAutoRead());
    }

    /** P13: while the application is slow. */
    @Test
    void keepsPingingWhileItDoesNotRead() {
        subscribe();
        for (int i = 1; i <= 100; i++) {
            peer.say(Packets.publish(i, TOPIC, "x"));
        }
        for (int i = 0; i < 5; i++) {
            peer.pass(Duration.ofSeconds(45));
            peer.assertSent(PINGREQ);
        }
        assertEquals(Phase.CONNECTED, session.status().phase());
        for (int i = 0; i < 60; i++) {
            give(i, Settlement.COMPLETE);
        }
        assertEquals(60, acknowledged().size());
        peer.say(
                MqttMessage.PINGRESP,
                MqttMessage.PINGRESP,
                MqttMessage.PINGRESP,
                MqttMessage.PINGRESP,
                MqttMessage.PINGRESP);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void leavesWithTheHubWhatNobodyListensFor() {
        for (int i = 1; i <= 101; i++) {
            peer.say(Packets.publish(i, TOPIC, "m" + i));
        }
        assertTrue(peer.channel().config().isAutoRead(), "sends must go on");
        subscribe();
        assertEquals(100, handler.messages.size());
        assertFalse(handler.texts().contains("m101"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "devices/other/messages/devicebound/",
                "devices/d",
                "devices/d/modules/m/inputs/in/",
                "$iothub",
                "$iothub/methods/POST/reboot/",
                "$iothub/twin/res/200/?$version=3",
                "$iothub/twin/PATCH/properties/reported/?$version=3",
                "?$rid=1",
                "/"
            })
    void acknowledgesAndLeavesAloneWhatCameOnAForeignTopic(String topic) {
        subscribe();
        peer.say(Packets.publish(1, topic, "x"), Packets.publish(0, topic, "x"), Packets.publish(2, TOPIC, "y"));
        assertEquals(List.of("y"), handler.texts());
        assertEquals(List.of(1), acknowledged());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void ignoresAVerdictAfterTheConnectionWasLost() {
        subscribe();
        peer.say(Packets.publish(1, TOPIC, "x"));
        peer.vanish();
        give(0, Settlement.COMPLETE);
        assertEquals(List.of(), peer.sent());
    }

    private void connectModule() throws UpstreamException {
        peer.close();
        UpstreamOptions options = UpstreamOptions.forHub("h.example").build();
        peer = new ScriptedPeer(runtime, options, Identity.module("d", "m"), KEY);
        session = peer.accept();
    }

    @Test
    void subscribesAModuleToItsInputs() throws UpstreamException {
        connectModule();
        session.onMessage(handler);
        MqttSubscribeMessage subscribe =
                assertInstanceOf(MqttSubscribeMessage.class, peer.sent().get(0));
        assertEquals(
                INPUTS + "#", subscribe.payload().topicSubscriptions().get(0).topicFilter());
        assertEquals(
                MqttQoS.AT_LEAST_ONCE,
                subscribe.payload().topicSubscriptions().get(0).qualityOfService());
    }

    @ParameterizedTest
    @CsvSource({
        "in/%24.cdid=dev%201&%24.cmid=sender&k=v, in, dev 1, sender",
        "in/k=v&$.cmid=sender&$.cdid=d2, in, d2, sender",
        "in.put-1/k=v&$.cdid=d2, in.put-1, d2,",
        "in/k=v/tail, in,,",
    })
    void deliversWhatIsRoutedToAnInput(String topic, String input, String device, String module)
            throws UpstreamException {
        connectModule();
        subscribe();
        peer.say(Packets.publish(7, INPUTS + topic, "text"));
        CloudMessage message = handler.messages.get(0);
        assertEquals(input, message.system().get(SystemProperty.INPUT_NAME));
        assertEquals(device, message.system().get(SystemProperty.CONNECTION_DEVICE_ID));
        assertEquals(module, message.system().get(SystemProperty.CONNECTION_MODULE_ID));
        assertEquals(Map.of("k", "v"), message.properties());
        give(0, Settlement.COMPLETE);
        assertEquals(List.of(7), acknowledged());
    }

    @Test
    void deliversFromAnInputWithoutProperties() throws UpstreamException {
        connectModule();
        subscribe();
        peer.say(Packets.publish(1, INPUTS + "a", "1"), Packets.publish(2, INPUTS + "b/", "2"));
        assertEquals(
                List.of("a", "b"),
                handler.messages.stream()
                        .map(message -> message.system().get(SystemProperty.INPUT_NAME))
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"devices/d/modules/m/inputs", INPUTS, INPUTS + "/%24.cdid=d", TOPIC})
    void acknowledgesAndLeavesAloneWhatNamesNoInput(String topic) throws UpstreamException {
        connectModule();
        subscribe();
        peer.say(Packets.publish(1, topic, "x"), Packets.publish(2, INPUTS + "in/", "y"));
        assertEquals(List.of("y"), handler.texts());
        assertEquals(List.of(1), acknowledged());
    }
}
