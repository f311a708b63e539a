// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.ConnectionString;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.Throttle;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Twins, direct methods and module inputs, from the public API to a hub that nobody here shares code with. */
class MqttHubTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int CALLS = 20;

    @TempDir
    static Path directory;

    private static IotHubEmulator hub;
    private static UpstreamRuntime runtime;
    private static ExecutorService service;

    private final List<UpstreamTransport> opened = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        hub = IotHubEmulator.builder().directory(directory).start();
        runtime = UpstreamRuntime.builder().threads(2).build();
        service = Executors.newFixedThreadPool(CALLS);
    }

    @AfterAll
    static void stop() {
        service.shutdownNow();
        runtime.close();
        hub.close();
    }

    @AfterEach
    void closeTransports() {
        opened.forEach(UpstreamTransport::close);
    }

    /** A device that no other test uses. */
    private static String device(UpstreamProtocol protocol, String test) {
        String id = test + "-" + protocol.wireName();
        hub.addDevice(id);
        return id;
    }

    private UpstreamSession open(UpstreamProtocol protocol, String connectionString) throws Exception {
        UpstreamOptions options = UpstreamOptions.forHub(hub.hostName())
                .protocol(protocol)
                .port(protocol.isWebSocket() ? hub.wsPort() : hub.mqttPort())
                .trust(Trust.systemAnd(hub.trustBundle()))
                .build();
        UpstreamTransport transport = UpstreamTransport.create(options, runtime);
        opened.add(transport);
        ConnectionString connection = ConnectionString.parse(connectionString);
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

    private static Future<MethodAnswer> invoke(String device, String method, String payload) {
        return service.submit(() -> hub.invokeMethod(device, method, payload, LIMIT));
    }

    private static String text(MethodAnswer answer) {
        return answer.status() + " " + new String(answer.payload(), UTF_8);
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void readsTheTwinAndReportsWithAndWithoutAVersion(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "twin");
        long desired = hub.patchDesired(device, "{\"mode\":\"öko\"}");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        Twin before = await(session.twin());
        assertEquals("{\"mode\":\"öko\",\"$version\":" + desired + "}", before.desired());
        assertEquals(desired, before.desiredVersion());
        long first = await(session.report("{\"a\":{\"b\":1},\"gone\":1}"));
        assertEquals(before.reportedVersion() + 1, first);
        assertEquals(first + 1, await(session.report("{\"gone\":null}", first)));
        assertEquals(
                FailureKind.VERSION_MISMATCH,
                failure(session.report("{\"c\":1}", first)).kind());
        Twin after = await(session.twin());
        assertEquals("{\"a\":{\"b\":1},\"$version\":" + (first + 1) + "}", after.reported());
        assertEquals(first + 1, after.reportedVersion());
        assertEquals(1, hub.twin(device).at("/properties/reported/a/b").intValue());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void saysWhyTheHubRefusesAReport(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "refused");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        UpstreamException refused = failure(session.report("{\"a.b\":1}"));
        assertEquals(FailureKind.INVALID, refused.kind());
        assertTrue(refused.getMessage().contains("with status 400 ("), refused.getMessage());
        await(session.report("{\"ab\":1}"));
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void failsAsThrottledAndGoesOnAfterThat(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "throttled");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        hub.throttle((identity, operation) -> {
            if (identity.deviceId().equals(device)) {
                throw new HubException(HubError.THROTTLED, "less, please");
            }
        });
        try {
            UpstreamException refused = failure(session.twin());
            assertEquals(FailureKind.THROTTLED, refused.kind());
            assertTrue(refused.isTransient());
        } finally {
            hub.throttle(Throttle.NONE);
        }
        await(session.twin());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void letsRequestsOverlap(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "overlap");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        List<CompletionStage<Long>> reports = new ArrayList<>();
        List<CompletionStage<Twin>> twins = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            reports.add(session.report("{\"n\":" + i + "}"));
            twins.add(session.twin());
            session.send(Telemetry.json("" + i));
        }
        for (int i = 0; i < CALLS; i++) {
            long version = await(reports.get(i));
            Twin twin = await(twins.get(i));
            assertEquals(version, twin.reportedVersion());
            assertEquals("{\"n\":" + i + ",\"$version\":" + version + "}", twin.reported());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void tellsEveryChangeOfTheDesiredPropertiesInOrder(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "desired");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        BlockingQueue<DesiredChange> changes = new LinkedBlockingQueue<>();
        await(session.onDesiredChange(changes::add));
        long start = await(session.twin()).desiredVersion();
        for (int i = 0; i < CALLS; i++) {
            hub.patchDesired(device, "{\"n\":" + i + ",\"old\":null}");
        }
        for (int i = 0; i < CALLS; i++) {
            DesiredChange change = changes.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
            long version = start + 1 + i;
            assertEquals(
                    new DesiredChange("{\"n\":" + i + ",\"old\":null,\"$version\":" + version + "}", version), change);
        }
        assertEquals(start + CALLS, await(session.twin()).desiredVersion());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void answersMethodsThatOverlap(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "methods");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        CountDownLatch called = new CountDownLatch(CALLS);
        CompletableFuture<Void> go = new CompletableFuture<>();
        MethodHandler echo = request -> {
            called.countDown();
            return MethodResponse.when(go.thenApply(now -> MethodResponse.of(201, echo(request))));
        };
        await(session.onMethod(echo));
        List<Future<MethodAnswer>> answers = IntStream.range(0, CALLS)
                .mapToObj(i -> invoke(device, "method " + i, "" + i))
                .toList();
        assertTrue(called.await(LIMIT.toSeconds(), TimeUnit.SECONDS), "all calls are with the handler");
        go.complete(null);
        for (int i = 0; i < CALLS; i++) {
            assertEquals(
                    "201 [\"method " + i + "\"," + i + "]", text(answers.get(i).get()));
        }
    }

    private static String echo(MethodRequest request) {
        return "[\"" + request.name() + "\"," + request.text() + "]";
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void answersMethodsWithoutAPayloadAndWithALargeOne(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "payloads");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        await(session.onMethod(request ->
                request.payload().hasRemaining() ? MethodResponse.ok(request.payload()) : MethodResponse.of(404)));
        assertEquals("404 ", text(invoke(device, "m", "").get()));
        String large = "\"" + "x".repeat(MethodResponse.MAX_PAYLOAD_BYTES - 2) + "\"";
        assertEquals("200 " + large, text(invoke(device, "m", large).get()));
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void givesAModuleItsInputsItsTwinAndItsMethods(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "module");
        hub.addModule(device, "m");
        UpstreamSession session = open(protocol, hub.connectionString(device, "m"));
        BlockingQueue<CloudMessage> came = new LinkedBlockingQueue<>();
        await(session.onMessage(MessageHandler.completing(came::add)));
        HubMessage message = new HubMessage(
                Map.of("message-id", "1", "connection-device-id", device, "connection-module-id", "other"),
                Map.of("k ö", "v&"),
                "in".getBytes(UTF_8));
        SentMessage sent = hub.sendToInput(device, "m", "alarms", message);
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(LIMIT));
        CloudMessage first = came.remove();
        assertEquals("in", UTF_8.decode(first.payload()).toString());
        assertEquals("alarms", first.system().get(SystemProperty.INPUT_NAME));
        assertEquals(device, first.system().get(SystemProperty.CONNECTION_DEVICE_ID));
        assertEquals("other", first.system().get(SystemProperty.CONNECTION_MODULE_ID));
        assertEquals(Map.of("k ö", "v&"), first.properties());

        await(session.onMethod(request -> MethodResponse.ok("\"" + request.name() + "\"")));
        assertEquals("200 \"ping\"", text(hub.invokeMethod(device, "m", "ping", "", LIMIT)));
        long version = await(session.report("{\"of\":\"module\"}"));
        assertEquals(version, await(session.twin()).reportedVersion());
        assertEquals(
                "module", hub.twin(device, "m").at("/properties/reported/of").textValue());
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void goesOnWhenTheHubHasClosed(UpstreamProtocol protocol) throws Exception {
        String device = device(protocol, "cut");
        UpstreamSession session = open(protocol, hub.connectionString(device));
        await(session.twin());
        CompletableFuture<Void> ended = new CompletableFuture<>();
        session.onStatus(status -> {
            if (status.phase() == Phase.RECONNECTING) {
                ended.complete(null);
            }
        });
        hub.closeConnectionsOf(device);
        await(ended);
        assertEquals(1, await(session.twin()).desiredVersion());
        assertTrue(await(session.report("{\"after\":1}")) > 1);
        await(session.onMethod(request -> MethodResponse.ok("1")));
        assertEquals("200 1", text(invoke(device, "m", "").get()));
        await(session.onDesiredChange(change -> {}));
    }

    /** P8: closed from a callback. */
    @Test
    void letsAMethodCloseTheSessionAndStillAnswers() throws Exception {
        String device = device(UpstreamProtocol.MQTT, "restart");
        UpstreamSession session = open(UpstreamProtocol.MQTT, hub.connectionString(device));
        CompletableFuture<Void> closed = new CompletableFuture<>();
        await(session.onMethod(request -> {
            session.close(LIMIT).thenRun(() -> closed.complete(null));
            return MethodResponse.ok("\"bye\"");
        }));
        assertEquals("200 \"bye\"", text(invoke(device, "restart", "").get()));
        await(closed);
        assertEquals(FailureKind.CLOSED, failure(session.twin()).kind());
    }
}
