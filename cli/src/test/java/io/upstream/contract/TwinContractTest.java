// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.ConflictException;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MessageException;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.Throttle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The twin is read whole, changed by patches, and its changes come in order. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class TwinContractTest extends SessionContract {
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonNode reported(String pointer) {
        return subject.twin().at("/properties/reported" + pointer);
    }

    private static Stream<String> patchesThatAreNone() {
        return Stream.of(
                "", " ", "[]", "{", "null", "1", "\"x\"", "{} {}", "{\"a\":}", "{'a':1}", "{\"a\":1,}", "nonsense");
    }

    /** What the hub allows in a twin ("Understand and use device twins"). */
    private static Stream<String> patchesThatTheHubRefuses() {
        return Stream.of(
                "{\"a.b\":1}",
                "{\"$a\":1}",
                "{\"a b\":1}",
                "{\"\":1}",
                "{\"long\":\"" + "x".repeat(4 * 1024 + 1) + "\"}",
                "{\"large\":4503599627370497}",
                "{\"a\":".repeat(12) + "1" + "}".repeat(12));
    }

    @Test
    void readsBothPartsOfTheTwin() throws Exception {
        UpstreamSession session = open();
        Twin empty = get(session.twin());
        assertEquals(
                empty.desiredVersion(),
                JSON.readTree(empty.desired()).get("$version").asLong());
        long desired = subject.patchDesired("{\"größe\":{\"x\":[1,null,\"ü\"]}}");
        long reported = get(session.report("{\"a\":1.5,\"b\":\"100%\"}"));

        Twin twin = get(session.twin());
        assertEquals(desired, twin.desiredVersion());
        assertEquals(reported, twin.reportedVersion());
        assertEquals(
                JSON.readTree("{\"größe\":{\"x\":[1,null,\"ü\"]},\"$version\":" + desired + "}"),
                JSON.readTree(twin.desired()));
        assertEquals(
                JSON.readTree("{\"a\":1.5,\"b\":\"100%\",\"$version\":" + reported + "}"),
                JSON.readTree(twin.reported()));
        assertFalse(twin.reported().contains("$metadata"), twin.reported());
    }

    @Test
    void mergesAPatchAndRemovesWhatIsNull() throws Exception {
        UpstreamSession session = open();
        long first = get(session.report("{\"a\":1,\"b\":{\"c\":2,\"d\":\"ü\"}}"));
        long second = get(session.report("{\"a\":null,\"b\":{\"c\":3}}"));
        assertEquals(first + 1, second);
        assertTrue(reported("/a").isMissingNode());
        assertEquals(3, reported("/b/c").asInt());
        assertEquals("ü", reported("/b/d").asText());
        assertEquals(second, reported("/$version").asLong());
    }

    @Test
    void reportsOnTopOfAVersionOnlyIfItStillHolds() throws Exception {
        UpstreamSession session = open();
        long version = get(session.report("{\"a\":1}"));
        long next = get(session.report("{\"a\":2}", version));
        assertEquals(version + 1, next);
        UpstreamException error = failure(session.report("{\"a\":3}", version));
        assertInstanceOf(ConflictException.class, error);
        assertEquals(FailureKind.VERSION_MISMATCH, error.kind());
        assertEquals(2, reported("/a").asInt());
        assertEquals(next + 1, get(session.report("{\"a\":4}", next)));
        assertAlive(session);
    }

    @ParameterizedTest
    @MethodSource("patchesThatAreNone")
    void refusesAPatchThatIsNoJsonObject(String patch) throws Exception {
        UpstreamSession session = open();
        assertEquals(
                FailureKind.INVALID,
                assertInstanceOf(MessageException.class, failure(session.report(patch)))
                        .kind());
        assertEquals(FailureKind.INVALID, failure(session.report(patch, 1)).kind());
        assertTrue(get(session.report("{\"good\":true}")) > 1);
    }

    @ParameterizedTest
    @MethodSource("patchesThatTheHubRefuses")
    void tellsWhatTheHubRefuses(String patch) throws Exception {
        UpstreamSession session = open();
        UpstreamException error = assertInstanceOf(MessageException.class, failure(session.report(patch)));
        assertEquals(FailureKind.INVALID, error.kind());
        assertEquals(1, reported("/$version").asLong());
        assertTrue(get(session.report("{\"good\":true}")) > 1);
    }

    @Test
    void refusesWhatIsTooMuchForATwinAtOnceOrTogether() throws Exception {
        UpstreamSession session = open();
        UpstreamException tooLarge = failure(session.report("{\"a\":\"" + "x".repeat(40_000) + "\"}"));
        assertEquals(
                FailureKind.TOO_LARGE,
                assertInstanceOf(MessageException.class, tooLarge).kind());
        get(session.report(many("a", 6)));
        assertEquals(
                FailureKind.INVALID,
                assertInstanceOf(MessageException.class, failure(session.report(many("b", 6))))
                        .kind());
        assertTrue(reported("/b0").isMissingNode());
        assertEquals(3_000, reported("/a5").asText().length());
        assertAlive(session);
    }

    private static String many(String name, int count) {
        List<String> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add("\"" + name + i + "\":\"" + "x".repeat(3_000) + "\"");
        }
        return "{" + String.join(",", members) + "}";
    }

    @Test
    void readsTheLargestTwin() throws Exception {
        String large = many("größe", 10);
        subject.patchDesired(large);
        UpstreamSession session = open();
        get(session.report(large));
        Twin twin = get(session.twin());
        assertEquals(3_000, JSON.readTree(twin.desired()).get("größe9").asText().length());
        assertEquals(
                3_000, JSON.readTree(twin.reported()).get("größe9").asText().length());
    }

    @ParameterizedTest
    @CsvSource({"THROTTLED, THROTTLED", "INTERNAL, SERVER_ERROR"})
    void tellsThatTheHubWantsATryLater(HubError refusal, FailureKind kind) throws Exception {
        UpstreamSession session = open();
        get(session.twin());
        site.hub.throttle((identity, operation) -> {
            if (identity.deviceId().equals(subject.device())) {
                throw new HubException(refusal, "not now");
            }
        });
        for (UpstreamException error : List.of(failure(session.twin()), failure(session.report("{\"a\":1}")))) {
            assertEquals(kind, error.kind());
            assertTrue(error.isTransient());
        }
        site.hub.throttle(Throttle.NONE);
        get(session.report("{\"a\":1}"));
        assertAlive(session);
    }

    @Test
    void requestsOverlapAndEachGetsItsOwnAnswer() throws Exception {
        UpstreamSession session = open();
        List<CompletionStage<Long>> reports = new ArrayList<>();
        List<CompletionStage<Twin>> twins = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            reports.add(session.report("{\"i\":" + i + "}"));
            twins.add(session.twin());
        }
        for (int i = 0; i < 50; i++) {
            long version = get(reports.get(i));
            assertEquals(version, get(twins.get(i)).reportedVersion());
            assertEquals(i, JSON.readTree(get(twins.get(i)).reported()).get("i").asInt());
        }
    }

    @Test
    void tellsEachDesiredChangeInOrder() throws Exception {
        UpstreamSession session = open();
        BlockingQueue<DesiredChange> came = new LinkedBlockingQueue<>();
        get(session.onDesiredChange(came::add));
        long version = get(session.twin()).desiredVersion();
        for (int i = 1; i <= 100; i++) {
            assertEquals(version + i, subject.patchDesired("{\"größe\":" + i + ",\"gone\":null}"));
        }
        for (int i = 1; i <= 100; i++) {
            DesiredChange change = next(came);
            assertEquals(version + i, change.version());
            assertEquals(
                    JSON.readTree("{\"größe\":" + i + ",\"gone\":null,\"$version\":" + (version + i) + "}"),
                    JSON.readTree(change.patch()));
        }
        assertTrue(came.isEmpty());
    }

    /** P34: of desired properties. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aHandlerThatThrowsOrIsReplacedStopsNothing(int replaced) throws Exception {
        UpstreamSession session = open();
        BlockingQueue<Long> first = new LinkedBlockingQueue<>();
        BlockingQueue<Long> second = new LinkedBlockingQueue<>();
        get(session.onDesiredChange(change -> {
            first.add(change.version());
            throw new IllegalStateException("of the handler");
        }));
        long one = subject.patchDesired("{\"a\":1}");
        assertEquals(one, next(first));
        BlockingQueue<Long> later = replaced == 1 ? second : first;
        if (replaced == 1) {
            get(session.onDesiredChange(change -> second.add(change.version())));
        }
        long two = subject.patchDesired("{\"a\":2}");
        assertEquals(two, next(later));
        assertTrue(first.isEmpty() && second.isEmpty());
        assertAlive(session);
        get(session.probe()); // comes back on the thread that counts
        assertEquals(2 - replaced, session.statistics().incoming().failures());
    }

    @Test
    void anOwnReportIsNoDesiredChange() throws Exception {
        UpstreamSession session = open();
        BlockingQueue<DesiredChange> came = new LinkedBlockingQueue<>();
        get(session.onDesiredChange(came::add));
        get(session.report("{\"a\":1}"));
        long version = subject.patchDesired("{\"b\":1}");
        assertEquals(version, next(came).version());
    }
}
