// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.get;
import static io.upstream.amqp.Lab.number;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.SasTokenProvider;
import io.upstream.Twin;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions outlive their connections: against the emulator, through a proxy that cuts and refuses. */
class ComingBackTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Reconnect QUICK = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));
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
        lab.proxy.misbehave();
        lab.closeTransports();
    }

    private static List<Integer> numbers(String device, int atLeast) throws Exception {
        return lab.hub.awaitTelemetry(device, atLeast, SOON).stream()
                .map(TelemetryRecord::message)
                .map(message -> Integer.valueOf(new String(message.body(), UTF_8)))
                .toList();
    }

    /** Which of those are acknowledged. */
    private static BitSet acknowledged(List<CompletionStage<Void>> sent) {
        BitSet done = new BitSet();
        for (int i = 0; i < sent.size(); i++) {
            if (sent.get(i).toCompletableFuture().isDone()) {
                done.set(i);
            }
        }
        return done;
    }

    /** P3, P5 and P6: nothing is lost, first copies come in order, a second one only of what was unacknowledged at a loss. */
    private static void assertDelivered(List<Integer> came, int count, List<BitSet> acknowledgedAtLosses) {
        int next = 0;
        int[] copies = new int[count];
        for (int i : came) {
            if (copies[i]++ == 0) {
                assertEquals(next++, i, "first copies come in order");
            }
        }
        assertEquals(count, next, "nothing is lost");
        for (int i = 0; i < count; i++) {
            int message = i;
            long excuses = acknowledgedAtLosses.stream()
                    .filter(done -> !done.get(message))
                    .count();
            assertTrue(copies[i] <= 1 + excuses, "message " + i + " came " + copies[i] + " times");
        }
    }

    /** P3, P5, P6: as {@link #assertDelivered} says. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void losesNothingAndKeepsTheOrderWhenTheConnectionIsKilledWhileSending(UpstreamProtocol protocol) throws Exception {
        int count = 5_000;
        String device = lab.device("kill");
        UpstreamSession session = lab.open(lab.transport(protocol, QUICK), device);
        StatusLog log = StatusLog.of(session);
        List<BitSet> losses = new ArrayList<>();
        List<CompletionStage<Void>> sent = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (i >= 800) {
                get(sent.get(i - 800)); // within the outbox's bound
            }
            if (i % 1_500 == 1_400) {
                losses.add(acknowledged(sent));
                lab.proxy.cutAll(i % 1_000 == 400 ? Ending.RST : Ending.FIN);
                log.awaitReturns(losses.size());
            }
            sent.add(session.send(number(i)));
        }
        for (CompletionStage<Void> each : sent) {
            get(each);
        }
        assertDelivered(numbers(device, count), count, losses);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    /** P33: whom the hub sends away. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void anIdentityWhoseLinksAreClosedComesBackAloneAndItsSiblingNoticesNothing(UpstreamProtocol protocol)
            throws Exception {
        int before = lab.connections();
        UpstreamTransport transport = lab.transport(protocol, QUICK);
        String struck = lab.device("struck");
        String spared = lab.device("spared");
        UpstreamSession session = lab.open(transport, struck);
        UpstreamSession sibling = lab.open(transport, spared);
        StatusLog log = StatusLog.of(session);
        StatusLog siblings = StatusLog.of(sibling);
        List<BitSet> losses = new ArrayList<>();
        List<CompletionStage<Void>> sent = new ArrayList<>();
        List<CompletionStage<Void>> spareds = new ArrayList<>();
        for (int i = 0; i < 900; i++) {
            if (i % 300 == 299) {
                losses.add(acknowledged(sent));
                lab.hub.inject(struck, Fault.now(FaultKind.KILL_TELEMETRY_LINK));
                log.awaitReturns(losses.size());
            }
            sent.add(session.send(number(i)));
            spareds.add(sibling.send(number(i)));
        }
        for (int i = 0; i < 900; i++) {
            get(sent.get(i));
            get(spareds.get(i));
        }
        assertDelivered(numbers(struck, 900), 900, losses);
        assertDelivered(numbers(spared, 900), 900, List.of());
        assertFalse(siblings.wasLost());
        assertEquals(1, lab.connections() - before);
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void comesBackWhenTheKeyIsRightAgain(UpstreamProtocol protocol) throws Exception {
        int before = lab.connections();
        UpstreamTransport transport = lab.transport(protocol, QUICK);
        String device = lab.device("key");
        SasKey key = lab.key(device);
        String right = lab.primaryKey(device);
        UpstreamSession session = get(transport.open(Identity.device(device), key));
        UpstreamSession sibling = lab.open(transport, lab.device("sibling"));
        StatusLog log = StatusLog.of(session);
        StatusLog siblings = StatusLog.of(sibling);
        lab.hub.addDevice(device, "d3Jvbmcta2V5LXdyb25nLWtleQ==");
        lab.hub.inject(device, Fault.now(FaultKind.KILL_TELEMETRY_LINK));
        log.awaitFailures(FailureKind.UNAUTHORIZED, 2);
        CompletionStage<Void> waiting = session.send(number(0));
        assertEquals(Phase.RECONNECTING, session.status().phase());
        lab.hub.addDevice(device, right);
        get(waiting);
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertFalse(siblings.wasLost());
        assertEquals(1, lab.connections() - before);
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void receivesAgainWhatItHasDeclaredOnce(UpstreamProtocol protocol) throws Exception {
        String device = lab.device("handlers");
        UpstreamSession session = lab.open(lab.transport(protocol, QUICK), device);
        StatusLog log = StatusLog.of(session);
        BlockingQueue<CloudMessage> messages = new LinkedBlockingQueue<>();
        BlockingQueue<DesiredChange> changes = new LinkedBlockingQueue<>();
        get(session.onMessage(MessageHandler.completing(messages::add)));
        get(session.onMethod(request -> MethodResponse.ok(request.payload())));
        get(session.onDesiredChange(changes::add));
        lab.hub.patchDesired(device, "{\"a\":1,\"b\":1}");
        assertFalse(changes.poll(10, TimeUnit.SECONDS).complete());
        lab.keepAway(log);
        long version = lab.hub.patchDesired(device, "{\"a\":2}");
        SentMessage sent = lab.hub.sendToDevice(device, new HubMessage(Map.of(), Map.of(), "m".getBytes(UTF_8)));
        CompletionStage<Twin> twin = session.twin();
        CompletionStage<Long> reported = session.report("{\"r\":1}");
        assertFalse(twin.toCompletableFuture().isDone());
        lab.letBack();
        assertEquals(version, get(twin).desiredVersion());
        get(reported);
        DesiredChange change = changes.poll(10, TimeUnit.SECONDS);
        assertTrue(change.complete() && change.version() == version, change.toString());
        assertTrue(change.patch().contains("\"a\":2") && change.patch().contains("\"b\":1"), change.patch());
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SOON));
        assertEquals("m", UTF_8.decode(messages.remove().payload()).toString());
        assertEquals(
                "5", new String(lab.hub.invokeMethod(device, "echo", "5", SOON).payload(), UTF_8));
        lab.hub.patchDesired(device, "{\"a\":3}");
        change = changes.poll(10, TimeUnit.SECONDS);
        assertTrue(!change.complete() && change.version() == version + 1, change.toString());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void renewsItsTokenAgainAndAgainWhileItSendsAtFullSpeed(UpstreamProtocol protocol) throws Exception {
        int before = lab.connections();
        String device = lab.device("renew");
        SasKey key = lab.key(device).lifetime(Duration.ofSeconds(4));
        AtomicInteger tokens = new AtomicInteger();
        SasTokenProvider provider = request -> {
            tokens.incrementAndGet();
            return CompletableFuture.completedFuture(key.sign(request.hubHost(), request.identity(), Instant.now()));
        };
        UpstreamSession session = get(lab.transport(protocol, QUICK).open(Identity.device(device), provider));
        StatusLog log = StatusLog.of(session);
        Deque<CompletionStage<Void>> sent = new ArrayDeque<>();
        long end = System.nanoTime() + SOON.toNanos();
        int count = 0;
        while (tokens.get() < 3 && System.nanoTime() < end) { // when the second renewal begins the first is done
            if (sent.size() == 100) {
                get(sent.remove());
            }
            sent.add(session.send(number(count++)));
        }
        while (!sent.isEmpty()) {
            get(sent.remove());
        }
        assertTrue(tokens.get() >= 3, "asked for " + tokens + " tokens");
        assertDelivered(numbers(device, count), count, List.of());
        assertFalse(log.wasLost());
        assertEquals(1, lab.connections() - before);
    }

    static Stream<Arguments> lostLinks() {
        return Stream.of(
                        FaultKind.KILL_CLOUD_MESSAGE_LINK,
                        FaultKind.KILL_TWIN_REQUEST_LINK,
                        FaultKind.KILL_TWIN_REPLY_LINK,
                        FaultKind.KILL_METHOD_REQUEST_LINK,
                        FaultKind.KILL_METHOD_REPLY_LINK)
                .flatMap(fault -> Stream.of(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS)
                        .map(protocol -> Arguments.of(fault, protocol)));
    }

    /** P5: telemetry notices nothing of what befalls other links. */
    @ParameterizedTest
    @MethodSource("lostLinks")
    void aLinkThatIsLostAloneComesBackAlone(FaultKind fault, UpstreamProtocol protocol) throws Exception {
        String device = lab.device("link");
        UpstreamSession session = lab.open(lab.transport(protocol, QUICK), device);
        StatusLog log = StatusLog.of(session);
        BlockingQueue<DesiredChange> changes = new LinkedBlockingQueue<>();
        get(session.onMessage(MessageHandler.completing(message -> {})));
        get(session.onMethod(request -> MethodResponse.ok(request.payload())));
        get(session.onDesiredChange(changes::add));
        long first = lab.hub.patchDesired(device, "{\"a\":1}");
        assertEquals(first, changes.poll(10, TimeUnit.SECONDS).version());
        List<CompletionStage<Void>> sent = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            if (i == 100) {
                lab.hub.inject(device, Fault.now(fault));
            }
            sent.add(session.send(number(i)));
        }
        for (CompletionStage<Void> each : sent) {
            get(each);
        }
        assertDelivered(numbers(device, 200), 200, List.of());
        long last = lab.hub.patchDesired(device, "{\"a\":2}");
        assertEquals(last, changes.poll(10, TimeUnit.SECONDS).version(), "however it was told");
        SentMessage message = lab.hub.sendToDevice(device, new HubMessage(Map.of(), Map.of(), "m".getBytes(UTF_8)));
        assertEquals(CloudMessageState.COMPLETED, message.awaitOutcome(SOON));
        assertEquals(
                "5", new String(lab.hub.invokeMethod(device, "echo", "5", SOON).payload(), UTF_8));
        assertFalse(log.wasLost());
    }
}
