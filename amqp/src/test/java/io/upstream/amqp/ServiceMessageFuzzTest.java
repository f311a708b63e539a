// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.Wire;
import io.upstream.testing.Mutants;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a hub's service sends: refused as malformed, or read, with a correlation id that says the same when it goes back. */
class ServiceMessageFuzzTest {
    static Stream<byte[]> seeds() throws Exception {
        return Stream.of(
                MessageCodecTest.cloudMessage(),
                // a reply about a twin: status, correlation id as text, data
                Wire.hex("005372c10e02a30673746174757371000000c8 005373c00c0640404040 40a103 612d31 005375a0027b7d"),
                // a call: method name, correlation id as a UUID, data
                Wire.hex(
                        "005373c01706 4040404040 98000102030405060708090a0b0c0d0e0f 005374c10702a10161a10162 005375a0023131"),
                Wire.hex("005373 45 00537740"),
                Wire.hex("005373c00306404040 005377a10161"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void givesBackTheIdThatItRead(byte[] input) throws MalformedMessageException {
        ServiceMessage message;
        try {
            message = ServiceMessage.read(input.clone());
        } catch (MalformedMessageException refused) {
            assertNotNull(refused.getMessage());
            return;
        }
        byte[] id = message.correlation();
        if (id.length > 0) {
            assertEquals(message.correlationText(), new AmqpReader(id, 0, id.length).text());
        }
        assertNotNull(message.bodyText());
        message.number("status");
        message.property("IoThub-methodname");
    }

    @Test
    void givesBackTheIdsOfMutants() throws Exception {
        Mutants.feed(seeds(), 20_000, input -> {
            try {
                givesBackTheIdThatItRead(input);
            } catch (MalformedMessageException e) {
                throw new AssertionError("an id that was read cannot be read again", e);
            }
        });
    }
}
