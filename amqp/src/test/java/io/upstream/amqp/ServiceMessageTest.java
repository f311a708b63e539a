// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.amqp.ServiceMessages.TwinOperation;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.Wire;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceMessageTest {
    /** As a real hub answers: status 200, the request's id, an empty reply-to, the body "{}". */
    private static final byte[] REPLY = Wire.hex(
            "005372 c10e02 a306" + Wire.hexOfText("status") + "71000000c8",
            "005373 c00a06 40404040a100 a10131",
            "005375 a002 7b7d");

    @Test
    void readsAReply() throws Exception {
        ServiceMessage message = ServiceMessage.read(REPLY);
        assertEquals(200, message.number("status"));
        assertEquals(0, message.number("version"));
        assertEquals("1", message.correlationText());
        assertEquals("{}", message.bodyText());
        assertNull(message.property("IoThub-methodname"));
    }

    /** Each form of an id, in a list with a short and one with a long head. */
    @ParameterizedTest
    @CsvSource({
        "a10131, 1",
        "b10000000131, 1",
        "5301, 1",
        "800000000000000001, 1",
        "a0024142, AB",
        "b0000000024142, AB",
        "9800000000000000010000000000000002, 00000000-0000-0001-0000-000000000002",
    })
    void keepsTheIdAsItWasEncoded(String hex, String text) throws Exception {
        byte[] id = HexFormat.of().parseHex(hex);
        for (String after : new String[] {"", "40", "a30161 40 40"}) {
            byte[] rest = Wire.hex(after);
            int count = 6 + (after.isEmpty() ? 0 : rest.length == 1 ? 1 : 3);
            byte[] elements = Wire.join(Wire.hex("a1016d a00175 40 40 40"), id, rest);
            byte[] small =
                    Wire.join(Wire.hex("005373c0"), new byte[] {(byte) (elements.length + 1), (byte) count}, elements);
            byte[] large = Wire.join(
                    Wire.hex("005373d0"),
                    ByteBuffer.allocate(8)
                            .putInt(elements.length + 4)
                            .putInt(count)
                            .array(),
                    elements);
            for (byte[] form : new byte[][] {small, large}) {
                ServiceMessage message = ServiceMessage.read(form);
                assertArrayEquals(id, message.correlation());
                assertEquals(text, message.correlationText());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", // nothing at all
                "005373 45", // no properties
                "005373 c00605 4040404040", // none so far
                "005373 c00706 404040404040", // null
            })
    void aMessageMayHaveNoId(String hex) throws Exception {
        ServiceMessage message = ServiceMessage.read(Wire.hex(hex));
        assertNull(message.correlationText());
        assertEquals(0, message.correlation().length);
        assertEquals("", message.bodyText());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "005373 e00806a1 0130013001300130013001 31", // an array
                "005373 c1020040", // a map
                "005373 a10161",
                "005372 45",
                "005375 a10161",
                "005377 45",
                "005399 40",
                "005373 c0ff06 40404040a100 a10131",
                "0053",
            })
    void refusesWhatLies(String hex) {
        assertThrows(MalformedMessageException.class, () -> ServiceMessage.read(Wire.hex(hex)));
    }

    @Test
    void takesSeveralPartsAndTextForABody() throws Exception {
        assertEquals(
                "abc",
                ServiceMessage.read(Wire.hex("005375a00161 005375a00162 005375a00163"))
                        .bodyText());
        assertEquals("abc", ServiceMessage.read(Wire.hex("005377a103616263")).bodyText());
        assertEquals("", ServiceMessage.read(Wire.hex("00537740")).bodyText());
    }

    @Test
    void throwsNothingElseForWhatIsAlmostRightOrCutShort() throws Exception {
        Random random = new Random(7);
        int read = 0;
        int refused = 0;
        for (int round = 0; round < 50_000; round++) {
            byte[] bytes = Arrays.copyOf(REPLY, random.nextInt(4) == 0 ? random.nextInt(REPLY.length) : REPLY.length);
            for (int flips = random.nextInt(3); flips > 0 && bytes.length > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                assertNotNull(ServiceMessage.read(bytes).correlation());
                read++;
            } catch (MalformedMessageException e) {
                refused++;
            }
        }
        assertTrue(read > 0 && refused > 0);
    }

    @Test
    void readsItsOwnKind() throws Exception {
        ServiceMessage request = ServiceMessage.read(
                ServiceMessages.twinRequest(TwinOperation.REPORT, 1L << 40, "id-ü", "{}".getBytes(UTF_8)));
        assertEquals(1L << 40, request.number("version"));
        assertEquals("id-ü", request.correlationText());
        assertEquals("{}", request.bodyText());
        byte[] answer = ServiceMessages.methodAnswer(request.correlation(), -1, ByteBuffer.wrap(new byte[300]));
        ServiceMessage read = ServiceMessage.read(answer);
        assertArrayEquals(request.correlation(), read.correlation());
        assertEquals("-1", read.property("IoThub-status"));
        assertEquals(300, read.body().length);
    }
}
