// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import static io.netty.handler.codec.mqtt.MqttQoS.AT_LEAST_ONCE;
import static io.netty.handler.codec.mqtt.MqttQoS.AT_MOST_ONCE;
import static io.netty.handler.codec.mqtt.MqttQoS.EXACTLY_ONCE;
import static io.upstream.emulator.Tokens.KEY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPubAckMessage;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubAckMessage;
import io.netty.handler.codec.mqtt.MqttUnsubAckMessage;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.upstream.emulator.ManualClock;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.JsonText;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodCall;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.Throttle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Twins, direct methods and inputs on the wire. */
class DeskTest {
    private static final String HUB = "hub.example";
    private static final String RESULTS = "$iothub/twin/res/#";
    private static final String DESIRED = "$iothub/twin/PATCH/properties/desired/#";
    private static final String METHODS = "$iothub/methods/POST/#";
    private static final String REPORT = "$iothub/twin/PATCH/properties/reported/?$rid=";
    private static final HubIdentity DEVICE = HubIdentity.device("d");
    private static final HubIdentity MODULE = HubIdentity.module("d", "m");

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore(HUB, clock, Duration.ZERO);
    private final MqttHead head = new MqttHead(hub, clock);
    private final List<Wire> wires = new ArrayList<>();

    @BeforeEach
    void register() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, KEY, null);
        hub.put(MODULE, IdentityStatus.ENABLED, KEY, null);
    }

    @AfterEach
    void closeWires() {
        wires.forEach(Wire::close);
    }

    // Twin requests

    @ParameterizedTest(name = "{0} at QoS {1} with body \"{2}\"")
    @CsvSource({
        "$iothub/twin/GET/?$rid=1,0,''",
        "$iothub/twin/GET/?$rid=1,1,' '",
        "$iothub/twin/GET/?%24rid=1,0,' '",
        "$iothub/twin/GET/?x=y&$rid=1,1,''",
        "$iothub/twin/GET/?$rid=1&$version=7,0,{}"
    })
    void answersWithTheTwin(String topic, int qos, String body) throws HubException {
        hub.patchTwin(MODULE, JsonText.readObject("{\"properties\":{\"desired\":{\"foo\":\"bar\"}}}"), null);
        Wire wire = subscribed(MODULE, RESULTS);
        wire.send(publish(topic, MqttQoS.valueOf(qos), 9, body));
        if (qos == 1) {
            assertEquals(
                    9, wire.receive(MqttPubAckMessage.class).variableHeader().messageId());
        }
        assertPublished(
                "$iothub/twin/res/200/?$rid=1",
                "{\"desired\":{\"foo\":\"bar\",\"$version\":2},\"reported\":{\"$version\":1}}",
                wire);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "a-b_c.d~", "%7Bx%7D", "0f8fad5b-d9cb-469f-a165-70867728950e", "x%2fy"})
    void givesTheRequestIdBackAsItWasWritten(String id) {
        Wire wire = subscribed(DEVICE, RESULTS);
        wire.send(publish("$iothub/twin/GET/?$rid=" + id, AT_MOST_ONCE, 0, ""));
        assertEquals(
                "$iothub/twin/res/200/?$rid=" + id, next(wire).variableHeader().topicName());
    }

    @ParameterizedTest(name = "{0} {1} is answered {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "r|{\"a\":1}|204/?$rid=r&$version=2|",
                "r&$version=1|{\"a\":1}|204/?$rid=r&$version=2|",
                "r&%24version=1|{\"a\":null}|204/?$rid=r&$version=2|",
                "r|{}|204/?$rid=r&$version=2|",
                "r&$version=7|{\"a\":1}|412/?$rid=r|412001",
                "r&$version=x|{\"a\":1}|400/?$rid=r|400004",
                "r|{\"a\":|400/?$rid=r|400004",
                "r|[1]|400/?$rid=r|400004",
                "r|''|400/?$rid=r|400004",
                "r|' '|400/?$rid=r|400004",
                "r|{\"a\":1,\"a\":2}|400/?$rid=r|400004",
                "r|{\"a.b\":1}|400/?$rid=r|400004"
            })
    void answersReports(String tail, String body, String answer, Integer errorCode) throws HubException {
        Wire wire = subscribed(DEVICE, RESULTS);
        wire.send(publish(REPORT + tail, AT_LEAST_ONCE, 3, body));
        wire.receive(MqttPubAckMessage.class);
        MqttPublishMessage published = next(wire);
        assertEquals("$iothub/twin/res/" + answer, published.variableHeader().topicName());
        if (errorCode == null) {
            assertEquals("", text(published));
        } else {
            JsonNode error = JsonText.readObject(text(published));
            assertEquals(errorCode, error.get("errorCode").intValue());
            assertTrue(error.get("trackingId").textValue().matches("[0-9a-f]{32}-TimeStamp:.+"));
            assertTrue(error.has("message"));
            assertTrue(error.has("timestampUtc"));
        }
        assertTrue(wire.isOpen());
    }

    @Test
    void answersThrottledRequestsWithTheirStatus() throws HubException {
        hub.throttle((identity, operation) -> {
            throw new HubException(HubError.THROTTLED, "too many");
        });
        Wire wire = subscribed(DEVICE, RESULTS);
        wire.send(
                publish("$iothub/twin/GET/?$rid=1", AT_MOST_ONCE, 0, ""), publish(REPORT + "2", AT_MOST_ONCE, 0, "{}"));
        MqttPublishMessage first = next(wire);
        assertEquals("$iothub/twin/res/429/?$rid=1", first.variableHeader().topicName());
        assertEquals(429_001, JsonText.readObject(text(first)).get("errorCode").intValue());
        assertEquals("$iothub/twin/res/429/?$rid=2", next(wire).variableHeader().topicName());
        wire.send(publish("devices/d/messages/events/", AT_LEAST_ONCE, 1, "x"));
        assertNull(wire.receive());
        assertFalse(wire.isOpen());
        hub.throttle(Throttle.NONE);
    }

    @Test
    void answersNobodyWhoHasNotSubscribedToAnswers() throws HubException {
        Wire wire = subscribed(DEVICE, DESIRED);
        wire.send(publish(REPORT + "1", AT_MOST_ONCE, 0, "{\"a\":1}"));
        assertNull(wire.receive());
        assertEquals(1, hub.deviceTwin(DEVICE).at("/reported/a").intValue());
    }

    // Desired properties

    @Test
    void tellsOfDesiredChanges() throws HubException {
        Wire wire = subscribed(DEVICE, DESIRED);
        patchDesired("{\"a\":{\"b\":null},\"c\":[1]}");
        patchDesired("{\"c\":null}");
        assertPublished(
                "$iothub/twin/PATCH/properties/desired/?$version=2",
                "{\"a\":{\"b\":null},\"c\":[1],\"$version\":2}",
                wire);
        assertPublished("$iothub/twin/PATCH/properties/desired/?$version=3", "{\"c\":null,\"$version\":3}", wire);
        wire.send(MqttMessageBuilders.unsubscribe()
                .messageId(9)
                .addTopicFilter(DESIRED)
                .build());
        wire.receive(MqttUnsubAckMessage.class);
        patchDesired("{\"d\":1}");
        assertNull(wire.receive());
    }

    @Test
    void keepsAllSubscriptionsOfASession() throws HubException {
        subscribed(DEVICE, DESIRED, METHODS, RESULTS).close();
        Wire second = connected(DEVICE, false);
        second.send(publish("$iothub/twin/GET/?$rid=1", AT_MOST_ONCE, 0, ""));
        next(second);
        patchDesired("{\"a\":1}");
        next(second);
        call(DEVICE, "m", "");
        assertTrue(next(second).variableHeader().topicName().startsWith("$iothub/methods/POST/m/?$rid="));
        second.close();
        Wire clean = connected(DEVICE, true);
        patchDesired("{\"a\":2}");
        clean.send(publish("$iothub/twin/GET/?$rid=1", AT_MOST_ONCE, 0, ""));
        assertNull(clean.receive());
        assertTrue(call(DEVICE, "m", "").isCompletedExceptionally());
    }

    // Direct methods

    @ParameterizedTest(name = "status {0}, body {1} at {2}")
    @CsvSource({
        "200,'{\"ok\":true}',AT_LEAST_ONCE",
        "200,'',AT_MOST_ONCE",
        "0,null,AT_MOST_ONCE",
        "-7,[],AT_LEAST_ONCE",
        "404,\"text\",AT_MOST_ONCE"
    })
    void callsMethodsAndTakesAnswers(int status, String body, MqttQoS qos) {
        Wire wire = subscribed(MODULE, METHODS);
        CompletableFuture<MethodAnswer> answer = call(MODULE, "reboot now", "{\"delay\":5}");
        MqttPublishMessage call = next(wire);
        String rid = rid(call, "reboot now");
        assertEquals("{\"delay\":5}", text(call));
        wire.send(publish("$iothub/methods/res/" + status + "/?$rid=" + rid, qos, 4, body));
        if (qos == AT_LEAST_ONCE) {
            wire.receive(MqttPubAckMessage.class);
        }
        assertEquals(status, answer.join().status());
        assertEquals(body, new String(answer.join().payload(), StandardCharsets.UTF_8));
    }

    @Test
    void matchesAnswersToCallsAndIgnoresStrangeOnes() {
        Wire wire = subscribed(DEVICE, METHODS);
        CompletableFuture<MethodAnswer> first = call(DEVICE, "a", "");
        CompletableFuture<MethodAnswer> second = call(DEVICE, "b", "");
        String firstId = rid(next(wire), "a");
        String secondId = rid(next(wire), "b");
        wire.send(
                publish("$iothub/methods/res/1/?$rid=3", AT_MOST_ONCE, 0, ""),
                publish("$iothub/methods/res/2/?%24rid=" + secondId, AT_MOST_ONCE, 0, ""),
                publish("$iothub/methods/res/3/?$rid=" + secondId, AT_MOST_ONCE, 0, ""),
                publish("$iothub/methods/res/4/?$rid=" + firstId, AT_MOST_ONCE, 0, ""));
        assertEquals(4, first.join().status());
        assertEquals(2, second.join().status());
        assertTrue(wire.isOpen());
    }

    @Test
    void deliversWhatWaitedForTheSubscription() {
        CompletableFuture<MethodAnswer> answer = hub.invoke(
                        DEVICE, new MethodCall("late", new byte[0], Duration.ofSeconds(30), Duration.ofSeconds(30)))
                .toCompletableFuture();
        Wire wire = connected(DEVICE, true);
        assertNull(wire.receive());
        wire.send(subscribe(METHODS, AT_LEAST_ONCE));
        wire.receive(MqttSubAckMessage.class);
        rid(next(wire), "late");
        assertFalse(answer.isDone());
    }

    @Test
    void stopsCallingAfterUnsubscribeAndDisconnect() {
        Wire wire = subscribed(DEVICE, METHODS);
        wire.send(MqttMessageBuilders.unsubscribe()
                .messageId(9)
                .addTopicFilter(METHODS)
                .addTopicFilter("unheard/of")
                .build());
        wire.receive(MqttUnsubAckMessage.class);
        assertTrue(call(DEVICE, "m", "").isCompletedExceptionally());
        subscribed(DEVICE, METHODS).close();
        assertTrue(call(DEVICE, "m", "").isCompletedExceptionally());
    }

    // Subscriptions, modules, inputs

    @ParameterizedTest
    @EnumSource(
            value = MqttQoS.class,
            names = {"AT_MOST_ONCE", "AT_LEAST_ONCE", "EXACTLY_ONCE"})
    void grantsSeveralFiltersAtOnceAndOneForTwo(MqttQoS asked) {
        Wire wire = connected(MODULE, false);
        int granted = Math.min(1, asked.value());
        wire.send(MqttMessageBuilders.subscribe()
                .messageId(5)
                .addSubscription(asked, RESULTS)
                .addSubscription(asked, DESIRED)
                .addSubscription(asked, METHODS)
                .addSubscription(asked, "devices/d/modules/m/messages/devicebound/#")
                .addSubscription(asked, "devices/d/modules/m/inputs/#")
                .build());
        assertEquals(
                List.of(granted, granted, granted, granted, granted),
                wire.receive(MqttSubAckMessage.class).payload().grantedQoSLevels());
        assertTrue(wire.isOpen());
    }

    @ParameterizedTest
    @ValueSource(strings = {"devices/d/modules/m/inputs/#", "devices/d/modules/m/#"})
    void bringsMessagesToInputs(String filter) throws HubException {
        Wire wire = connected(MODULE, false);
        wire.send(subscribe(filter, EXACTLY_ONCE));
        wire.receive(MqttSubAckMessage.class);
        SentMessage sent = hub.sendToInput(
                MODULE,
                "in 1",
                new HubMessage(
                        Map.of("message-id", "1", "connection-module-id", "sender"), Map.of("k", "v"), new byte[] {'x'
                        }));
        MqttPublishMessage published = next(wire, AT_LEAST_ONCE);
        assertEquals(
                "devices/d/modules/m/inputs/in 1/%24.mid=1&%24.cdid=d&%24.cmid=sender&k=v",
                published.variableHeader().topicName());
        wire.send(MqttMessageBuilders.pubAck()
                .packetId(published.variableHeader().packetId())
                .build());
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void refusesInputsThatCannotBe() {
        HubMessage message = new HubMessage(Map.of(), Map.of(), new byte[0]);
        assertRefused(HubError.MALFORMED, () -> hub.sendToInput(DEVICE, "in", message));
        assertRefused(HubError.MALFORMED, () -> hub.sendToInput(MODULE, "a/b", message));
        assertRefused(HubError.MALFORMED, () -> hub.sendToInput(MODULE, "", message));
        assertRefused(HubError.MODULE_NOT_FOUND, () -> hub.sendToInput(HubIdentity.module("d", "x"), "in", message));
    }

    private static void assertRefused(HubError expected, Executable operation) {
        assertEquals(expected, assertThrows(HubException.class, operation).error());
    }

    // What the tests speak

    private Wire connected(HubIdentity identity, boolean clean) {
        Wire wire = new Wire(head);
        wires.add(wire);
        String path = identity.toString().replace("/", "/modules/");
        wire.send(MqttMessageBuilders.connect()
                .protocolVersion(MqttVersion.MQTT_3_1_1)
                .clientId(identity.toString())
                .username(HUB + "/" + identity + "/?api-version=2021-04-12")
                .password(Tokens.token(
                                HUB + "/devices/" + path, KEY, clock.instant().plusSeconds(600))
                        .getBytes(StandardCharsets.UTF_8))
                .keepAlive(240)
                .cleanSession(clean)
                .build());
        wire.receive(MqttConnAckMessage.class);
        return wire;
    }

    private Wire subscribed(HubIdentity identity, String... filters) {
        Wire wire = connected(identity, false);
        for (String filter : filters) {
            wire.send(subscribe(filter, AT_LEAST_ONCE));
            wire.receive(MqttSubAckMessage.class);
        }
        return wire;
    }

    private void patchDesired(String json) throws HubException {
        hub.patchTwin(DEVICE, JsonText.readObject("{\"properties\":{\"desired\":" + json + "}}"), null);
    }

    private CompletableFuture<MethodAnswer> call(HubIdentity identity, String name, String payload) {
        return hub.invoke(identity, new MethodCall(name, payload.getBytes(StandardCharsets.UTF_8)))
                .toCompletableFuture();
    }

    private static String rid(MqttPublishMessage call, String name) {
        String prefix = "$iothub/methods/POST/" + name + "/?$rid=";
        String topic = call.variableHeader().topicName();
        assertTrue(topic.startsWith(prefix), topic);
        return topic.substring(prefix.length());
    }

    private static MqttPublishMessage next(Wire wire) {
        return next(wire, AT_MOST_ONCE);
    }

    private static MqttPublishMessage next(Wire wire, MqttQoS qos) {
        MqttPublishMessage published = wire.receive(MqttPublishMessage.class);
        assertEquals(qos, published.fixedHeader().qosLevel());
        assertFalse(published.fixedHeader().isDup());
        assertFalse(published.fixedHeader().isRetain());
        return published;
    }

    private static void assertPublished(String topic, String body, Wire wire) {
        MqttPublishMessage published = next(wire);
        assertEquals(topic, published.variableHeader().topicName());
        assertEquals(body, text(published));
    }

    private static String text(MqttPublishMessage published) {
        return published.payload().toString(StandardCharsets.UTF_8);
    }

    private static MqttPublishMessage publish(String topic, MqttQoS qos, int packetId, String body) {
        return new MqttPublishMessage(
                new MqttFixedHeader(MqttMessageType.PUBLISH, false, qos, false, 0),
                new MqttPublishVariableHeader(topic, packetId),
                Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
    }

    private static MqttMessage subscribe(String filter, MqttQoS qos) {
        return MqttMessageBuilders.subscribe()
                .messageId(3)
                .addSubscription(qos, filter)
                .build();
    }
}
