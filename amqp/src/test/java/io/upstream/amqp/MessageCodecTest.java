// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.CloudMessage;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.amqp.engine.AmqpWriter;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.Wire;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedByte;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.amqp.messaging.Properties;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our encodings against another's. */
@SuppressWarnings("JavaUtilDate") // the other's type for timestamps
class MessageCodecTest {
    private static byte[] encode(Telemetry telemetry) throws Exception {
        ByteBuf encoded = Unpooled.buffer();
        TelemetryEncoder.write(telemetry, encoded);
        AmqpWriter.section(encoded, 0x75);
        AmqpWriter.binaryLength(encoded, telemetry.size());
        return Wire.bytes(encoded.writeBytes(telemetry.payload()));
    }

    private static Message decode(byte[] bytes) {
        Message message = Proton.message();
        message.decode(bytes, 0, bytes.length);
        return message;
    }

    @Test
    void anotherDecoderReadsEverySectionOfTelemetry() throws Exception {
        Message message = decode(encode(Telemetry.of("body".getBytes(UTF_8))
                .messageId("m")
                .correlationId("c")
                .contentType("text/plain")
                .contentEncoding("utf-8")
                .expiresAt(Instant.ofEpochMilli(1_234_567_890_123L))
                .createdAt(Instant.parse("2026-01-31T12:00:00Z"))
                .system(SystemProperty.USER_ID, "ü")
                .system(SystemProperty.TO, "there")
                .system(SystemProperty.ACK, "full")
                .system(SystemProperty.MESSAGE_SCHEMA, "schema")
                .system(SystemProperty.OUTPUT_NAME, "out")
                .system(SystemProperty.COMPONENT, "part")
                .system(SystemProperty.INTERFACE_ID, "if")
                .property("größe", "x".repeat(300))));
        Properties properties = message.getProperties();
        assertEquals("m", properties.getMessageId());
        assertEquals("c", properties.getCorrelationId());
        assertEquals("there", properties.getTo());
        assertEquals(new Binary("ü".getBytes(UTF_8)), properties.getUserId());
        assertEquals(Symbol.valueOf("text/plain"), properties.getContentType());
        assertEquals(Symbol.valueOf("utf-8"), properties.getContentEncoding());
        assertEquals(new Date(1_234_567_890_123L), properties.getAbsoluteExpiryTime());
        Map<String, Object> application =
                new HashMap<>(message.getApplicationProperties().getValue());
        assertEquals("x".repeat(300), application.remove("größe"));
        assertEquals(
                Map.of(
                        "iothub-creation-time-utc", "2026-01-31T12:00:00Z",
                        "iothub-ack", "full",
                        "iothub-message-schema", "schema",
                        "iothub-outputname", "out"),
                application);
        assertEquals(
                Map.of(Symbol.valueOf("dt-subject"), "part", Symbol.valueOf("iothub-interface-id"), "if"),
                message.getMessageAnnotations().getValue());
        assertEquals(new Binary("body".getBytes(UTF_8)), ((Data) message.getBody()).getValue());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 254, 255, 256, 65_535, 262_144})
    void anotherDecoderReadsBodiesOfEachLength(int length) throws Exception {
        byte[] body = new byte[length];
        new Random(length).nextBytes(body);
        Message message = decode(encode(Telemetry.of(ByteBuffer.wrap(body))));
        assertEquals(new Binary(body), ((Data) message.getBody()).getValue());
    }

    @Test
    void refusesWhatHasNoFormOnTheWire() {
        assertThrows(
                InvalidTelemetryException.class,
                () -> encode(Telemetry.of(new byte[0]).contentType("ü")));
        assertThrows(
                InvalidTelemetryException.class,
                () -> encode(Telemetry.of(new byte[0]).system(SystemProperty.EXPIRY_TIME, "tomorrow")));
    }

    static byte[] cloudMessage() {
        Message message = Proton.message();
        message.setMessageAnnotations(new MessageAnnotations(Map.of(
                Symbol.valueOf("x-opt-sequence-number"), UnsignedLong.valueOf(290),
                Symbol.valueOf("iothub-enqueuedtime"), new Date(1_000),
                Symbol.valueOf("iothub-deliverycount"), UnsignedByte.valueOf((byte) 3))));
        Properties properties = new Properties();
        properties.setMessageId(UUID.fromString("00000000-0000-0001-0000-000000000002"));
        properties.setCorrelationId(UnsignedLong.valueOf(7));
        properties.setTo("/devices/d/messages/deviceBound");
        properties.setContentType(Symbol.valueOf("text/plain"));
        properties.setUserId(new Binary("u".getBytes(UTF_8)));
        properties.setCreationTime(new Date(2_000));
        message.setProperties(properties);
        Map<String, Object> application = new HashMap<>();
        application.put("iothub-ack", "full");
        application.put("text", "välue");
        application.put("int", -5);
        application.put("uint", UnsignedInteger.MAX_VALUE);
        application.put("double", 1.5);
        application.put("bool", true);
        application.put("nothing", null);
        message.setApplicationProperties(new ApplicationProperties(application));
        message.setBody(new Data(new Binary("body".getBytes(UTF_8))));
        byte[] bytes = new byte[4_096];
        int length = message.encode(bytes, 0, bytes.length);
        return Arrays.copyOf(bytes, length);
    }

    @Test
    void readsACloudMessageThatAnotherEncoderWrote() throws Exception {
        CloudMessage message = CloudMessages.read(cloudMessage());
        assertEquals("00000000-0000-0001-0000-000000000002", message.messageId().orElseThrow());
        Map<SystemProperty, String> system = message.system();
        assertEquals("7", system.get(SystemProperty.CORRELATION_ID));
        assertEquals("u", system.get(SystemProperty.USER_ID));
        assertEquals("290", system.get(SystemProperty.SEQUENCE_NUMBER));
        assertEquals("3", system.get(SystemProperty.DELIVERY_COUNT));
        assertEquals("1970-01-01T00:00:01Z", system.get(SystemProperty.ENQUEUED_TIME));
        assertEquals("1970-01-01T00:00:02Z", system.get(SystemProperty.CREATION_TIME));
        assertEquals("full", system.get(SystemProperty.ACK));
        assertEquals(
                Map.of(
                        "text",
                        "välue",
                        "int",
                        "-5",
                        "uint",
                        "4294967295",
                        "double",
                        "1.5",
                        "bool",
                        "true",
                        "nothing",
                        ""),
                message.properties());
        byte[] body = new byte[4];
        message.payload().get(body);
        assertArrayEquals("body".getBytes(UTF_8), body);
    }

    @Test
    void saysSoWhenAMessageIsCutShortAtAnyByte() {
        byte[] whole = cloudMessage();
        int bad = 0;
        for (int cut = 1; cut < whole.length; cut++) {
            try {
                CloudMessages.read(Arrays.copyOf(whole, cut));
            } catch (MalformedMessageException e) {
                bad++;
            }
        }
        assertTrue(bad >= whole.length - 5, "only the ends of sections are whole messages, " + bad + " were not");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00", // nothing after the mark
                "005375b0ffffffff", // binary that lies about its size
                "005375b07fffffff",
                "005374d1ffffffff00000000",
                "005374d1000000047fffffff", // map with 2^31 entries
                "005374c10301a100", // map with half an entry
                "005373f0000000097fffffff40", // array of nulls without end
                "0053730000000000000000000000000000000000000000000000000000000000", // descriptors nested
                "005377 3f", // unknown type
                "00537773ffffffff", // a character that is none
                "005399 40", // unknown section
                "a10161 40", // no descriptor
                "0053754040", // null body
            })
    void refusesWhatLies(String hex) {
        byte[] bytes = Wire.hex(hex);
        assertThrows(MalformedMessageException.class, () -> InboundMessage.read(bytes));
        assertThrows(MalformedMessageException.class, () -> CloudMessages.read(bytes));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void throwsNothingElseForWhatIsAlmostRight(long seed) {
        Random random = new Random(seed);
        byte[] whole = cloudMessage();
        int read = 0;
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = whole.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                CloudMessages.read(bytes);
                read++;
            } catch (MalformedMessageException e) {
                refused++;
            }
        }
        assertTrue(read > 0 && refused > 0);
    }
}
