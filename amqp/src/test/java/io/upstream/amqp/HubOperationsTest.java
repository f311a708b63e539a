// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static io.upstream.amqp.Lab.get;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.ConnectionString;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageException;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.hub.Throttle;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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

/** Twins, direct methods, module inputs and batches against the emulator, whose side of the protocol other people wrote. */
class HubOperationsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int CALLERS = 20;
    private static final ExecutorService CALLING = Executors.newCachedThreadPool();
    private static Lab lab;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        lab = new Lab(directory);
    }

    @AfterAll
    static void stop() {
        CALLING.shutdownNow();
        lab.close();
    }

    @AfterEach
    void closeTransports() {
        lab.hub.throttle(Throttle.NONE);
        lab.closeTransports();
    }

    private static UpstreamSession open(UpstreamTransport transport, String connectionString) throws Exception {
        ConnectionString parsed = ConnectionString.parse(connectionString);
        return get(transport.open(parsed.identity(), parsed.credentials()));
    }

    private static CompletableFuture<MethodAnswer> call(String device, String name, String payload) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return lab.hub.invokeMethod(device, name, payload, SOON);
                    } catch (HubException | InterruptedException e) {
                        throw new CompletionException(e);
                    }
                },
                CALLING);
    }

    private static String text(ByteBuffer bytes) {
        return UTF_8.decode(bytes).toString();
    }

    private static String text(MethodAnswer answer) {
        return new String(answer.payload(), UTF_8);
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void readsTheTwinAndReportsOnTopOfAVersion(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("twin");
        lab.hub.patchDesired(device, "{\"intervall\":{\"größe\":5}}");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        Twin before = get(session.twin());
        assertTrue(before.desired().contains("\"größe\":5"), before.desired());
        long version = get(session.report("{\"a\":1,\"b\":{\"c\":null,\"d\":\"ü\"}}"));
        assertEquals(before.reportedVersion() + 1, version);
        assertEquals(version + 1, get(session.report("{\"a\":null}", version)));
        UpstreamException error = failure(session.report("{\"a\":2}", version));
        assertEquals(FailureKind.VERSION_MISMATCH, error.kind());
        Twin after = get(session.twin());
        assertEquals(version + 1, after.reportedVersion());
        assertEquals(before.desired(), after.desired());
        assertEquals("ü", lab.hub.twin(device).at("/properties/reported/b/d").textValue());
        assertTrue(lab.hub.twin(device).at("/properties/reported/a").isMissingNode());
        error = failure(session.report("{\"$dollar.dot\":1}"));
        assertInstanceOf(MessageException.class, error);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void carriesTheLargestTwin(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("large-twin");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        List<String> members = IntStream.range(0, 7)
                .mapToObj(i -> "\"m" + i + "\":\"" + "ü".repeat(2_000) + "\"")
                .toList();
        String patch = "{" + String.join(",", members) + "}";
        lab.hub.patchDesired(device, patch);
        get(session.report(patch));
        Twin twin = get(session.twin());
        assertTrue(twin.desired().contains(members.get(6)) && twin.reported().contains(members.get(6)));
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void manyRequestsOverlapAndEachGetsItsOwnReply(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("overlap");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        List<CompletionStage<Long>> reports = new ArrayList<>();
        List<CompletionStage<Twin>> twins = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            reports.add(session.report("{\"i\":" + i + "}"));
            twins.add(session.twin());
        }
        for (int i = 0; i < 100; i++) {
            long version = get(reports.get(i));
            assertEquals(version, get(twins.get(i)).reportedVersion());
            assertTrue(
                    get(twins.get(i)).reported().contains("\"i\":" + i + ","),
                    get(twins.get(i)).reported());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void tellsChangesOfDesiredPropertiesInOrder(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("desired");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        BlockingQueue<DesiredChange> came = new LinkedBlockingQueue<>();
        get(session.onDesiredChange(came::add));
        long version = get(session.twin()).desiredVersion();
        for (int i = 1; i <= 100; i++) {
            assertEquals(version + i, lab.hub.patchDesired(device, "{\"i\":" + i + ",\"gone\":null}"));
        }
        for (int i = 1; i <= 100; i++) {
            DesiredChange change = came.poll(20, TimeUnit.SECONDS);
            assertEquals(version + i, change.version());
            assertTrue(change.patch().contains("\"i\":" + i), change.patch());
            assertTrue(change.patch().contains("\"gone\":null"), change.patch());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void answersMethods(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("method");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        get(session.onMethod(request -> switch (request.name()) {
            case "echo" -> MethodResponse.of(207, request.payload());
            case "nothing" -> MethodResponse.of(-1);
            default -> throw new IllegalStateException("secret");
        }));
        MethodAnswer echo = get(call(device, "echo", "{\"größe\":[1,2]}"));
        assertEquals(207, echo.status());
        assertEquals("{\"größe\":[1,2]}", text(echo));
        String large = "\"" + "x".repeat(128 * 1024 - 2) + "\"";
        assertEquals(large, text(get(call(device, "echo", large))));
        MethodAnswer nothing = get(call(device, "nothing", ""));
        assertEquals(-1, nothing.status());
        assertEquals("", text(nothing));
        MethodAnswer failed = get(call(device, "fail", "null"));
        assertEquals(500, failed.status());
        assertTrue(!text(failed).contains("secret"), text(failed));
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void twentyCallsOverlap(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("calls");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        BlockingQueue<CompletableFuture<MethodResponse>> open = new LinkedBlockingQueue<>();
        get(session.onMethod(request -> {
            CompletableFuture<MethodResponse> later = new CompletableFuture<>();
            open.add(later);
            return MethodResponse.when(later.thenApply(same -> MethodResponse.ok(request.text())));
        }));
        List<CompletableFuture<MethodAnswer>> calls = IntStream.range(0, CALLERS)
                .mapToObj(i -> call(device, "later", Integer.toString(i)))
                .toList();
        List<CompletableFuture<MethodResponse>> all = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            all.add(open.poll(20, TimeUnit.SECONDS));
        }
        all.forEach(each -> each.complete(MethodResponse.ok()));
        for (int i = 0; i < CALLERS; i++) {
            assertEquals(Integer.toString(i), text(get(calls.get(i))));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void aModuleHasATwinMethodsAndInputs(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("edge");
        lab.hub.addModule(device, "m");
        UpstreamSession session = open(lab.transport(protocol), lab.hub.connectionString(device, "m"));
        get(session.report("{\"module\":true}"));
        assertTrue(lab.hub.twin(device, "m").at("/properties/reported/module").booleanValue());
        get(session.onMethod(request -> MethodResponse.ok(request.payload())));
        assertEquals("5", text(lab.hub.invokeMethod(device, "m", "echo", "5", SOON)));
        BlockingQueue<CloudMessage> came = new LinkedBlockingQueue<>();
        get(session.onMessage(MessageHandler.completing(came::add)));
        byte[] large = "x".repeat(200_000).getBytes(UTF_8);
        List<SentMessage> sent = new ArrayList<>();
        for (String input : List.of("one", "zwölf")) {
            sent.add(lab.hub.sendToInput(
                    device,
                    "m",
                    input,
                    new HubMessage(
                            Map.of("connection-device-id", "other", "connection-module-id", "sender"),
                            Map.of("name", "välue"),
                            large)));
        }
        for (int i = 0; i < 2; i++) {
            assertEquals(CloudMessageState.COMPLETED, sent.get(i).awaitOutcome(SOON));
            CloudMessage message = came.remove();
            assertEquals(List.of("one", "zwölf").get(i), message.system().get(SystemProperty.INPUT_NAME));
            assertEquals("other", message.system().get(SystemProperty.CONNECTION_DEVICE_ID));
            assertEquals("sender", message.system().get(SystemProperty.CONNECTION_MODULE_ID));
            assertEquals(Map.of("name", "välue"), message.properties());
            assertEquals(200_000, text(message.payload()).length());
        }
    }

    /** P33: on one connection. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void whatFailsForOneIdentityLeavesItsNeighbourAlone(UpstreamProtocol protocol) throws Exception {
        int before = lab.connections();
        UpstreamTransport transport = lab.transport(protocol);
        String bad = lab.device("bad");
        String good = lab.device("good");
        UpstreamSession failing = lab.open(transport, bad);
        UpstreamSession neighbour = lab.open(transport, good);
        lab.hub.throttle((identity, operation) -> {
            if (identity.deviceId().equals(bad)) {
                throw new HubException(HubError.THROTTLED, "too many");
            }
        });
        get(neighbour.onMethod(request -> MethodResponse.ok()));
        List<CompletionStage<Twin>> good100 = new ArrayList<>();
        List<CompletionStage<Twin>> bad100 = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            good100.add(neighbour.twin());
            bad100.add(failing.twin());
        }
        for (int i = 0; i < 100; i++) {
            get(good100.get(i));
            UpstreamException error = failure(bad100.get(i));
            assertEquals(FailureKind.THROTTLED, error.kind());
            assertTrue(error.isTransient());
        }
        lab.hub.throttle(Throttle.NONE);
        get(failing.twin());
        CompletionStage<Twin> underWay = failing.twin();
        get(failing.close(SOON));
        underWay.toCompletableFuture().handle((twin, error) -> twin).get(20, TimeUnit.SECONDS);
        assertEquals(FailureKind.CLOSED, failure(failing.twin()).kind());
        assertEquals(200, get(call(good, "any", "{}")).status());
        assertEquals(1, lab.connections() - before);
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void aLostConnectionFailsWhatIsOpen(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("lost");
        UpstreamSession session = lab.open(lab.transport(protocol, Reconnect.NEVER), device);
        CompletableFuture<String> called = new CompletableFuture<>();
        get(session.onMethod(request -> {
            called.complete(request.name());
            return MethodResponse.when(new CompletableFuture<>());
        }));
        call(device, "never", "{}");
        assertEquals("never", get(called));
        lab.proxy.cutAll();
        assertTrue(failure(session.twin()).isTransient());
        assertTrue(failure(session.onDesiredChange(change -> {})).isTransient());
        UpstreamSession next = lab.open(lab.transport(protocol), device);
        get(next.onMethod(request -> MethodResponse.ok()));
        assertEquals(200, get(call(device, "again", "{}")).status());
    }

    @Test
    void aBrokerThatIsNoHubHasNoTwins() throws Exception {
        String device = lab.device("plain");
        String token = lab.key(device)
                .sign(lab.hub.hostName(), Identity.device(device), Instant.now())
                .text();
        UserPassword login = new UserPassword(device + "@sas." + lab.hub.hostName(), token);
        UpstreamSession session = get(lab.transport(UpstreamProtocol.AMQP).open(Identity.device(device), login));
        assertEquals(FailureKind.CONFIGURATION, failure(session.twin()).kind());
        assertEquals(FailureKind.CONFIGURATION, failure(session.report("{}")).kind());
        assertEquals(
                FailureKind.CONFIGURATION,
                failure(session.onMethod(request -> MethodResponse.ok())).kind());
        UpstreamException error = failure(session.onDesiredChange(change -> {}));
        assertEquals(FailureKind.CONFIGURATION, error.kind());
        assertTrue(error.getMessage().contains("no IoT Hub"), error.getMessage());
        for (CompletionStage<Void> each : session.sendBatch(List.of(Telemetry.json("1"), Telemetry.json("2")))) {
            get(each);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void aBatchArrivesInOrderWithAllItsProperties(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("batch");
        UpstreamSession session = lab.open(lab.transport(protocol), device);
        byte[] over = new byte[262_145];
        List<Telemetry> batch = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            batch.add(
                    i == 250
                            ? Telemetry.of(over)
                            : Telemetry.of(new byte[i * 7]).messageId("m" + i).property("größe", "ü" + i));
        }
        CompletionStage<Void> first = session.send(Telemetry.json("{}"));
        List<CompletionStage<Void>> outcomes = session.sendBatch(batch);
        CompletionStage<Void> last = session.send(Telemetry.json("{}"));
        get(first);
        for (int i = 0; i < 500; i++) {
            if (i == 250) {
                assertEquals(FailureKind.TOO_LARGE, failure(outcomes.get(i)).kind());
            } else {
                get(outcomes.get(i));
            }
        }
        get(last);
        List<TelemetryRecord> came = lab.hub.awaitTelemetry(device, 501, SOON);
        List<HubMessage> middle =
                came.subList(1, 500).stream().map(TelemetryRecord::message).toList();
        for (int i = 0; i < 499; i++) {
            int sent = i < 250 ? i : i + 1;
            assertEquals("m" + sent, middle.get(i).systemProperties().get("message-id"));
            assertEquals(Map.of("größe", "ü" + sent), middle.get(i).properties());
            assertEquals(sent * 7, middle.get(i).body().length);
        }
    }
}
