// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.AmqpSequence;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TelemetryDecoderTest {
    private static HubMessage decoded(Message message) throws HubException {
        return TelemetryDecoder.decode(0, AmqpPeer.encode(message)).get(0);
    }

    @Test
    void mapsTheProperties() throws HubException {
        Message message = Proton.message();
        message.setMessageId("m");
        message.setCorrelationId("c");
        message.setUserId("u".getBytes(StandardCharsets.UTF_8));
        message.setAddress("/devices/d/messages/events");
        message.setContentType("application/json");
        message.setContentEncoding("utf-8");
        message.setExpiryTime(Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli());
        message.setCreationTime(Instant.parse("2026-01-01T00:00:00Z").toEpochMilli());
        Map<String, String> expected = new HashMap<>();
        expected.put("message-id", "m");
        expected.put("correlation-id", "c");
        expected.put("user-id", "u");
        expected.put("to", "/devices/d/messages/events");
        expected.put("content-type", "application/json");
        expected.put("content-encoding", "utf-8");
        expected.put("absolute-expiry-time", "2026-01-02T03:04:05.678Z");
        expected.put("creation-time-utc", "2026-01-01T00:00:00Z");
        assertEquals(expected, decoded(message).systemProperties());
    }

    static Stream<Arguments> ids() {
        return Stream.of(
                Arguments.of(
                        UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
                        "00112233-4455-6677-8899-aabbccddeeff"),
                Arguments.of(UnsignedLong.valueOf(7), "7"),
                Arguments.of(new Binary(new byte[] {1, 2, 3}), "AQID"));
    }

    @ParameterizedTest
    @MethodSource("ids")
    void writesAnIdOfAnyTypeAsText(Object id, String text) throws HubException {
        Message message = Proton.message();
        message.setMessageId(id);
        assertEquals(text, decoded(message).systemProperties().get("message-id"));
    }

    @ParameterizedTest
    @CsvSource({
        "iothub-ack, ack",
        "iothub-message-schema, message-schema",
        "iothub-outputname, output-name",
        "iothub-creation-time-utc, creation-time-utc",
        "iothub-interface-id, interface-id",
        "dt-subject, dt-subject"
    })
    void takesReservedApplicationPropertiesForSystemOnes(String name, String systemName) throws HubException {
        Message message = Proton.message();
        message.setApplicationProperties(new ApplicationProperties(Map.of(name, "v")));
        HubMessage decoded = decoded(message);
        assertEquals(Map.of(systemName, "v"), decoded.systemProperties());
        assertEquals(Map.of(), decoded.properties());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "iothub-connection-device-id",
                "iothub-connection-module-id",
                "iothub-connection-auth-method",
                "iothub-enqueuedtime",
                "iothub-message-source"
            })
    void doesNotLetADeviceSpoofWhatTheHubStamps(String name) throws HubException {
        Message message = Proton.message();
        message.setApplicationProperties(new ApplicationProperties(Map.of(name, "spoofed")));
        message.setMessageAnnotations(new MessageAnnotations(Map.of(Symbol.valueOf(name), "spoofed")));
        HubMessage decoded = decoded(message);
        assertEquals(Map.of(), decoded.systemProperties());
        assertEquals(Map.of(), decoded.properties());
    }

    @Test
    void mapsTheAnnotationsItKnows() throws HubException {
        Map<Symbol, Object> annotations = new LinkedHashMap<>();
        annotations.put(Symbol.valueOf("iothub-interface-id"), "i");
        annotations.put(Symbol.valueOf("dt-subject"), "s");
        annotations.put(Symbol.valueOf("x-opt-other"), "o");
        Message message = Proton.message();
        message.setMessageAnnotations(new MessageAnnotations(annotations));
        assertEquals(
                Map.of("interface-id", "i", "dt-subject", "s"), decoded(message).systemProperties());
    }

    @Test
    void keepsApplicationPropertiesInOrderAndAsText() throws HubException {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("z", "text");
        properties.put("b", true);
        properties.put("a", 4_000_000_000L);
        properties.put("null", null);
        properties.put("time", Date.from(Instant.EPOCH));
        properties.put("symbol", Symbol.valueOf("s"));
        Message message = Proton.message();
        message.setApplicationProperties(new ApplicationProperties(properties));
        assertEquals(
                "{z=text, b=true, a=4000000000, null=, time=1970-01-01T00:00:00Z, symbol=s}",
                decoded(message).properties().toString());
    }

    @Test
    void joinsSeveralDataSections() throws HubException {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        payload.writeBytes(HexFormat.of().parseHex("005375a0026162"));
        payload.writeBytes(HexFormat.of().parseHex("005375a00163"));
        HubMessage message = TelemetryDecoder.decode(0, payload.toByteArray()).get(0);
        assertEquals("abc", new String(message.body(), StandardCharsets.US_ASCII));
    }

    @Test
    void takesAMessageWithoutBody() throws HubException {
        assertEquals(0, TelemetryDecoder.decode(0, new byte[0]).get(0).body().length);
    }

    @Test
    void takesATextValueForItsBytes() throws HubException {
        Message message = Proton.message();
        message.setBody(new AmqpValue("grün"));
        assertArrayEquals(
                "grün".getBytes(StandardCharsets.UTF_8), decoded(message).body());
    }

    @Test
    void refusesBodiesOfOtherKinds() {
        for (var body : List.of(new AmqpValue(7), new AmqpSequence(List.of(1)))) {
            Message message = Proton.message();
            message.setBody(body);
            HubException refusal = assertThrows(HubException.class, () -> decoded(message));
            assertEquals(HubError.MALFORMED, refusal.error());
        }
    }

    @Test
    void refusesAnUnknownMessageFormatAndAnEmptyBatch() {
        assertThrows(HubException.class, () -> TelemetryDecoder.decode(1, new byte[0]));
        assertThrows(HubException.class, () -> TelemetryDecoder.decode(TelemetryDecoder.BATCH_FORMAT, new byte[0]));
    }

    @Test
    void neverThrowsAnythingElseAtRandomBytes() {
        Random random = new Random(42);
        Message message = Proton.message();
        message.setMessageId("m");
        message.setApplicationProperties(new ApplicationProperties(Map.of("a", "b")));
        message.setBody(new Data(new Binary(new byte[20])));
        byte[] valid = AmqpPeer.encode(message);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = valid.clone();
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                TelemetryDecoder.decode(0, bytes);
            } catch (HubException e) {
                assertEquals(HubError.MALFORMED, e.error());
            }
        }
    }
}
