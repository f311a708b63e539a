// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import static io.netty.handler.codec.mqtt.MqttConnectReturnCode.CONNECTION_ACCEPTED;
import static io.netty.handler.codec.mqtt.MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageBuilders.ConnectBuilder;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPubAckMessage;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubAckMessage;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.upstream.emulator.ManualClock;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.ProvisioningService;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProvisioningDoorTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SCOPE = "0neTEST";
    private static final String RESOURCE = SCOPE + "/registrations/dev-1";
    private static final String ANSWERS = "$dps/registrations/res/#";
    private static final String REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=";

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);
    private final ProvisioningService service = new ProvisioningService(hub, SCOPE);
    private final MqttHead head = new MqttHead(hub, clock, service);
    private final List<Wire> wires = new ArrayList<>();

    @BeforeEach
    void enrol() {
        service.enrol("dev-1", Tokens.KEY);
    }

    @AfterEach
    void closeWires() {
        wires.forEach(Wire::close);
    }

    @Test
    void assignsADeviceThatAsksAgain() throws Exception {
        Wire wire = subscribed(MqttQoS.AT_LEAST_ONCE);
        wire.send(publish(REGISTER + "a-1", MqttQoS.AT_LEAST_ONCE, 7, "{\"registrationId\":\"dev-1\"}"));
        assertEquals(7, wire.receive(MqttPubAckMessage.class).variableHeader().messageId());
        MqttPublishMessage assigning = wire.receive(MqttPublishMessage.class);
        assertEquals(
                "$dps/registrations/res/202/?$rid=a-1&retry-after=2",
                assigning.variableHeader().topicName());
        assertEquals(MqttQoS.AT_LEAST_ONCE, assigning.fixedHeader().qosLevel());
        JsonNode first = json(assigning);
        assertEquals("assigning", first.get("status").asText());

        String operation = first.get("operationId").asText();
        wire.send(publish(
                "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=a-2&operationId=" + operation,
                MqttQoS.AT_MOST_ONCE,
                0,
                " "));
        MqttPublishMessage assigned = wire.receive(MqttPublishMessage.class);
        assertEquals(
                "$dps/registrations/res/200/?$rid=a-2",
                assigned.variableHeader().topicName());
        JsonNode state = json(assigned).get("registrationState");
        assertEquals("assigned", state.get("status").asText());
        assertEquals("hub.example", state.get("assignedHub").asText());
        assertEquals("dev-1", state.get("deviceId").asText());
        assertEquals("initialAssignment", state.get("substatus").asText());
        assertEquals(Tokens.KEY, hub.get(HubIdentity.device("dev-1")).primaryKey());
    }

    @ParameterizedTest
    @ValueSource(strings = {"AT_MOST_ONCE", "AT_LEAST_ONCE", "EXACTLY_ONCE"})
    void grantsQosOneAtMost(MqttQoS asked) {
        Wire wire = connected();
        wire.send(subscribe(ANSWERS, asked));
        int granted = wire.receive(MqttSubAckMessage.class)
                .payload()
                .grantedQoSLevels()
                .get(0);
        assertEquals(Math.min(1, asked.value()), granted);
    }

    @Test
    void saysNothingToAClientThatHasNotSubscribed() {
        Wire wire = connected();
        wire.send(publish(REGISTER + "1", MqttQoS.AT_MOST_ONCE, 0, ""), MqttMessage.PINGREQ);
        assertEquals(MqttMessageType.PINGRESP, wire.receive().fixedHeader().messageType());
        assertTrue(service.registration("dev-1").isPresent());
    }

    @Test
    void answersErrorsToTheTopicOfTheirStatus() throws Exception {
        service.throttle(id -> {
            throw new ProvisioningException(ProvisioningError.THROTTLED, "too many requests", Duration.ofSeconds(5));
        });
        Wire wire = subscribed(MqttQoS.AT_MOST_ONCE);
        wire.send(publish(REGISTER + "1", MqttQoS.AT_MOST_ONCE, 0, ""));
        MqttPublishMessage answer = wire.receive(MqttPublishMessage.class);
        assertEquals(
                "$dps/registrations/res/429/?$rid=1&retry-after=5",
                answer.variableHeader().topicName());
        assertEquals(429_001, json(answer).get("errorCode").asInt());
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal("another scope", b -> b.username("0neOTHER/registrations/dev-1/api-version=2019-03-31")),
                refusal(
                        "an unknown device",
                        b -> b.clientId("dev-2").username(SCOPE + "/registrations/dev-2/api-version=2019-03-31")),
                refusal("another client id", b -> b.clientId("dev-2")),
                refusal("a wrong key", b -> b.password(token(RESOURCE, Tokens.OTHER_KEY))),
                refusal("a token for another", b -> b.password(token(SCOPE + "/registrations/dev-2", Tokens.KEY))),
                refusal("no password and no certificate", b -> b.hasPassword(false)));
    }

    private static Arguments refusal(String what, UnaryOperator<ConnectBuilder> change) {
        return Arguments.of(what, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void refusesWithCodeFive(String what, UnaryOperator<ConnectBuilder> change) {
        Wire wire = wire();
        wire.send(connect(change), subscribe(ANSWERS, MqttQoS.AT_MOST_ONCE));
        assertEquals(
                CONNECTION_REFUSED_NOT_AUTHORIZED,
                wire.receive(MqttConnAckMessage.class).variableHeader().connectReturnCode());
        assertNull(wire.receive());
        assertFalse(wire.isOpen());
    }

    static Stream<Arguments> violations() {
        return Stream.of(
                Arguments.of("another filter", subscribe("devices/dev-1/messages/devicebound/#", MqttQoS.AT_MOST_ONCE)),
                Arguments.of("a hub's topic", publish("devices/dev-1/messages/events/", MqttQoS.AT_MOST_ONCE, 0, "")),
                Arguments.of(
                        "no request id",
                        publish("$dps/registrations/PUT/iotdps-register/", MqttQoS.AT_MOST_ONCE, 0, "")),
                Arguments.of("QoS 2", publish(REGISTER + "1", MqttQoS.EXACTLY_ONCE, 1, "")),
                Arguments.of("a second CONNECT", connect(b -> b)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("violations")
    void closesTheConnectionOn(String what, MqttMessage message) {
        Wire wire = connected();
        wire.send(message);
        assertFalse(wire.isOpen());
    }

    @Test
    void closesTheConnectionWithItsToken() {
        Wire wire = connected();
        clock.advance(Duration.ofHours(1));
        wire.pass(1, TimeUnit.HOURS);
        assertFalse(wire.isOpen());
    }

    @Test
    void leavesClientsOfTheHubToTheHub() throws Exception {
        hub.put(HubIdentity.device("dev-9"), IdentityStatus.ENABLED, Tokens.KEY, null);
        Wire wire = wire();
        wire.send(connect(b -> b.clientId("dev-9")
                .username("hub.example/dev-9/?api-version=2021-04-12")
                .password(token("hub.example/devices/dev-9", Tokens.KEY))));
        assertEquals(
                CONNECTION_ACCEPTED,
                wire.receive(MqttConnAckMessage.class).variableHeader().connectReturnCode());
        assertTrue(hub.isConnected(HubIdentity.device("dev-9")));
    }

    private Wire wire() {
        Wire wire = new Wire(head);
        wires.add(wire);
        return wire;
    }

    private Wire connected() {
        Wire wire = wire();
        wire.send(connect(b -> b));
        assertEquals(
                CONNECTION_ACCEPTED,
                wire.receive(MqttConnAckMessage.class).variableHeader().connectReturnCode());
        return wire;
    }

    private Wire subscribed(MqttQoS qos) {
        Wire wire = connected();
        wire.send(subscribe(ANSWERS, qos));
        wire.receive(MqttSubAckMessage.class);
        return wire;
    }

    private static MqttMessage connect(UnaryOperator<ConnectBuilder> change) {
        return change.apply(MqttMessageBuilders.connect()
                        .protocolVersion(MqttVersion.MQTT_3_1_1)
                        .cleanSession(true)
                        .keepAlive(180)
                        .clientId("dev-1")
                        .hasUser(true)
                        .username(RESOURCE + "/api-version=2019-03-31&ClientVersion=x")
                        .hasPassword(true)
                        .password(token(RESOURCE, Tokens.KEY)))
                .build();
    }

    private static byte[] token(String resource, String key) {
        String text = Tokens.token(resource, key, new ManualClock().instant().plus(Duration.ofHours(1))) + "&skn=";
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static MqttMessage subscribe(String filter, MqttQoS qos) {
        return MqttMessageBuilders.subscribe()
                .messageId(1)
                .addSubscription(qos, filter)
                .build();
    }

    private static MqttMessage publish(String topic, MqttQoS qos, int id, String body) {
        return MqttMessageBuilders.publish()
                .topicName(topic)
                .qos(qos)
                .messageId(id)
                .payload(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8))
                .build();
    }

    private static JsonNode json(MqttPublishMessage message) throws Exception {
        return JSON.readTree(ByteBufUtil.getBytes(message.payload()));
    }
}
