// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IotHubEmulatorTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final EventLoopGroup LOOPS = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @TempDir
    Path directory;

    @AfterAll
    static void closeLoops() {
        LOOPS.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void carriesMessagesBothWays(boolean webSocket) throws Exception {
        try (IotHubEmulator hub = builder().device("dev-1", Tokens.KEY).start();
                PlainMqttClient client = PlainMqttClient.connect(LOOPS, hub, webSocket)) {
            client.send(connect("dev-1"));
            assertEquals(
                    MqttConnectReturnCode.CONNECTION_ACCEPTED,
                    ((MqttConnAckMessage) client.receive()).variableHeader().connectReturnCode());
            assertTrue(hub.isConnected("dev-1"));
            for (int i = 1; i <= 100; i++) {
                client.send(MqttMessageBuilders.publish()
                        .qos(MqttQoS.AT_LEAST_ONCE)
                        .messageId(i)
                        .topicName("devices/dev-1/messages/events/n=" + i)
                        .payload(Unpooled.wrappedBuffer(new byte[i * 100]))
                        .build());
            }
            List<TelemetryRecord> came = hub.awaitTelemetry("dev-1", 100, LIMIT);
            assertEquals("100", came.get(99).message().properties().get("n"));
            assertEquals(10_000, came.get(99).message().body().length);
            for (int i = 1; i <= 100; i++) {
                assertEquals(
                        MqttMessageType.PUBACK, client.receive().fixedHeader().messageType());
            }

            SentMessage sent = hub.sendToDevice("dev-1", new HubMessage(Map.of(), Map.of("k", "v"), new byte[60_000]));
            client.send(MqttMessageBuilders.subscribe()
                    .messageId(1)
                    .addSubscription(MqttQoS.AT_LEAST_ONCE, "devices/dev-1/messages/devicebound/#")
                    .build());
            assertEquals(MqttMessageType.SUBACK, client.receive().fixedHeader().messageType());
            MqttPublishMessage publish = (MqttPublishMessage) client.receive();
            client.send(MqttMessageBuilders.pubAck()
                    .packetId(publish.variableHeader().packetId())
                    .build());
            assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(LIMIT));
        }
    }

    @Test
    void answersAmqpOnItsOwnPort() throws Exception {
        byte[] header = {'A', 'M', 'Q', 'P', 0, 1, 0, 0};
        try (IotHubEmulator hub = builder().start();
                Socket socket = trusting(hub).createSocket(hub.host(), hub.amqpPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(header);
            assertArrayEquals(header, socket.getInputStream().readNBytes(header.length));
        }
    }

    @Test
    void isRefusedByWhoTrustsAnotherAuthority() throws Exception {
        EmulatorCa stranger = EmulatorCa.create();
        try (IotHubEmulator hub = builder().start();
                Socket socket = trusting(stranger.certificate()).createSocket(hub.host(), hub.mqttPort())) {
            socket.setSoTimeout(20_000);
            assertThrows(SSLException.class, () -> socket.getOutputStream().write(1));
        }
    }

    private static SocketFactory trusting(IotHubEmulator hub) throws Exception {
        try (InputStream pem = Files.newInputStream(hub.trustBundle())) {
            return trusting(CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
    }

    private static SocketFactory trusting(Certificate authority) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null);
        store.setCertificateEntry("authority", authority);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    @Test
    void kicksAcrossMqttAndMqttOverWebSocket() throws Exception {
        try (IotHubEmulator hub = builder().device("dev-1", Tokens.KEY).start();
                PlainMqttClient first = PlainMqttClient.connect(LOOPS, hub, false);
                PlainMqttClient second = PlainMqttClient.connect(LOOPS, hub, true)) {
            first.send(connect("dev-1"));
            first.receive();
            second.send(connect("dev-1"));
            second.receive();
            first.awaitClose();
            hub.closeConnectionsOf("dev-1");
            second.awaitClose();
        }
    }

    @Test
    void disconnectsADeviceThatIsDisabled() throws Exception {
        try (IotHubEmulator hub = builder().start();
                PlainMqttClient client = PlainMqttClient.connect(LOOPS, hub, false)) {
            hub.addDevice("dev-1", Tokens.KEY);
            client.send(connect("dev-1"));
            client.receive();
            hub.disableDevice("dev-1");
            client.awaitClose();
            assertThrows(IllegalArgumentException.class, () -> hub.disableDevice("dev-2"));
        }
    }

    @Test
    void keepsItsAuthorityAndTellsConnectionStrings() throws Exception {
        byte[] before;
        try (IotHubEmulator hub =
                builder().device("dev-1", Tokens.KEY).hostName("hub.example").start()) {
            before = Files.readAllBytes(hub.trustBundle());
            assertEquals(
                    "HostName=hub.example;DeviceId=dev-1;SharedAccessKey=" + Tokens.KEY, hub.connectionString("dev-1"));
            assertThrows(IllegalArgumentException.class, () -> hub.connectionString("dev-2"));
        }
        try (IotHubEmulator hub = builder().start()) {
            assertEquals(new String(before, StandardCharsets.US_ASCII), Files.readString(hub.trustBundle()));
        }
    }

    @Test
    void namesThePortThatIsInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            IOException failure = assertThrows(
                    IOException.class,
                    () -> builder().amqpPort(taken.getLocalPort()).start());
            assertTrue(String.valueOf(failure.getMessage())
                    .contains("AMQP port " + taken.getLocalPort() + " on 127.0.0.1"));
        }
        assertFalse(emulatorThreads());
    }

    @Test
    void saysHowManyMessagesCameWhenNotEnoughDid() throws Exception {
        try (IotHubEmulator hub = builder().device("dev-1").start()) {
            TimeoutException failure =
                    assertThrows(TimeoutException.class, () -> hub.awaitTelemetry("dev-1", 1, Duration.ofMillis(1)));
            assertTrue(String.valueOf(failure.getMessage()).startsWith("0 of 1 messages"));
            assertEquals(List.of(), hub.telemetry("dev-1"));
        }
    }

    @Test
    void leavesNoThreadAndFreesItsPorts() throws Exception {
        IotHubEmulator hub = builder().device("dev-1", Tokens.KEY).start();
        try (PlainMqttClient client = PlainMqttClient.connect(LOOPS, hub, false)) {
            client.send(connect("dev-1"));
            client.receive();
            hub.close();
            client.awaitClose();
        }
        assertFalse(emulatorThreads());
        try (IotHubEmulator again = builder()
                .mqttPort(hub.mqttPort())
                .amqpPort(hub.amqpPort())
                .wsPort(hub.wsPort())
                .apiPort(hub.apiPort())
                .start()) {
            assertEquals(hub.wsPort(), again.wsPort());
        }
        hub.close();
    }

    @Test
    void wantsADirectory() {
        assertThrows(IllegalStateException.class, () -> IotHubEmulator.builder().start());
    }

    private static boolean emulatorThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("upstream-emulator"));
    }

    private EmulatorBuilder builder() {
        return IotHubEmulator.builder().directory(directory);
    }

    private static MqttMessage connect(String deviceId) {
        String token = Tokens.token(
                "localhost/devices/" + deviceId, Tokens.KEY, Instant.now().plusSeconds(600));
        return MqttMessageBuilders.connect()
                .protocolVersion(MqttVersion.MQTT_3_1_1)
                .clientId(deviceId)
                .username("localhost/" + deviceId + "/?api-version=2021-04-12")
                .password(token.getBytes(StandardCharsets.UTF_8))
                .keepAlive(60)
                .build();
    }
}
