// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.MessageException;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.HubMessage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is sent arrives: each property, each byte, each in its place; and what cannot be sent fails alone. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class TelemetryContractTest extends SessionContract {
    /** What the hub allows for body and properties. */
    private static final int LIMIT = 262_144;

    @ParameterizedTest
    @CsvSource({
        "MESSAGE_ID, mid 1/2",
        "CORRELATION_ID, 'c&1=ü'",
        "USER_ID, us%er",
        "TO, /devices/other/messages/events",
        "CONTENT_TYPE, application/json",
        "CONTENT_ENCODING, utf-8",
        "EXPIRY_TIME, 2099-01-31T12:00:00Z",
        "CREATION_TIME, 2026-01-31T12:00:00.1234567Z",
        "OUTPUT_NAME, out put",
        "INTERFACE_ID, urn:azureiot:Security:SecurityAgent:1",
        "COMPONENT, thermostat1",
        "MESSAGE_SCHEMA, schéma",
        "ACK, full"
    })
    void deliversASystemProperty(SystemProperty property, String value) throws Exception {
        get(open().send(Telemetry.of(new byte[] {1}).system(property, value)));

        HubMessage came = subject.telemetry(1).get(0);
        assertEquals(value, came.systemProperties().get(property.label()));
        assertEquals(Map.of(), came.properties());
    }

    @Test
    void deliversAllSystemPropertiesTogether() throws Exception {
        Telemetry message = Telemetry.json("{}");
        Map<String, String> expected = new LinkedHashMap<>();
        for (SystemProperty each : SystemProperty.values()) {
            boolean time = each == SystemProperty.EXPIRY_TIME || each == SystemProperty.CREATION_TIME;
            if (!isOfTheHub(each)) {
                message = message.system(each, time ? "2099-01-31T12:00:00Z" : "my " + each.label());
            }
        }
        message.system().forEach((property, value) -> expected.put(property.label(), value));
        get(open().send(message.property("own", "1")));

        HubMessage came = subject.telemetry(1).get(0);
        assertEquals(expected, came.systemProperties());
        assertEquals(Map.of("own", "1"), came.properties());
    }

    private static boolean isOfTheHub(SystemProperty property) {
        return switch (property) {
            case INPUT_NAME,
                    CONNECTION_DEVICE_ID,
                    CONNECTION_MODULE_ID,
                    SEQUENCE_NUMBER,
                    ENQUEUED_TIME,
                    DELIVERY_COUNT -> true;
            default -> false;
        };
    }

    private static Stream<Arguments> messagesThatNoHubWouldRead() {
        Telemetry message = Telemetry.json("{}");
        List<Arguments> rows = new ArrayList<>();
        for (SystemProperty each : SystemProperty.values()) {
            if (isOfTheHub(each)) {
                rows.add(Arguments.of(each.label(), message.system(each, "1")));
            }
        }
        for (SystemProperty each : List.of(SystemProperty.EXPIRY_TIME, SystemProperty.CREATION_TIME)) {
            rows.add(Arguments.of(each.label(), message.system(each, "tomorrow")));
        }
        rows.add(Arguments.of("content type", message.contentType("größe")));
        for (String each : List.of("$.mid", "$.any", "iothub-ack", "iothub-connection-device-id", "dt-subject")) {
            rows.add(Arguments.of(each, message.property(each, "1")));
        }
        for (String each : List.of("\ud800", "a\udc00b")) {
            rows.add(Arguments.of("a lone surrogate in a value", message.property("name", each)));
            rows.add(Arguments.of("a lone surrogate in a name", message.property(each, "value")));
        }
        return rows.stream();
    }

    /** What would be lost, or taken for something else, under one protocol or the other. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("messagesThatNoHubWouldRead")
    void refusesWhatAHubWouldMisread(String what, Telemetry message) throws Exception {
        refuses(message, FailureKind.INVALID);
    }

    private void refuses(Telemetry message, FailureKind kind) throws Exception {
        UpstreamSession session = open();
        UpstreamException error = failure(session.send(message));
        assertInstanceOf(MessageException.class, error);
        assertEquals(kind, error.kind());
        get(session.send(Telemetry.json("{\"after\":1}")));
        assertEquals("{\"after\":1}", text(last().body()));
        assertAlive(session);
    }

    private HubMessage last() throws Exception {
        List<HubMessage> came = new ArrayList<>(site.hub.telemetry(subject.device()).stream()
                .map(each -> each.message())
                .toList());
        return came.get(came.size() - 1);
    }

    @Test
    void deliversWhateverTheApplicationNamesAndSays() throws Exception {
        List<String> texts = List.of(
                "",
                " ",
                "  both ends  ",
                "100%",
                "%41",
                "%zz",
                "%",
                "a&b=c",
                "a/b?c#d",
                "+",
                "$",
                "$dollar",
                "mid",
                "to",
                "message-id",
                "tab\tline\nnul\0",
                "grüße ✓",
                "😀",
                "\u00a0\u2028",
                "Alert",
                "alert");
        UpstreamSession session = open();
        List<Map<String, String>> expected = new ArrayList<>();
        for (String each : texts) {
            get(session.send(Telemetry.of(new byte[0]).property("value", each)));
            expected.add(Map.of("value", each));
            if (!each.isEmpty()) {
                get(session.send(Telemetry.of(new byte[0]).property(each, "name")));
                expected.add(Map.of(each, "name"));
            }
        }
        List<HubMessage> came = subject.telemetry(expected.size());
        for (int i = 0; i < came.size(); i++) {
            assertEquals(expected.get(i), came.get(i).properties());
            assertEquals(Map.of(), came.get(i).systemProperties());
            assertEquals(0, came.get(i).body().length);
        }
    }

    @Test
    void deliversManyPropertiesInTheirOrder() throws Exception {
        Telemetry message = Telemetry.json("{}");
        for (int i = 0; i < 200; i++) {
            message = message.property("größe-" + i, "wert ".repeat(i % 7));
        }
        get(open().send(message));
        Map<String, String> came = subject.telemetry(1).get(0).properties();
        assertEquals(List.copyOf(message.properties().keySet()), List.copyOf(came.keySet()));
        assertEquals(message.properties(), came);
    }

    @Test
    void deliversEachByteOfAPayloadWhereverItLies() throws Exception {
        byte[] bytes = new byte[70_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 7)
                .position(7)
                .put(bytes)
                .position(7);
        ByteBuffer part = ByteBuffer.wrap(bytes, 3, 11_000).asReadOnlyBuffer();
        UpstreamSession session = open();
        session.send(Telemetry.of(bytes));
        session.send(Telemetry.of(direct));
        session.send(Telemetry.of(part));
        get(session.send(Telemetry.of(bytes).property("copied", "no").withPayload(new byte[0])));

        List<HubMessage> came = subject.telemetry(4);
        assertArrayEquals(bytes, came.get(0).body());
        assertArrayEquals(bytes, came.get(1).body());
        assertArrayEquals(Arrays.copyOfRange(bytes, 3, 11_003), came.get(2).body());
        assertEquals(0, came.get(3).body().length);
        assertEquals(Map.of("copied", "no"), came.get(3).properties());
        assertEquals(7, direct.position());
    }

    @Test
    void takesWhatTheHubTakesToTheByteAndNoMore() throws Exception {
        UpstreamSession session = open();
        get(session.send(Telemetry.of(new byte[LIMIT])));
        Telemetry named = Telemetry.of(new byte[0]).property("ü", "12").messageId("id4567");
        get(session.send(named.withPayload(new byte[LIMIT - 10])));
        List<CompletionStage<Void>> over = List.of(
                session.send(Telemetry.of(new byte[LIMIT + 1])), session.send(named.withPayload(new byte[LIMIT - 9])));
        CompletionStage<Void> after = session.send(Telemetry.json("{}"));

        for (CompletionStage<Void> each : over) {
            assertEquals(
                    FailureKind.TOO_LARGE,
                    assertInstanceOf(MessageException.class, failure(each)).kind());
        }
        get(after);
        assertEquals(
                List.of(LIMIT, LIMIT - 10, 2),
                subject.telemetry(3).stream().map(each -> each.body().length).toList());
        assertAlive(session);
    }

    /** MQTT carries properties in the topic, which has 16 bits for its length. */
    @Test
    void propertiesThatFitNoTopicFailAloneUnderMqttAndArriveUnderAmqp() throws Exception {
        Telemetry message = Telemetry.json("{}").property("long", "x".repeat(70_000));
        if (speaker.isMqtt()) {
            refuses(message, FailureKind.INVALID);
        } else {
            get(open().send(message));
            assertEquals(message.properties(), subject.telemetry(1).get(0).properties());
        }
    }

    @Test
    void givesEachMessageOfABatchAnOutcomeOfItsOwn() throws Exception {
        UpstreamSession session = open();
        List<Telemetry> batch = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            batch.add(
                    switch (i) {
                        case 7 -> Telemetry.of(new byte[LIMIT + 1]);
                        case 150 -> Telemetry.json("{}").property("bad", "\ud800");
                        default -> Telemetry.of(new byte[i]).messageId("m" + i).property("n", "" + i % 3);
                    });
        }
        CompletionStage<Void> before = session.send(Telemetry.of(new byte[1000]));
        List<CompletionStage<Void>> outcomes = session.sendBatch(batch);
        CompletionStage<Void> after = session.send(Telemetry.of(new byte[2000]));

        get(before);
        get(after);
        for (int i = 0; i < batch.size(); i++) {
            if (i == 7 || i == 150) {
                FailureKind kind = i == 7 ? FailureKind.TOO_LARGE : FailureKind.INVALID;
                assertEquals(kind, failure(outcomes.get(i)).kind());
            } else {
                get(outcomes.get(i));
            }
        }
        List<Integer> sizes = new ArrayList<>(List.of(1000));
        IntStream.range(0, 300).filter(i -> i != 7 && i != 150).forEach(sizes::add);
        sizes.add(2000);
        List<HubMessage> came = subject.telemetry(300);
        assertEquals(sizes, came.stream().map(each -> each.body().length).toList());
        assertEquals("m299", came.get(298).systemProperties().get("message-id"));
        assertEquals(Map.of("n", "2"), came.get(298).properties());
    }

    @Test
    void anEmptyBatchHasNoOutcomes() throws Exception {
        assertTrue(open().sendBatch(List.of()).isEmpty());
    }

    /** P6: in the order of the calls. */
    @Test
    void keepsTheOrderOfManySendsUnderWay() throws Exception {
        UpstreamSession session = open();
        List<CompletionStage<Void>> underWay = IntStream.range(0, 1_000)
                .mapToObj(i -> session.send(Telemetry.json("" + i)))
                .toList();
        for (CompletionStage<Void> each : underWay) {
            get(each);
        }
        assertEquals(IntStream.range(0, 1_000).mapToObj(Integer::toString).toList(), subject.texts(1_000));
    }
}
