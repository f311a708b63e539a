// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.CloudMessage;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.Wire;
import io.upstream.testing.Mutants;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever stands in a message's sections: it is refused as malformed, or all of it can be read later, when nobody expects an exception
 * any more; and a reader that reads it at once finds the same payload.
 */
class CloudMessagesFuzzTest {
    static Stream<byte[]> seeds() throws Exception {
        return Stream.of(
                MessageCodecTest.cloudMessage(),
                Wire.hex("005375a0020102 005375b00000000103"),
                Wire.hex("005377a10161"),
                Wire.hex("005377a0020102"),
                Wire.hex("00800000000000000075a00101"),
                Wire.hex("005370 45 005371c10100 005375a00101 005378c10100"),
                Wire.hex("005374 c10d 04 a10161 a10162 a10163 a10164 005375a0020102"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsLaterWhatItTook(byte[] input) throws MalformedMessageException {
        CloudMessage message;
        try {
            message = CloudMessages.read(input.clone());
        } catch (MalformedMessageException refused) {
            assertNotNull(
                    refused.getMessage()); // the other reader is laxer: it takes a section whose value is described
            // once more
            return;
        }
        assertEquals(message.system(), message.system());
        message.properties().forEach((name, value) -> assertNotNull(value, name));
        assertNotNull(message.toString());
        ByteBuffer payload = message.payload();
        byte[] found = new byte[payload.remaining()];
        payload.get(found);
        assertArrayEquals(InboundMessage.read(input).body(), found);
    }

    @Test
    void readsLaterMutantsOfMessages() throws Exception {
        Mutants.feed(seeds(), 20_000, input -> {
            try {
                readsLaterWhatItTook(input);
            } catch (MalformedMessageException e) {
                throw new AssertionError("read lazily, refused at once", e);
            }
        });
    }
}
