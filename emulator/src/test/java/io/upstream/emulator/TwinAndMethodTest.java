// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.MethodAnswer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a test of our users does with twins and methods, against a module over real sockets. */
class TwinAndMethodTest {
    private static final EventLoopGroup LOOPS = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    @AfterAll
    static void closeLoops() {
        LOOPS.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @ParameterizedTest(name = "over WebSocket: {0}")
    @ValueSource(booleans = {false, true})
    void talksToAModule(boolean webSocket) throws Exception {
        try (IotHubEmulator hub = start();
                PlainMqttClient client = PlainMqttClient.connect(LOOPS, hub, webSocket)) {
            String key = hub.addModule("dev-1", "m").primaryKey();
            assertEquals(
                    "HostName=localhost;DeviceId=dev-1;ModuleId=m;SharedAccessKey=" + key,
                    hub.connectionString("dev-1", "m"));
            client.send(connect(key));
            client.receive();
            CompletableFuture<MethodAnswer> answer = CompletableFuture.supplyAsync(() -> invoke(hub));
            client.send(MqttMessageBuilders.subscribe()
                    .messageId(1)
                    .addSubscription(MqttQoS.AT_LEAST_ONCE, "$iothub/methods/POST/#")
                    .build());
            client.receive();
            String topic = topic(client.receive());
            assertTrue(topic.startsWith("$iothub/methods/POST/echo/?$rid="), topic);
            client.send(publish(topic.replace("POST/echo", "res/201"), "{\"x\":1}"));
            assertEquals(201, answer.get(20, TimeUnit.SECONDS).status());
            assertEquals("{\"x\":1}", new String(answer.join().payload(), StandardCharsets.UTF_8));

            client.send(MqttMessageBuilders.subscribe()
                    .messageId(2)
                    .addSubscription(MqttQoS.AT_LEAST_ONCE, "$iothub/twin/PATCH/properties/desired/#")
                    .addSubscription(MqttQoS.AT_LEAST_ONCE, "$iothub/twin/res/#")
                    .build());
            client.receive();
            assertEquals(2, hub.patchDesired("dev-1", "m", "{\"interval\":5}"));
            assertEquals("$iothub/twin/PATCH/properties/desired/?$version=2", topic(client.receive()));
            client.send(publish("$iothub/twin/PATCH/properties/reported/?$rid=7", "{\"interval\":5}"));
            client.receive(); // the acknowledgement
            assertEquals("$iothub/twin/res/204/?$rid=7&$version=2", topic(client.receive()));
            assertEquals(
                    5,
                    hub.twin("dev-1", "m").at("/properties/reported/interval").intValue());
            assertEquals(
                    "Connected", hub.twin("dev-1", "m").get("connectionState").textValue());
        }
    }

    private static MethodAnswer invoke(IotHubEmulator hub) {
        try {
            return hub.invokeMethod("dev-1", "m", "echo", "{}", LIMIT);
        } catch (HubException | InterruptedException e) {
            throw new CompletionException(e);
        }
    }

    @Test
    void failsAsTheServiceApiWould() throws Exception {
        try (IotHubEmulator hub = start()) {
            HubException refusal =
                    assertThrows(HubException.class, () -> hub.invokeMethod("dev-1", "x", "{}", Duration.ofSeconds(1)));
            assertEquals(HubError.MALFORMED, refusal.error());
            refusal = assertThrows(HubException.class, () -> hub.invokeMethod("dev-2", "x", "", LIMIT));
            assertEquals(HubError.DEVICE_NOT_FOUND, refusal.error());
            refusal = assertThrows(HubException.class, () -> hub.patchDesired("dev-1", "5"));
            assertEquals(HubError.MALFORMED, refusal.error());
            assertThrows(IllegalArgumentException.class, () -> hub.twin("dev-2"));
            assertThrows(IllegalArgumentException.class, () -> hub.addModule("dev-2", "m"));
            assertEquals("dev-1", hub.twin("dev-1").get("deviceId").textValue());
        }
    }

    private IotHubEmulator start() throws Exception {
        return IotHubEmulator.builder().directory(directory).device("dev-1").start();
    }

    private static MqttMessage connect(String key) {
        return MqttMessageBuilders.connect()
                .protocolVersion(MqttVersion.MQTT_3_1_1)
                .clientId("dev-1/m")
                .username("localhost/dev-1/m/?api-version=2021-04-12")
                .password(Tokens.token(
                                "localhost/devices/dev-1/modules/m",
                                key,
                                Instant.now().plusSeconds(600))
                        .getBytes(StandardCharsets.UTF_8))
                .keepAlive(240)
                .cleanSession(true)
                .build();
    }

    private static MqttMessage publish(String topic, String body) {
        return MqttMessageBuilders.publish()
                .qos(topic.contains("twin") ? MqttQoS.AT_LEAST_ONCE : MqttQoS.AT_MOST_ONCE)
                .messageId(9)
                .topicName(topic)
                .payload(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8))
                .build();
    }

    private static String topic(MqttMessage message) {
        return ((MqttPublishMessage) message).variableHeader().topicName();
    }
}
