// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static io.upstream.amqp.Lab.get;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.Anonymous;
import io.upstream.CloudMessage;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.MessageException;
import io.upstream.Phase;
import io.upstream.ProxyChoice;
import io.upstream.Reconnect;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.Settlement;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.testing.VirtualWorld;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole transport against the emulator, whose side of the protocol other people wrote. */
class AmqpTransportTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static Lab lab;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        lab = new Lab(directory);
    }

    @AfterAll
    static void stop() {
        lab.close();
    }

    @AfterEach
    void closeTransports() {
        lab.closeTransports();
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void deliversTelemetryWithAllItsProperties(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("props");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        get(session.send(Telemetry.json("{\"t\":21.5}")
                .messageId("m-1")
                .correlationId("c-1")
                .createdAt(Instant.parse("2026-01-31T12:00:00Z"))
                .expiresAt(Instant.parse("2036-01-31T12:00:00Z"))
                .system(SystemProperty.USER_ID, "user")
                .system(SystemProperty.OUTPUT_NAME, "out")
                .system(SystemProperty.COMPONENT, "thermostat")
                .property("alert", "false")
                .property("größe", "ü/+ %&=")
                .property("empty", "")));
        TelemetryRecord came = lab.hub.awaitTelemetry(device, 1, SOON).get(0);
        assertEquals("{\"t\":21.5}", new String(came.message().body(), UTF_8));
        assertEquals(
                Map.of("alert", "false", "größe", "ü/+ %&=", "empty", ""),
                came.message().properties());
        Map<String, String> system = came.message().systemProperties();
        assertEquals("m-1", system.get("message-id"));
        assertEquals("c-1", system.get("correlation-id"));
        assertEquals("user", system.get("user-id"));
        assertEquals("application/json", system.get("content-type"));
        assertEquals("utf-8", system.get("content-encoding"));
        assertEquals("2026-01-31T12:00:00Z", system.get("creation-time-utc"));
        assertEquals("2036-01-31T12:00:00Z", system.get("absolute-expiry-time"));
        assertEquals("out", system.get("output-name"));
        assertEquals("thermostat", system.get("dt-subject"));
    }

    /** P33: a message that cannot be taken. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void aMessageOverTheLimitFailsAlone(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("size");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        byte[] large = new byte[262_000];
        Arrays.fill(large, (byte) 'x');
        CompletionStage<Void> before = session.send(Telemetry.of(large));
        CompletionStage<Void> over =
                session.send(Telemetry.of(new byte[262_100]).property("name", "v".repeat(41)));
        CompletionStage<Void> after = session.send(Telemetry.of(new byte[0]));
        get(before);
        UpstreamException error = failure(over);
        assertInstanceOf(MessageException.class, error);
        assertEquals(FailureKind.TOO_LARGE, error.kind());
        get(after);
        List<TelemetryRecord> came = lab.hub.awaitTelemetry(device, 2, SOON);
        assertArrayEquals(large, came.get(0).message().body());
        assertEquals(0, came.get(1).message().body().length);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void carriesCloudToDeviceMessagesAndEachSettlement(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("c2d");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        BlockingQueue<CloudMessage> came = new LinkedBlockingQueue<>();
        get(session.onMessage(message -> {
            came.add(message);
            return CompletableFuture.completedFuture(settlement(message));
        }));
        SentMessage yes = lab.hub.sendToDevice(
                device,
                new HubMessage(
                        Map.of("message-id", "m", "correlation-id", "c", "ack", "full", "content-type", "text/plain"),
                        Map.of("name", "välue"),
                        "yes".getBytes(UTF_8)));
        SentMessage no = lab.hub.sendToDevice(device, message("no"));
        SentMessage later = lab.hub.sendToDevice(device, message("later"));
        assertEquals(CloudMessageState.COMPLETED, yes.awaitOutcome(SOON));
        assertEquals(CloudMessageState.REJECTED, no.awaitOutcome(SOON));
        assertEquals(CloudMessageState.COMPLETED, later.awaitOutcome(SOON));
        assertEquals(1, later.deliveryCount());
        CloudMessage first = came.remove();
        assertEquals(Map.of("name", "välue"), first.properties());
        assertEquals("m", first.messageId().orElseThrow());
        assertEquals("c", first.system().get(SystemProperty.CORRELATION_ID));
        assertEquals("full", first.system().get(SystemProperty.ACK));
        assertEquals("text/plain", first.system().get(SystemProperty.CONTENT_TYPE));
        assertNotNull(first.system().get(SystemProperty.SEQUENCE_NUMBER));
        assertNotNull(first.system().get(SystemProperty.ENQUEUED_TIME));
        assertEquals(
                List.of("no", "later", "later"),
                came.stream().map(AmqpTransportTest::body).toList());
    }

    private static Settlement settlement(CloudMessage message) {
        boolean first = "0".equals(message.system().get(SystemProperty.DELIVERY_COUNT));
        return switch (body(message)) {
            case "no" -> Settlement.REJECT;
            case "later" -> first ? Settlement.ABANDON : Settlement.COMPLETE;
            default -> Settlement.COMPLETE;
        };
    }

    private static String body(CloudMessage message) {
        return UTF_8.decode(message.payload()).toString();
    }

    private static HubMessage message(String body) {
        return new HubMessage(Map.of(), Map.of(), body.getBytes(UTF_8));
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void namesTheKeyAndTheClockWhenTheKeyIsWrong(UpstreamProtocol protocol) {
        SasKey wrong = SasKey.of("d3Jvbmcta2V5LXdyb25nLWtleQ==");
        UpstreamException error =
                failure(lab.transport(protocol).open(Identity.device(lab.device("wrong-key")), wrong));
        assertEquals(FailureKind.UNAUTHORIZED, error.kind());
        assertEquals("cbs", error.stage());
        assertTrue(error.getMessage().contains("key"), error.getMessage());
        assertTrue(error.getMessage().contains("clock"), error.getMessage());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void refusesADeviceThatIsNotRegistered(UpstreamProtocol protocol) {
        SasKey any = SasKey.of("d3Jvbmcta2V5LXdyb25nLWtleQ==");
        UpstreamException error = failure(lab.transport(protocol).open(Identity.device("nobody"), any));
        assertTrue(List.of(FailureKind.NOT_FOUND, FailureKind.UNAUTHORIZED).contains(error.kind()), error.getMessage());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void carriesSeveralIdentitiesOnOneConnectionAndMakesAnotherWhenAllHaveLeft(UpstreamProtocol protocol)
            throws Exception {
        int before = lab.connections();
        UpstreamTransport transport = lab.transport(protocol);
        List<String> devices = new ArrayList<>();
        List<CompletionStage<UpstreamSession>> opening = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String device = lab.device("shared");
            devices.add(device);
            opening.add(lab.opening(transport, device));
        }
        for (int i = 0; i < 40; i++) {
            get(get(opening.get(i)).send(Telemetry.json("{\"i\":" + i + "}")));
            assertEquals(1, lab.hub.awaitTelemetry(devices.get(i), 1, SOON).size());
        }
        assertEquals(1, lab.connections() - before);
        for (CompletionStage<UpstreamSession> each : opening) {
            get(get(each).close(SOON));
        }
        lab.open(transport, devices.get(0));
        assertEquals(2, lab.connections() - before);
    }

    /** P33: whom the hub refuses. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void oneRefusalLeavesTheSiblingsAlone(UpstreamProtocol protocol) throws Exception {
        UpstreamTransport transport = lab.transport(protocol);
        String good = lab.device("good");
        UpstreamSession session = lab.open(transport, good);
        String disabled = lab.device("disabled");
        SasKey key = lab.key(disabled);
        lab.hub.disableDevice(disabled);
        UpstreamException error = failure(transport.open(Identity.device(disabled), key));
        assertTrue(error.stage().equals("cbs") || error.stage().equals("attach"), error.stage());
        get(session.send(Telemetry.json("{}")));
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertEquals(1, lab.hub.awaitTelemetry(good, 1, SOON).size());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void keepsTheOrderOfTwentyThousandMessages(UpstreamProtocol protocol) throws Exception {
        int count = 20_000;
        String device = lab.device("order");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        Deque<CompletionStage<Void>> sent = new ArrayDeque<>();
        for (int i = 0; i < count; i++) {
            if (sent.size() == 500) {
                get(sent.remove());
            }
            sent.add(session.send(Telemetry.of(Integer.toString(i).getBytes(UTF_8))));
        }
        while (!sent.isEmpty()) {
            get(sent.remove());
        }
        List<TelemetryRecord> came = lab.hub.awaitTelemetry(device, count, SOON);
        assertEquals(count, came.size());
        for (int i = 0; i < count; i++) {
            assertEquals(Integer.toString(i), new String(came.get(i).message().body(), UTF_8));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void aLostConnectionEndsSessionsThatDoNotComeBackAndTheNextOpenMakesAnother(UpstreamProtocol protocol)
            throws Exception {
        UpstreamTransport transport = lab.transport(protocol, Reconnect.NEVER);
        UpstreamSession one = lab.open(transport, lab.device("lost"));
        UpstreamSession two = lab.open(transport, lab.device("lost"));
        CompletableFuture<UpstreamException> oneEnded = ended(one);
        CompletableFuture<UpstreamException> twoEnded = ended(two);
        lab.proxy.cutAll();
        assertTrue(get(oneEnded).isTransient());
        assertTrue(get(twoEnded).isTransient());
        assertTrue(failure(one.send(Telemetry.json("{}"))).isTransient());
        get(lab.open(transport, lab.device("lost")).send(Telemetry.json("{}")));
    }

    private static CompletableFuture<UpstreamException> ended(UpstreamSession session) {
        CompletableFuture<UpstreamException> ended = new CompletableFuture<>();
        session.onStatus(status -> {
            if (status.phase() == Phase.CLOSED) {
                ended.complete(status.cause());
            }
        });
        return ended;
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void closesInOrderAndLeavesNoConnectionBehind(UpstreamProtocol protocol) throws Exception {
        UpstreamTransport transport = lab.transport(protocol);
        String device = lab.device("close");
        UpstreamSession session = lab.open(transport, device);
        List<CompletionStage<Void>> sent = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            sent.add(session.send(Telemetry.json("{}")));
        }
        get(session.close(SOON));
        for (CompletionStage<Void> each : sent) {
            assertTrue(each.toCompletableFuture().isDone());
            get(each);
        }
        assertEquals(Phase.CLOSED, session.status().phase());
        assertNull(session.status().cause());
        assertEquals(
                FailureKind.CLOSED, failure(session.send(Telemetry.json("{}"))).kind());
        assertEquals(FailureKind.CLOSED, failure(session.onMessage(m -> null)).kind());
        awaitNoTunnel();
        get(transport.close(SOON));
        assertEquals(FailureKind.CLOSED, failure(lab.opening(transport, device)).kind());
    }

    private static void awaitNoTunnel() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (lab.proxy.liveTunnels() > 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(0, lab.proxy.liveTunnels());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void makesAnotherConnectionWhenTheSeatsOfOneAreTaken(UpstreamProtocol protocol) throws Exception {
        int before = lab.connections();
        UpstreamTransport transport =
                lab.keep(new AmqpTransport(protocol, lab.options(protocol).build(), lab.runtime, 2));
        List<CompletionStage<UpstreamSession>> opening = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            opening.add(lab.opening(transport, lab.device("seat")));
        }
        for (CompletionStage<UpstreamSession> each : opening) {
            get(each);
        }
        assertEquals(3, lab.connections() - before);
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
                    .protocol(UpstreamProtocol.AMQP)
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
    void logsInByPlainWithAConnectionForEachIdentity() throws Exception {
        int before = lab.connections();
        UpstreamTransport transport = lab.transport(UpstreamProtocol.AMQP);
        for (int i = 0; i < 2; i++) {
            String device = lab.device("plain");
            SasToken token = lab.key(device).sign(lab.hub.hostName(), Identity.device(device), Instant.now());
            UserPassword login = new UserPassword(device + "@sas." + lab.hub.hostName(), token.text());
            get(get(transport.open(Identity.device(device), login)).send(Telemetry.json("{}")));
            assertEquals(1, lab.hub.awaitTelemetry(device, 1, SOON).size());
        }
        assertEquals(2, lab.connections() - before);
        UserPassword wrong = new UserPassword("nobody@sas." + lab.hub.hostName(), "wrong-password");
        UpstreamException error = failure(transport.open(Identity.device("nobody"), wrong));
        assertEquals(FailureKind.UNAUTHORIZED, error.kind());
        assertEquals("amqp", error.stage());
        assertFalse(error.getMessage().contains("wrong-password"));
    }

    @Test
    void anonymousIsRefusedByAHubAtTheLink() {
        UpstreamException error = failure(
                lab.transport(UpstreamProtocol.AMQP).open(Identity.device(lab.device("anonymous")), new Anonymous()));
        assertEquals(FailureKind.UNAUTHORIZED, error.kind());
        assertEquals("attach", error.stage());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void leavesNoThreadBehind(UpstreamProtocol protocol) throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try (UpstreamTransport transport =
                UpstreamTransport.create(lab.options(protocol).build())) {
            get(lab.open(transport, lab.device("threads")).send(Telemetry.json("{}")));
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!newThreads(before).isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(List.of(), newThreads(before));
    }

    private static List<String> newThreads(Set<Thread> before) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread) && thread.getName().startsWith("upstream"))
                .map(Thread::getName)
                .toList();
    }

    @Test
    void closingTheTransportEndsWhatIsBeingOpened() throws Exception {
        UpstreamTransport transport = lab.transport(UpstreamProtocol.AMQP);
        CompletionStage<UpstreamSession> opening = lab.opening(transport, lab.device("opening"));
        get(transport.close(SOON));
        UpstreamException error = failure(opening);
        assertEquals(FailureKind.CLOSED, error.kind());
    }
}
