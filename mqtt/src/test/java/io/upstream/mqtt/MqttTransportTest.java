// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.ConnectionString;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.NetworkException;
import io.upstream.Phase;
import io.upstream.ProxyChoice;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.SessionStatus;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.testing.VirtualWorld;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole way, from the public API to a hub that nobody here shares code with. */
class MqttTransportTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    static Path directory;

    private static IotHubEmulator hub;
    private static UpstreamRuntime runtime;

    private final List<UpstreamTransport> opened = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        hub = IotHubEmulator.builder().directory(directory).start();
        runtime = UpstreamRuntime.builder().threads(2).build();
    }

    @AfterAll
    static void stop() {
        runtime.close();
        hub.close();
    }

    @AfterEach
    void closeTransports() {
        opened.forEach(UpstreamTransport::close);
    }

    private UpstreamTransport transport(UpstreamProtocol protocol) {
        return transport(protocol, protocol.isWebSocket() ? hub.wsPort() : hub.mqttPort());
    }

    private UpstreamTransport transport(UpstreamProtocol protocol, int port) {
        return transport(protocol, port, ProxyChoice.DIRECT);
    }

    private UpstreamTransport transport(UpstreamProtocol protocol, int port, ProxyChoice proxy) {
        UpstreamOptions options = UpstreamOptions.forHub(hub.hostName())
                .proxy(proxy)
                .protocol(protocol)
                .port(port)
                .trust(Trust.systemAnd(hub.trustBundle()))
                .build();
        UpstreamTransport transport = UpstreamTransport.create(options, runtime);
        opened.add(transport);
        return transport;
    }

    /** A device that no other test uses. */
    private static String device(UpstreamProtocol protocol, String test) {
        String id = test + "-" + protocol.wireName();
        hub.addDevice(id);
        return id;
    }

    private UpstreamSession open(UpstreamProtocol protocol, String deviceId) throws Exception {
        return open(transport(protocol), deviceId);
    }

    private static UpstreamSession open(UpstreamTransport transport, String deviceId) throws Exception {
        ConnectionString connection = ConnectionString.parse(hub.connectionString(deviceId));
        return await(transport.open(connection.identity(), connection.credentials()));
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static UpstreamException failure(CompletionStage<?> stage) {
        return assertInstanceOf(
                UpstreamException.class,
                assertThrows(ExecutionException.class, () -> await(stage)).getCause());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void bringsTelemetryWithAllItsProperties(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "telemetry");
        UpstreamSession session = open(protocol, device);
        assertEquals(protocol, session.protocol());
        await(session.send(Telemetry.json("{\"t\":21.5}")
                .messageId("id/1")
                .correlationId("c&1")
                .system(SystemProperty.USER_ID, "me")
                .property("näme %", "v=&/é😀")
                .property("empty", "")));
        TelemetryRecord came = hub.awaitTelemetry(device, 1, LIMIT).get(0);
        assertEquals("{\"t\":21.5}", new String(came.message().body(), UTF_8));
        Map<String, String> system = came.message().systemProperties();
        assertEquals("id/1", system.get("message-id"));
        assertEquals("c&1", system.get("correlation-id"));
        assertEquals("me", system.get("user-id"));
        assertEquals("application/json", system.get("content-type"));
        assertEquals("utf-8", system.get("content-encoding"));
        assertEquals(Map.of("näme %", "v=&/é😀", "empty", ""), came.message().properties());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void bringsALargeMessageAndRefusesATooLargeOneAlone(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "large");
        UpstreamSession session = open(protocol, device);
        byte[] body = new byte[262_000];
        new Random(1).nextBytes(body);
        CompletionStage<Void> large = session.send(Telemetry.of(body));
        CompletionStage<Void> tooLarge =
                session.send(Telemetry.of(new byte[262_144]).property("k", "v"));
        CompletionStage<Void> small = session.send(Telemetry.json("1"));
        assertEquals(FailureKind.TOO_LARGE, failure(tooLarge).kind());
        await(large);
        await(small);
        assertArrayEquals(
                body, hub.awaitTelemetry(device, 2, LIMIT).get(0).message().body());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void bringsManyMessagesInOrder(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "many");
        UpstreamSession session = open(protocol, device);
        List<CompletableFuture<Void>> sends = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            byte[] body = ("" + i).concat(" ".repeat(i % 7 == 0 ? 5_000 : 10)).getBytes(UTF_8);
            sends.add(session.send(Telemetry.of(body)).toCompletableFuture());
        }
        await(CompletableFuture.allOf(sends.toArray(new CompletableFuture<?>[0])));
        List<TelemetryRecord> came = hub.awaitTelemetry(device, 1_000, LIMIT);
        assertEquals(1_000, came.size());
        for (int i = 0; i < came.size(); i++) {
            assertEquals("" + i, new String(came.get(i).message().body(), UTF_8).strip());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void receivesAndCompletesCloudMessages(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "cloud");
        UpstreamSession session = open(protocol, device);
        BlockingQueue<CloudMessage> came = new LinkedBlockingQueue<>();
        await(session.onMessage(MessageHandler.completing(came::add)));
        HubMessage message = new HubMessage(Map.of("message-id", "m/1"), Map.of("k ö", "v&"), "down".getBytes(UTF_8));
        SentMessage sent = hub.sendToDevice(device, message);
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(LIMIT));
        CloudMessage first = came.remove();
        assertEquals("down", UTF_8.decode(first.payload()).toString());
        assertEquals("m/1", first.messageId().orElseThrow());
        assertEquals(Map.of("k ö", "v&"), first.properties());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void failsAuthenticationWithAWrongKeyAndForAnUnknownDevice(UpstreamProtocol protocol) {
        String device = device(protocol, "key");
        SasKey wrong = SasKey.of("d3Jvbmcga2V5IG9mIGEgZGV2aWNl");
        UpstreamTransport transport = transport(protocol);
        for (String id : List.of(device, "nobody")) {
            UpstreamException refused = failure(transport.open(Identity.device(id), wrong));
            assertEquals(FailureKind.UNAUTHORIZED, refused.kind());
            assertEquals("mqtt", refused.stage());
            assertTrue(refused.getMessage().contains("device id and its key"), refused.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void losesItsConnectionToTheSameDeviceElsewhere(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "twice");
        UpstreamTransport transport = transport(protocol);
        UpstreamSession first = open(transport, device);
        CompletableFuture<SessionStatus> ended = new CompletableFuture<>();
        first.onStatus(status -> {
            if (status.phase() == Phase.RECONNECTING) {
                ended.complete(status);
            }
        });
        UpstreamSession second = open(transport, device);
        UpstreamException cause = await(ended).cause();
        assertTrue(cause != null && cause.isTransient(), "was " + cause);
        await(second.send(Telemetry.json("2")));
        await(first.close(Duration.ofSeconds(10)));
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void letsTheLastMessageThroughWhenItCloses(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "close");
        UpstreamTransport transport = transport(protocol);
        UpstreamSession session = open(transport, device);
        CompletionStage<Void> send = session.send(Telemetry.json("1"));
        await(transport.close(Duration.ofSeconds(10)));
        await(send);
        assertEquals(new SessionStatus(Phase.CLOSED, null), session.status());
        assertEquals(
                FailureKind.CLOSED, failure(session.send(Telemetry.json("2"))).kind());
        assertEquals(
                FailureKind.CLOSED,
                failure(session.onMessage(MessageHandler.completing(m -> {}))).kind());
        assertEquals(
                FailureKind.CLOSED,
                failure(transport.open(Identity.device(device), SasKey.of("a2V5")))
                        .kind());
        assertEquals(1, hub.telemetry(device).size());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void goesThroughAProxyAndComesBackWhenTheTunnelIsCut(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "proxy");
        int port = protocol.isWebSocket() ? hub.wsPort() : hub.mqttPort();
        try (ConnectProxy proxy =
                ConnectProxy.builder().credentials("u", "p").allowPorts(port).start()) {
            HostPort address = new HostPort(
                    proxy.address().getHostString(), proxy.address().getPort());
            ProxyServer server = ProxyServer.http(address, new UserPassword("u", "p"));
            UpstreamSession session = open(transport(protocol, port, target -> List.of(server)), device);
            await(session.send(Telemetry.json("1")));
            assertEquals(1, hub.telemetry(device).size());
            CompletableFuture<SessionStatus> ended = new CompletableFuture<>();
            session.onStatus(status -> {
                if (status.phase() == Phase.RECONNECTING) {
                    ended.complete(status);
                }
            });
            proxy.cutAll();
            assertInstanceOf(NetworkException.class, await(ended).cause());
            await(session.send(Telemetry.json("2")));
            assertEquals(2, hub.telemetry(device).size());
        }
    }

    @Test
    void abortsAnAttemptUnderWayWhenItCloses() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            UpstreamTransport transport = transport(UpstreamProtocol.MQTT, silent.getLocalPort());
            CompletionStage<UpstreamSession> opening = transport.open(Identity.device("d"), SasKey.of("a2V5"));
            try (Socket accepted = silent.accept()) {
                await(transport.close(Duration.ofSeconds(10)));
                assertEquals(FailureKind.CLOSED, failure(opening).kind());
                accepted.setSoTimeout((int) LIMIT.toMillis());
                while (accepted.getInputStream().read() >= 0) {
                    // the TLS hello, if it was sent at all, and then the end
                }
            }
        }
    }

    @Test
    void completesTheCloseOfAnAbortedAttemptOffTheEventLoop() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            UpstreamTransport transport = transport(UpstreamProtocol.MQTT, silent.getLocalPort());
            transport.open(Identity.device("d"), SasKey.of("a2V5"));
            try (Socket accepted = silent.accept()) {
                assertTrue(accepted.isConnected());
                CompletionStage<String> thread = transport
                        .close(Duration.ofSeconds(10))
                        .thenApply(closed -> Thread.currentThread().getName());
                assertFalse(await(thread).startsWith("upstream-loop"));
            }
        }
    }

    @Test
    void saysThatTheRuntimeWasClosedUnderASession() throws Exception {
        String device = device(UpstreamProtocol.MQTT, "runtime");
        UpstreamRuntime own = UpstreamRuntime.builder().threads(1).build();
        UpstreamOptions options = UpstreamOptions.forHub(hub.hostName())
                .protocol(UpstreamProtocol.MQTT)
                .port(hub.mqttPort())
                .trust(Trust.systemAnd(hub.trustBundle()))
                .build();
        try (UpstreamTransport transport = UpstreamTransport.create(options, own)) {
            UpstreamSession session = open(transport, device);
            own.close();
            assertEquals(Phase.CLOSED, session.status().phase());
            assertEquals(
                    FailureKind.CLOSED,
                    failure(session.send(Telemetry.json("1"))).kind());
            assertEquals(
                    FailureKind.CLOSED,
                    failure(transport.open(session.identity(), SasKey.of("a2V5")))
                            .kind());
        }
    }

    /** P27: until it is closed. */
    @Test
    void looksAfterItsConnectionsWhenTheMachineHasSlept() throws InterruptedException {
        AtomicInteger looks = new AtomicInteger();
        ProxyChoice watched = new ProxyChoice() {
            @Override
            public List<Route> routesTo(HostPort target) {
                return List.of(Route.DIRECT);
            }

            @Override
            public void networkChanged() {
                looks.incrementAndGet();
            }
        };
        try (VirtualWorld world = new VirtualWorld(1)) {
            UpstreamOptions options = UpstreamOptions.forHub("hub.test")
                    .protocol(UpstreamProtocol.MQTT)
                    .proxy(watched)
                    .build();
            UpstreamTransport transport = UpstreamTransport.create(options, world.runtime());
            world.pass(Duration.ofMinutes(1));
            assertEquals(0, looks.get());
            world.sleep(Duration.ofMinutes(10));
            world.pass(Duration.ofSeconds(6));
            for (int i = 0; i < 5_000 && looks.get() == 0; i++) {
                Thread.sleep(1); // the application's code is called aside
            }
            assertEquals(1, looks.get());
            transport.close(Duration.ZERO);
            world.sleep(Duration.ofMinutes(10));
            world.pass(Duration.ofMinutes(1));
            assertEquals(1, looks.get());
        }
    }

    @Test
    void leavesNoThreadBehind() throws Exception {
        String device = device(UpstreamProtocol.MQTT, "threads");
        UpstreamRuntime own = UpstreamRuntime.builder().threads(1).build();
        List<Thread> before = threads();
        UpstreamOptions options = UpstreamOptions.forHub(hub.hostName())
                .protocol(UpstreamProtocol.MQTT)
                .port(hub.mqttPort())
                .trust(Trust.systemAnd(hub.trustBundle()))
                .build();
        try (UpstreamTransport transport = UpstreamTransport.create(options, own);
                UpstreamSession session = open(transport, device)) {
            await(session.send(Telemetry.json("1")));
            assertFalse(threads().equals(before));
        }
        own.close();
        List<Thread> left = threads();
        left.removeAll(before);
        for (Thread thread : left) {
            thread.join(LIMIT.toMillis()); // its pool is through with it, the thread itself may still be on its way out
            assertFalse(thread.isAlive(), thread.getName());
        }
    }

    private static List<Thread> threads() {
        List<Thread> ours = new ArrayList<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("upstream-") && thread.isAlive()) {
                ours.add(thread);
            }
        }
        return ours;
    }
}
