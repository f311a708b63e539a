// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import static io.netty.handler.codec.mqtt.MqttConnectReturnCode.CONNECTION_ACCEPTED;
import static io.netty.handler.codec.mqtt.MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED;
import static io.netty.handler.codec.mqtt.MqttQoS.AT_LEAST_ONCE;
import static io.netty.handler.codec.mqtt.MqttQoS.AT_MOST_ONCE;
import static io.netty.handler.codec.mqtt.MqttQoS.EXACTLY_ONCE;
import static io.upstream.emulator.Tokens.KEY;
import static io.upstream.emulator.Tokens.OTHER_KEY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageBuilders.ConnectBuilder;
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
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MqttHeadTest {
    private static final String HUB = "hub.example";
    private static final String USER = HUB + "/dev-1/?api-version=2021-04-12";
    private static final String EVENTS = "devices/dev-1/messages/events/";
    private static final String CLOUD = "devices/dev-1/messages/devicebound/#";

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore(HUB, clock, Duration.ZERO);
    private final MqttHead head = new MqttHead(hub, clock);
    private final List<Wire> wires = new ArrayList<>();

    @BeforeEach
    void register() throws HubException {
        hub.put(HubIdentity.device("dev-1"), IdentityStatus.ENABLED, KEY, null);
        hub.put(HubIdentity.module("dev-1", "m"), IdentityStatus.ENABLED, KEY, null);
        hub.put(HubIdentity.device("off"), IdentityStatus.DISABLED, KEY, null);
    }

    @AfterEach
    void closeWires() {
        wires.forEach(Wire::close);
    }

    // CONNECT

    @Test
    void acceptsADevice() {
        assertFalse(accepted(wire(), connect(b -> b)).variableHeader().isSessionPresent());
        assertTrue(hub.isConnected(HubIdentity.device("dev-1")));
    }

    @Test
    void acceptsConnectInSingleBytesAndWhatIsPipelinedBehindIt() {
        Wire wire = wire();
        wire.sendOneByOne(connect(b -> b));
        assertEquals(
                CONNECTION_ACCEPTED,
                wire.receive(MqttConnAckMessage.class).variableHeader().connectReturnCode());
        Wire pipelined = wire();
        pipelined.send(connect(b -> b), publish(EVENTS, AT_LEAST_ONCE, 7, "x"));
        pipelined.receive(MqttConnAckMessage.class);
        assertEquals(
                7, pipelined.receive(MqttPubAckMessage.class).variableHeader().messageId());
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal(
                        "an unknown device",
                        b -> b.clientId("dev-9")
                                .username(HUB + "/dev-9/?api-version=1")
                                .password(token("dev-9", KEY))),
                refusal(
                        "a disabled device",
                        b -> b.clientId("off")
                                .username(HUB + "/off/?api-version=1")
                                .password(token("off", KEY))),
                refusal("an unknown module", b -> b.clientId("dev-1/x").username(HUB + "/dev-1/x/?api-version=1")),
                refusal("a wrong key", b -> b.password(token("dev-1", OTHER_KEY))),
                refusal("a token for another", b -> b.password(token("dev-2", KEY))),
                refusal("a password that is no token", b -> b.password("secret".getBytes(StandardCharsets.UTF_8))),
                refusal("no password", b -> b.hasPassword(false)),
                refusal("another client id", b -> b.clientId("Dev-1")),
                refusal("an empty client id", b -> b.clientId("").cleanSession(true)),
                refusal("another hub", b -> b.username("other.example/dev-1/?api-version=1")),
                refusal("a user name without api-version", b -> b.username(HUB + "/dev-1")),
                refusal("no user name", b -> b.hasUser(false).hasPassword(false)));
    }

    private static Arguments refusal(String what, UnaryOperator<ConnectBuilder> change) {
        return Arguments.of(what, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void refusesWithCodeFive(String what, UnaryOperator<ConnectBuilder> change) {
        Wire wire = wire();
        wire.send(connect(change), publish(EVENTS, AT_LEAST_ONCE, 1, "x"));
        assertEquals(
                CONNECTION_REFUSED_NOT_AUTHORIZED,
                wire.receive(MqttConnAckMessage.class).variableHeader().connectReturnCode());
        assertNull(wire.receive());
        assertFalse(wire.isOpen());
        assertEquals(0, hub.telemetry().lastSequence());
    }

    @ParameterizedTest
    @CsvSource({"MQTT_3_1", "MQTT_5"})
    void refusesOtherVersionsWithCodeOne(MqttVersion version) {
        Wire wire = wire();
        wire.send(connect(b -> b.protocolVersion(version)));
        assertArrayOut("20020001", wire);
    }

    @Test
    void refusesAnUnheardOfVersionWithCodeOne() {
        Wire wire = wire();
        wire.sendBytes(HexFormat.of().parseHex("100e00044d51545406020000000261620000"));
        assertArrayOut("20020001", wire);
    }

    private static void assertArrayOut(String hex, Wire wire) {
        ByteBuf out = wire.server().readOutbound();
        assertEquals(hex, ByteBufUtil.hexDump(out));
        out.release();
        assertFalse(wire.isOpen());
    }

    static Stream<Arguments> firstPackets() {
        return Stream.of(
                Arguments.of("PINGREQ", "c000"),
                Arguments.of("PUBLISH", "3003000161"),
                Arguments.of("a reserved type", "0000"),
                Arguments.of("HTTP", "474554202f20485454502f312e310d0a0d0a"),
                Arguments.of("a reserved connect flag", "100e00044d51545404030000000261620000"),
                Arguments.of("a length of five bytes", "10ffffffff01"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("firstPackets")
    void closesWhenTheFirstPacketIs(String what, String hex) {
        Wire wire = wire();
        wire.sendBytes(HexFormat.of().parseHex(hex));
        assertNull(wire.receive());
        assertFalse(wire.isOpen());
    }

    @Test
    void waitsOneMinuteForConnect() {
        Wire wire = wire();
        wire.pass(59_999, TimeUnit.MILLISECONDS);
        assertTrue(wire.isOpen());
        wire.pass(1, TimeUnit.MILLISECONDS);
        assertFalse(wire.isOpen());
    }

    @Test
    void letsTheNewcomerKickTheEarlierConnection() {
        Wire first = connected(b -> b);
        Wire second = connected(b -> b);
        assertFalse(first.isOpen());
        assertTrue(second.isOpen());
        assertTrue(hub.isConnected(HubIdentity.device("dev-1")));
        second.send(MqttMessage.DISCONNECT);
        assertFalse(second.isOpen());
        assertFalse(hub.isConnected(HubIdentity.device("dev-1")));
    }

    @Test
    void closesWhenTheTokenEnds() {
        Wire wire = connected(b -> b.keepAlive(0));
        clock.advance(Duration.ofSeconds(599));
        wire.pass(599, TimeUnit.SECONDS);
        assertTrue(wire.isOpen());
        clock.advance(Duration.ofSeconds(1));
        wire.pass(1, TimeUnit.SECONDS);
        assertFalse(wire.isOpen());
    }

    @ParameterizedTest
    @CsvSource({"10,15", "100,150", "390,585"})
    void closesAfterOneAndAHalfKeepAlive(int keepAlive, int patience) {
        Wire wire = connected(b -> b.keepAlive(keepAlive));
        wire.pass(patience - 1, TimeUnit.SECONDS);
        wire.send(MqttMessage.PINGREQ);
        assertEquals(
                MqttMessageType.PINGRESP,
                wire.receive(MqttMessage.class).fixedHeader().messageType());
        wire.pass(patience - 1, TimeUnit.SECONDS);
        assertTrue(wire.isOpen());
        wire.pass(1, TimeUnit.SECONDS);
        assertFalse(wire.isOpen());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1_178, 65_535})
    void capsTheKeepAlive(int keepAlive) {
        Wire wire = wire();
        byte[] longToken = Tokens.token(
                        HUB + "/devices/dev-1", KEY, clock.instant().plusSeconds(9_999))
                .getBytes(StandardCharsets.UTF_8);
        accepted(wire, connect(b -> b.keepAlive(keepAlive).password(longToken)));
        wire.pass(1_766, TimeUnit.SECONDS);
        assertTrue(wire.isOpen());
        wire.pass(1, TimeUnit.SECONDS);
        assertFalse(wire.isOpen());
    }

    // Telemetry

    @Test
    void acknowledgesWhatTheHubHasTaken() throws HubException {
        Wire wire = connected(b -> b);
        wire.send(publish(EVENTS + "%24.mid=m%201&$.ct=application%2Fjson&k%201=v", AT_LEAST_ONCE, 65_535, "{}"));
        assertEquals(
                65_535, wire.receive(MqttPubAckMessage.class).variableHeader().messageId());
        TelemetryRecord record = onlyRecord();
        assertEquals(HubIdentity.device("dev-1"), record.identity());
        assertEquals(
                Map.of("message-id", "m 1", "content-type", "application/json"),
                record.message().systemProperties());
        assertEquals(Map.of("k 1", "v"), record.message().properties());
        assertEquals("{}", new String(record.message().body(), StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "devices/dev-1/messages/events",
                "devices/dev-1/messages/events/",
                "devices/dev-1/messages/events/?",
                "devices/dev%2D1/messages/events/"
            })
    void acceptsTheTelemetryTopicInAllItsForms(String topic) {
        Wire wire = connected(b -> b);
        wire.send(publish(topic, AT_MOST_ONCE, 0, ""));
        assertNull(wire.receive());
        assertTrue(wire.isOpen());
        assertEquals(Map.of(), onlyRecord().message().properties());
    }

    @Test
    void acceptsModules() {
        Wire wire = wire();
        accepted(
                wire,
                connect(b -> b.clientId("dev-1/m")
                        .username(HUB + "/dev-1/m/?api-version=2021-04-12")
                        .password(token("dev-1/modules/m", KEY))));
        wire.send(publish("devices/dev-1/modules/m/messages/events/%24.on=out1&a=b/", AT_LEAST_ONCE, 1, "x"));
        wire.receive(MqttPubAckMessage.class);
        assertEquals(HubIdentity.module("dev-1", "m"), onlyRecord().identity());
        assertEquals(Map.of("output-name", "out1"), onlyRecord().message().systemProperties());
    }

    @Test
    void notesRetainAndDuplicateAsProperties() {
        Wire wire = connected(b -> b);
        wire.send(new MqttPublishMessage(
                new MqttFixedHeader(MqttMessageType.PUBLISH, true, AT_LEAST_ONCE, true, 0),
                new MqttPublishVariableHeader(EVENTS + "a=b", 1),
                Unpooled.EMPTY_BUFFER));
        assertEquals(
                Map.of("a", "b", "mqtt-retain", "true", "mqtt-dup", "true"),
                onlyRecord().message().properties());
    }

    static Stream<Arguments> offences() {
        String longest = "x".repeat(262_144);
        return Stream.of(
                offence("QoS 2", publish(EVENTS, EXACTLY_ONCE, 1, "x")),
                offence("another device's topic", publish("devices/dev-2/messages/events/", AT_LEAST_ONCE, 1, "x")),
                offence("an unknown topic", publish("devices/dev-1/messages/event/", AT_LEAST_ONCE, 1, "x")),
                offence(
                        "the topic of messages to devices",
                        publish("devices/dev-1/messages/devicebound/", AT_LEAST_ONCE, 1, "x")),
                offence("a twin topic without $rid", publish("$iothub/twin/GET/", AT_MOST_ONCE, 0, "")),
                offence("a twin topic with another parameter", publish("$iothub/twin/GET/?rid=1", AT_MOST_ONCE, 0, "")),
                offence("a twin topic with an empty $rid", publish("$iothub/twin/GET/?$rid=", AT_LEAST_ONCE, 1, "")),
                offence("a twin topic of the hub's own", publish("$iothub/twin/res/200/?$rid=1", AT_MOST_ONCE, 0, "")),
                offence(
                        "a report to desired properties",
                        publish("$iothub/twin/PATCH/properties/desired/?$rid=1", AT_MOST_ONCE, 0, "{}")),
                offence("a twin request at QoS 2", publish("$iothub/twin/GET/?$rid=1", EXACTLY_ONCE, 1, "")),
                offence("an answer without $rid", publish("$iothub/methods/res/200/", AT_LEAST_ONCE, 1, "{}")),
                offence(
                        "an answer whose status is no number",
                        publish("$iothub/methods/res/ok/?$rid=1", AT_LEAST_ONCE, 1, "{}")),
                offence(
                        "an answer that is not JSON",
                        publish("$iothub/methods/res/200/?$rid=1", AT_LEAST_ONCE, 1, "x")),
                offence("an empty topic", publish("", AT_MOST_ONCE, 0, "")),
                offence("a malformed bag", publish(EVENTS + "a=%zz", AT_LEAST_ONCE, 1, "x")),
                offence("text behind the bag", publish(EVENTS + "a=b/c", AT_LEAST_ONCE, 1, "x")),
                offence("a message that is too large", publish(EVENTS, AT_LEAST_ONCE, 1, longest + "x")),
                offence("one made too large by a property", publish(EVENTS + "%24.mid=1", AT_LEAST_ONCE, 1, longest)),
                offence("a second CONNECT", connect(b -> b)),
                offence("a packet that only servers send", MqttMessage.PINGRESP),
                offence("an unknown filter", subscribe("devices/dev-2/messages/devicebound/#", AT_LEAST_ONCE)),
                offence("a twin filter that is not offered", subscribe("$iothub/twin/#", AT_MOST_ONCE)),
                offence("the inputs of a device", subscribe("devices/dev-1/inputs/#", AT_MOST_ONCE)),
                offence("all topics of a device", subscribe("devices/dev-1/#", AT_MOST_ONCE)),
                offence("the filter of everything", subscribe("#", AT_MOST_ONCE)));
    }

    private static Arguments offence(String what, MqttMessage message) {
        return Arguments.of(what, message);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("offences")
    void closesWithoutAWordUpon(String what, MqttMessage message) {
        Wire wire = connected(b -> b);
        wire.send(message, publish(EVENTS, AT_LEAST_ONCE, 2, "too late"));
        assertNull(wire.receive());
        assertFalse(wire.isOpen());
        assertEquals(0, hub.telemetry().lastSequence());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "3605000161000a", // QoS 3
                "32050001610000", // packet id 0
                "8003000100", // SUBSCRIBE with flags 0
                "82020001", // SUBSCRIBE without a filter
                "a2020001", // UNSUBSCRIBE without a filter
                "3004000361c328", // not UTF-8
                "3003000123", // a wildcard in a topic name
                "50020001", // PUBREC
                "c200ff0000" // flags on PINGREQ, then rubbish
            })
    void closesUponBytesThatAreNotMqtt(String hex) {
        Wire wire = connected(b -> b);
        wire.sendBytes(HexFormat.of().parseHex(hex));
        assertFalse(wire.isOpen(), hex);
    }

    @Test
    void acceptsTheLargestMessageWithTheLongestTopic() {
        Wire wire = connected(b -> b);
        wire.send(publish(EVENTS, AT_LEAST_ONCE, 1, "x".repeat(262_144)));
        wire.receive(MqttPubAckMessage.class);
        String value = "v".repeat(65_535 - EVENTS.length() - 2);
        wire.send(publish(EVENTS + "k=" + value, AT_LEAST_ONCE, 2, "x".repeat(262_144 - value.length() - 1)));
        wire.receive(MqttPubAckMessage.class);
        assertEquals(2, hub.telemetry().lastSequence());
    }

    @Test
    void stopsReadingWhileItsAnswersAreNotTaken() {
        Wire wire = connected(b -> b);
        wire.server().unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        wire.isOpen();
        assertFalse(wire.server().config().isAutoRead());
        wire.server().unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        wire.isOpen();
        assertTrue(wire.server().config().isAutoRead());
    }

    // Will

    @Test
    void publishesTheWillOfAConnectionThatIsCut() {
        connected(this::withWill).close();
        assertEquals(
                Map.of("a", "b", "iothub-MessageType", "Will"),
                onlyRecord().message().properties());
    }

    @Test
    void forgetsTheWillAfterDisconnect() {
        connected(this::withWill).send(MqttMessage.DISCONNECT);
        assertEquals(0, hub.telemetry().lastSequence());
    }

    @ParameterizedTest
    @CsvSource({"devices/dev-2/messages/events/,1", "elsewhere,0", "devices/dev-1/messages/events/,2"})
    void closesUponAWillThatIsNotTelemetry(String topic, int qos) {
        Wire wire = wire();
        wire.send(connect(b -> withWill(b).willTopic(topic).willQoS(MqttQoS.valueOf(qos))));
        assertNull(wire.receive());
        assertFalse(wire.isOpen());
    }

    private ConnectBuilder withWill(ConnectBuilder builder) {
        return builder.willFlag(true)
                .willQoS(AT_LEAST_ONCE)
                .willTopic(EVENTS + "a=b")
                .willMessage(new byte[] {1});
    }

    // Cloud to device

    @Test
    void deliversAndCompletesWithTheAcknowledgement() throws HubException {
        Wire wire = connected(b -> b);
        wire.send(subscribe(CLOUD, AT_LEAST_ONCE));
        assertEquals(List.of(1), wire.receive(MqttSubAckMessage.class).payload().grantedQoSLevels());
        SentMessage sent = hub.sendToDevice("dev-1", message("m1"));
        MqttPublishMessage publish = wire.receive(MqttPublishMessage.class);
        assertEquals(
                "devices/dev-1/messages/devicebound/%24.mid=m1&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound&k=v",
                publish.variableHeader().topicName());
        assertEquals(AT_LEAST_ONCE, publish.fixedHeader().qosLevel());
        assertFalse(publish.fixedHeader().isDup());
        assertEquals(CloudMessageState.LOCKED, sent.state());
        wire.send(pubAck(publish.variableHeader().packetId()));
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void grantsOneWhereTwoIsAsked() {
        Wire wire = connected(b -> b);
        wire.send(subscribe(CLOUD, EXACTLY_ONCE));
        assertEquals(List.of(1), wire.receive(MqttSubAckMessage.class).payload().grantedQoSLevels());
    }

    @Test
    void completesAtOnceUnderQosZero() throws HubException {
        Wire wire = connected(b -> b);
        wire.send(subscribe(CLOUD, AT_MOST_ONCE));
        assertEquals(List.of(0), wire.receive(MqttSubAckMessage.class).payload().grantedQoSLevels());
        SentMessage sent = hub.sendToDevice("dev-1", message("m1"));
        assertEquals(
                AT_MOST_ONCE,
                wire.receive(MqttPublishMessage.class).fixedHeader().qosLevel());
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void deliversToAResumedSessionWithoutANewSubscription() throws HubException {
        Wire first = connected(b -> b.cleanSession(false));
        first.send(subscribe(CLOUD, AT_LEAST_ONCE));
        first.receive(MqttSubAckMessage.class);
        SentMessage sent = hub.sendToDevice("dev-1", message("m1"));
        int packetId = first.receive(MqttPublishMessage.class).variableHeader().packetId();
        first.close();
        assertEquals(CloudMessageState.ENQUEUED, sent.state());

        Wire second = wire();
        assertTrue(accepted(second, connect(b -> b.cleanSession(false)))
                .variableHeader()
                .isSessionPresent());
        MqttPublishMessage again = second.receive(MqttPublishMessage.class);
        assertTrue(again.fixedHeader().isDup());
        assertEquals(packetId, again.variableHeader().packetId());
        second.send(pubAck(packetId));
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void forgetsTheSessionWhenACleanOneIsAsked() throws HubException {
        Wire first = connected(b -> b.cleanSession(false));
        first.send(subscribe(CLOUD, AT_LEAST_ONCE));
        first.receive(MqttSubAckMessage.class);
        hub.sendToDevice("dev-1", message("m1"));
        Wire clean = wire();
        assertFalse(accepted(clean, connect(b -> b.cleanSession(true)))
                .variableHeader()
                .isSessionPresent());
        assertNull(clean.receive());
        Wire third = wire();
        assertFalse(accepted(third, connect(b -> b.cleanSession(false)))
                .variableHeader()
                .isSessionPresent());
        assertNull(third.receive());
        third.send(subscribe(CLOUD, AT_LEAST_ONCE));
        third.receive(MqttSubAckMessage.class);
        third.receive(MqttPublishMessage.class);
    }

    @Test
    void stopsDeliveringAfterUnsubscribe() throws HubException {
        Wire wire = connected(b -> b);
        wire.send(subscribe(CLOUD, AT_LEAST_ONCE));
        wire.receive(MqttSubAckMessage.class);
        wire.send(MqttMessageBuilders.unsubscribe()
                .messageId(9)
                .addTopicFilter(CLOUD)
                .build());
        wire.receive(MqttUnsubAckMessage.class);
        SentMessage sent = hub.sendToDevice("dev-1", message("m1"));
        assertNull(wire.receive());
        assertEquals(CloudMessageState.ENQUEUED, sent.state());
    }

    @Test
    void sendsAgainWhenTheLockLapses() throws HubException {
        Wire wire = connected(b -> b);
        wire.send(subscribe(CLOUD, AT_LEAST_ONCE));
        wire.receive(MqttSubAckMessage.class);
        SentMessage sent = hub.sendToDevice("dev-1", message("m1"));
        int packetId = wire.receive(MqttPublishMessage.class).variableHeader().packetId();
        clock.advance(Duration.ofSeconds(60));
        hub.sweep();
        MqttPublishMessage again = wire.receive(MqttPublishMessage.class);
        assertTrue(again.fixedHeader().isDup());
        assertEquals(packetId, again.variableHeader().packetId());
        wire.send(pubAck(packetId));
        wire.send(pubAck(packetId));
        assertTrue(wire.isOpen());
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void rejectsAMessageWhosePropertiesDoNotFitATopic() throws HubException {
        Wire wire = connected(b -> b);
        wire.send(subscribe(CLOUD, AT_LEAST_ONCE));
        wire.receive(MqttSubAckMessage.class);
        SentMessage sent =
                hub.sendToDevice("dev-1", new HubMessage(Map.of(), Map.of("k", " ".repeat(30_000)), new byte[0]));
        assertNull(wire.receive());
        assertEquals(CloudMessageState.REJECTED, sent.state());
        assertTrue(wire.isOpen());
    }

    // What the tests speak

    private Wire wire() {
        Wire wire = new Wire(head);
        wires.add(wire);
        return wire;
    }

    private Wire connected(UnaryOperator<ConnectBuilder> change) {
        Wire wire = wire();
        accepted(wire, connect(change));
        return wire;
    }

    private static MqttConnAckMessage accepted(Wire wire, MqttConnectMessage connect) {
        wire.send(connect);
        MqttConnAckMessage connAck = wire.receive(MqttConnAckMessage.class);
        assertSame(CONNECTION_ACCEPTED, connAck.variableHeader().connectReturnCode());
        return connAck;
    }

    private static MqttConnectMessage connect(UnaryOperator<ConnectBuilder> change) {
        return change.apply(MqttMessageBuilders.connect()
                        .protocolVersion(MqttVersion.MQTT_3_1_1)
                        .clientId("dev-1")
                        .username(USER)
                        .password(token("dev-1", KEY))
                        .keepAlive(240)
                        .cleanSession(true))
                .build();
    }

    private static byte[] token(String path, String key) {
        return Tokens.token(
                        HUB + "/devices/" + path,
                        key,
                        new ManualClock().instant().plusSeconds(600))
                .getBytes(StandardCharsets.UTF_8);
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

    private static MqttMessage pubAck(int packetId) {
        return MqttMessageBuilders.pubAck().packetId(packetId).build();
    }

    private static HubMessage message(String id) {
        return new HubMessage(Map.of("message-id", id), Map.of("k", "v"), new byte[] {1, 2, 3});
    }

    private TelemetryRecord onlyRecord() {
        List<TelemetryRecord> records = hub.telemetry().read(0, 10, null).records();
        assertEquals(1, records.size());
        return records.get(0);
    }
}
