// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.EngineSender;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.engine.Delivery;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages of one call in few deliveries, against a peer that does as it is told. */
class TelemetryBatchTest {
    private static final int LIMIT = 256 * 1024;

    private ScriptedPeer peer = new ScriptedPeer();

    @AfterEach
    void close() {
        peer.close();
    }

    private static List<Telemetry> messages(int count, int size) {
        return IntStream.range(0, count)
                .mapToObj(i -> Telemetry.of(new byte[size]).property("i", Integer.toString(i)))
                .toList();
    }

    private List<CompletionStage<Void>> send(UpstreamSession session, List<Telemetry> batch) {
        List<CompletionStage<Void>> outcomes = session.sendBatch(batch);
        peer.exchange();
        assertEquals(batch.size(), outcomes.size());
        return outcomes;
    }

    private int format(int delivery) {
        return peer.telemetry.get(delivery).getMessageFormat();
    }

    /** The property "i" of each message in the order in which they came. */
    private List<String> came() throws Exception {
        List<String> came = new ArrayList<>();
        for (int i = 0; i < peer.telemetry.size(); i++) {
            byte[] bytes = peer.telemetryBytes.get(i);
            if (format(i) == 0) {
                came.add(ServiceMessage.read(bytes).property("i"));
                continue;
            }
            assertTrue(bytes.length <= LIMIT, "too long for the hub: " + bytes.length);
            AmqpReader reader = new AmqpReader(bytes, 0, bytes.length);
            while (reader.hasMore()) {
                assertEquals(MessageSections.DATA, reader.sectionCode());
                came.add(ServiceMessage.read((byte[]) reader.value()).property("i"));
            }
        }
        return came;
    }

    private static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    private static boolean isDone(CompletionStage<?> stage) {
        return stage.toCompletableFuture().isDone();
    }

    @Test
    void oneOutcomeIsTheOutcomeOfAll() throws Exception {
        UpstreamSession session = peer.open();
        List<CompletionStage<Void>> taken = send(session, messages(100, 10));
        assertEquals(1, peer.telemetry.size());
        assertEquals(EngineSender.BATCH_FORMAT, format(0));
        assertEquals(numbers(100), came());
        assertFalse(taken.stream().anyMatch(TelemetryBatchTest::isDone));
        peer.settle(peer.telemetry.get(0), Accepted.getInstance());
        List<CompletionStage<Void>> refused = send(session, messages(2, 10));
        peer.settle(peer.telemetry.get(1), new Rejected());
        peer.exchange();
        for (CompletionStage<Void> each : taken) {
            each.toCompletableFuture().join();
        }
        for (CompletionStage<Void> each : refused) {
            assertEquals(FailureKind.INVALID, failure(each).kind());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 255, 256, 8_192, 65_000, 131_000, 200_000})
    void packsNoMoreThanTheHubTakesAtATime(int size) throws Exception {
        UpstreamSession session = peer.open();
        List<CompletionStage<Void>> sent = send(session, messages(20, size));
        assertEquals(numbers(20), came());
        int each = LIMIT / (size + 64);
        assertTrue(peer.telemetry.size() <= (20 + each - 1) / each, peer.telemetry.size() + " deliveries");
        for (Delivery delivery : List.copyOf(peer.telemetry)) {
            peer.settle(delivery, Accepted.getInstance());
        }
        peer.exchange();
        assertTrue(sent.stream().allMatch(TelemetryBatchTest::isDone));
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4_096, 65_536})
    void cutsABatchIntoFramesThatThePeerTakes(int maxFrameSize) throws Exception {
        peer.close();
        peer = new ScriptedPeer(maxFrameSize);
        UpstreamSession session = peer.open();
        List<Telemetry> batch = new ArrayList<>(messages(200, 100));
        batch.addAll(messages(203, 60_000).subList(200, 203));
        List<CompletionStage<Void>> sent = send(session, batch);
        assertEquals(1, peer.telemetry.size());
        assertEquals(numbers(203), came());
        peer.settle(peer.telemetry.get(0), Accepted.getInstance());
        peer.exchange();
        assertTrue(sent.stream().allMatch(TelemetryBatchTest::isDone));
    }

    @Test
    void aMessageOverTheLimitFailsAloneAndTheOrderIsKept() throws Exception {
        UpstreamSession session = peer.open();
        session.send(Telemetry.of(new byte[1]).property("i", "before"));
        List<CompletionStage<Void>> sent = session.sendBatch(List.of(
                Telemetry.of(new byte[LIMIT + 1]),
                Telemetry.of(new byte[1]).property("i", "0"),
                Telemetry.of(new byte[LIMIT + 1]),
                Telemetry.of(new byte[1]).property("i", "1"),
                Telemetry.of(new byte[LIMIT - 10]).property("i", "large"),
                Telemetry.of(new byte[1]).contentType("ü")));
        session.send(Telemetry.of(new byte[1]).property("i", "after"));
        peer.exchange();
        assertEquals(List.of("before", "0", "1", "large", "after"), came());
        assertEquals(FailureKind.TOO_LARGE, failure(sent.get(0)).kind());
        assertEquals(FailureKind.TOO_LARGE, failure(sent.get(2)).kind());
        assertEquals(FailureKind.INVALID, failure(sent.get(5)).kind());
        assertEquals(4, peer.telemetry.size());
    }

    @Test
    void neverPacksWhatWasNotHandedOverTogether() throws Exception {
        UpstreamSession session = peer.open();
        session.sendBatch(messages(2, 1));
        session.send(messages(3, 1).get(2));
        session.sendBatch(messages(5, 1).subList(3, 5));
        session.sendBatch(messages(7, 1).subList(5, 7));
        session.sendBatch(List.of());
        peer.exchange();
        assertEquals(numbers(7), came());
        assertEquals(4, peer.telemetry.size());
    }

    @Test
    void aBatchNeedsOneCreditAndEachMessageHasItsDeadline() throws Exception {
        peer.credit = 1;
        UpstreamSession session = peer.open();
        List<CompletionStage<Void>> sent = send(session, messages(3, 100_000));
        assertEquals(1, peer.telemetry.size());
        assertEquals(numbers(2), came());
        peer.pass(Duration.ofSeconds(20));
        for (CompletionStage<Void> each : sent) {
            assertEquals(FailureKind.TIMEOUT, failure(each).kind());
        }
        peer.settle(peer.telemetry.get(0), Accepted.getInstance()); // too late
        peer.telemetryLink().flow(1);
        peer.exchange();
        assertEquals(1, peer.telemetry.size());
        send(session, messages(2, 1));
        assertEquals(2, peer.telemetry.size());
    }

    @Test
    void aSessionThatIsClosingTakesNoBatch() {
        UpstreamSession session = peer.open();
        session.close(Duration.ofSeconds(1));
        peer.exchange();
        for (CompletionStage<Void> each : session.sendBatch(messages(2, 1))) {
            assertEquals(FailureKind.CLOSED, failure(each).kind());
        }
    }
}
