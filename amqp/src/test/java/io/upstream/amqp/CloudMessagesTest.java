// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.CloudMessage;
import io.upstream.SystemProperty;
import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.AmqpWriter;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.Wire;
import io.upstream.testing.AllocationMeter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A message that is read when it is asked says what one would that had been read at once. */
class CloudMessagesTest {
    private static final String TEXT = "005374 c10d 04 a10161 a10162 a10163 a10164";
    private static final String DATA = "005375 a002 0102";

    private static byte[] payload(CloudMessage message) {
        ByteBuffer view = message.payload();
        byte[] bytes = new byte[view.remaining()];
        view.get(bytes);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({
        "005375a0020102, 0102", // one section
        "005375a0020102 005375a00103, 010203", // two
        "005375b0000000020102 005375a000 005375b00000000103, 010203", // three
        "005377a10161, 61", // text
        "005377a30161, 61", // a symbol
        "005377a101ff, efbfbd", // text that is none
        "005377a0020102, 0102", // bytes
        "00537740, ''", // nothing
        "005375a0020102 005377a10161, 010261", // both
        "00800000000000000075 a00101, 01", // a descriptor of eight bytes
        "005370 45 005371c10100 005375a00101 005378c10100, 01", // header and footer
        "'', ''",
    })
    void findsThePayload(String hex, String payload) throws Exception {
        assertArrayEquals(Wire.hex(payload), payload(CloudMessages.read(Wire.hex(hex))));
        // and with properties before it, or behind it
        for (String whole : List.of(TEXT + hex, hex + TEXT)) {
            CloudMessage message = CloudMessages.read(Wire.hex(whole));
            assertArrayEquals(Wire.hex(payload), payload(message));
            assertEquals(Map.of("a", "b", "c", "d"), message.properties());
            assertTrue(message.payload().isReadOnly());
            assertEquals(0, message.payload().position());
        }
    }

    @Test
    void mapsAreUnmodifiableAndKeepTheirOrder() throws Exception {
        CloudMessage message = CloudMessages.read(Wire.hex(TEXT, DATA));
        assertEquals(List.of("a", "c"), new ArrayList<>(message.properties().keySet()));
        assertThrows(
                UnsupportedOperationException.class, () -> message.properties().put("x", "y"));
        assertThrows(UnsupportedOperationException.class, () -> message.system().put(SystemProperty.TO, "y"));
        assertTrue(message.messageId().isEmpty());
    }

    @Test
    void manyPropertiesKeepTheirOrder() throws Exception {
        Map<String, String> sent = new LinkedHashMap<>();
        for (int i = 100; i > 0; i--) {
            sent.put("name " + i, "value " + i);
        }
        ByteBuf out = Unpooled.buffer();
        AmqpWriter.section(out, MessageSections.APPLICATION);
        AmqpWriter.map(out, sent, AmqpWriter.Keys.STRINGS);
        Map<String, String> read = CloudMessages.read(Wire.bytes(out)).properties();
        assertEquals(new ArrayList<>(sent.entrySet()), new ArrayList<>(read.entrySet()));
        assertThrows(UnsupportedOperationException.class, read::clear);
    }

    @Test
    void ofEqualSectionsTheLastOneCounts() throws Exception {
        CloudMessage message = CloudMessages.read(Wire.hex("005374c10702a10161a10178" + TEXT + DATA));
        assertEquals(Map.of("a", "b", "c", "d"), message.properties());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "005374 c0 01 00", // a list for a map
                "005373 c1 01 00", // a map for a list
                "005373 40", // null for a list
                "005375 a1 01 61", // text for bytes
                "005377 43", // a number for a body
                "005376 c0 01 00", // an amqp-sequence
                "005375 a001 01 00", // half a section
            })
    void refusesSectionsOfTheWrongType(String hex) {
        assertThrows(MalformedMessageException.class, () -> CloudMessages.read(Wire.hex(hex)));
    }

    /** All at once, into maps of anything, as a reader would that knows nothing about laziness. */
    private static CloudMessage atOnce(byte[] bytes) throws MalformedMessageException {
        AmqpReader in = new AmqpReader(bytes, 0, bytes.length);
        Map<?, ?> annotations = Map.of();
        Map<?, ?> application = Map.of();
        List<?> fields = List.of();
        while (in.hasMore()) {
            int code = in.sectionCode();
            Object value = in.value();
            if (code == 0x72 && value instanceof Map<?, ?> map) {
                annotations = map;
            } else if (code == 0x73 && value instanceof List<?> list) {
                fields = list;
            } else if (code == 0x74 && value instanceof Map<?, ?> map) {
                application = map;
            }
        }
        Map<SystemProperty, String> system = new EnumMap<>(SystemProperty.class);
        @Nullable
        SystemProperty[] names = {
            SystemProperty.MESSAGE_ID,
            SystemProperty.USER_ID,
            SystemProperty.TO,
            null,
            null,
            SystemProperty.CORRELATION_ID,
            SystemProperty.CONTENT_TYPE,
            SystemProperty.CONTENT_ENCODING,
            SystemProperty.EXPIRY_TIME,
            SystemProperty.CREATION_TIME
        };
        for (int i = 0; i < Math.min(names.length, fields.size()); i++) {
            put(system, names[i], fields.get(i));
        }
        annotations.forEach((name, value) -> put(system, annotation(String.valueOf(name)), value));
        Map<String, String> own = new LinkedHashMap<>();
        application.forEach((name, value) -> {
            SystemProperty known = application(String.valueOf(name));
            if (known != null) {
                put(system, known, value);
            } else {
                String text = InboundMessage.text(value);
                own.put(String.valueOf(name), text == null ? "" : text);
            }
        });
        return new CloudMessage(InboundMessage.read(bytes).body(), system, own);
    }

    private static void put(
            Map<SystemProperty, String> system, @Nullable SystemProperty property, @Nullable Object value) {
        String text = InboundMessage.text(value);
        if (property != null && text != null) {
            system.put(property, text);
        }
    }

    private static @Nullable SystemProperty annotation(String name) {
        return switch (name) {
            case "x-opt-sequence-number" -> SystemProperty.SEQUENCE_NUMBER;
            case "iothub-enqueuedtime" -> SystemProperty.ENQUEUED_TIME;
            case "iothub-deliverycount" -> SystemProperty.DELIVERY_COUNT;
            case "iothub-interface-id" -> SystemProperty.INTERFACE_ID;
            case "dt-subject" -> SystemProperty.COMPONENT;
            default -> null;
        };
    }

    private static @Nullable SystemProperty application(String name) {
        return switch (name) {
            case "iothub-creation-time-utc" -> SystemProperty.CREATION_TIME;
            case "iothub-outputname" -> SystemProperty.OUTPUT_NAME;
            case "iothub-message-schema" -> SystemProperty.MESSAGE_SCHEMA;
            case "iothub-ack" -> SystemProperty.ACK;
            default -> null;
        };
    }

    /** No exception when the maps are read, whatever was accepted; a map with two equal keys is none, and not compared. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void agreesWithAReaderThatReadsAllAtOnce(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] whole = MessageCodecTest.cloudMessage();
        int accepted = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = whole.clone();
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            CloudMessage lazy;
            try {
                lazy = CloudMessages.read(bytes);
            } catch (MalformedMessageException e) {
                continue;
            }
            CloudMessage atOnce = atOnce(bytes);
            assertArrayEquals(payload(atOnce), payload(lazy));
            String shown = atOnce.properties() + " " + atOnce.system();
            if (!shown.contains("[B@")) { // an array within a list, or in place of a name, has no text of its own
                assertEquals(atOnce.system(), lazy.system());
                assertEquals(
                        new ArrayList<>(atOnce.properties().entrySet()),
                        new ArrayList<>(lazy.properties().entrySet()));
            }
            accepted++;
        }
        assertTrue(accepted > 5_000, accepted + " were accepted");
    }

    @Test
    void aMessageCostsItsBytesAndOneObject() throws Exception {
        byte[] whole = MessageCodecTest.cloudMessage();
        Object[] kept = new Object[1];
        double cost = AllocationMeter.bytesPerOperation(2_000, () -> {
            try {
                kept[0] = CloudMessages.read(whole);
            } catch (MalformedMessageException e) {
                throw new AssertionError(e);
            }
        });
        assertTrue(cost <= 32, cost + " bytes beside the copy");
        assertEquals("full", ((CloudMessage) kept[0]).system().get(SystemProperty.ACK));
    }
}
