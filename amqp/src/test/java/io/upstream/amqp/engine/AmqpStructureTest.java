// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is stepped over can be read, and what cannot be read is not stepped over. */
class AmqpStructureTest {
    private static final int REFUSED = -1;

    private static final int[] TYPES = {
        0x00, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x60, 0x61, 0x70, 0x71,
                0x72,
        0x73, 0x74, 0x80, 0x81, 0x82, 0x83, 0x84, 0x94, 0x98, 0xa0, 0xa1, 0xa3, 0xb0, 0xb1, 0xb3, 0xc0, 0xc1, 0xd0,
                0xd1,
        0xe0, 0xf0
    };

    private static int skipped(byte[] in, int end) {
        try {
            return AmqpStructure.skip(in, 0, end);
        } catch (MalformedMessageException e) {
            return REFUSED;
        }
    }

    private static int read(byte[] in, int end) {
        AmqpReader reader = new AmqpReader(in, 0, end);
        try {
            reader.value();
            return reader.position();
        } catch (MalformedMessageException e) {
            return REFUSED;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void agreesWithTheReaderAboutRandomBytes(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int whole = 0;
        for (int round = 0; round < 200_000; round++) {
            byte[] in = new byte[random.nextInt(1, 40)];
            for (int i = 0; i < in.length; i++) {
                in[i] = (byte) (random.nextBoolean() ? TYPES[random.nextInt(TYPES.length)] : random.nextInt(12));
            }
            int end = random.nextInt(in.length + 1);
            int skipped = skipped(in, end);
            assertEquals(read(in, end), skipped, () -> java.util.HexFormat.of().formatHex(in) + " up to " + end);
            whole += skipped == REFUSED ? 0 : 1;
        }
        assertTrue(whole > 1_000, whole + " were right");
    }

    @Test
    void knowsTheSameTypesAsTheReader() {
        for (int type = 0; type < 256; type++) {
            for (int follow = 0; follow < 3; follow++) {
                byte[] in = new byte[64];
                in[0] = (byte) type;
                in[1] = (byte) follow;
                in[4] = (byte) follow;
                assertEquals(read(in, 64), skipped(in, 64), "type " + Integer.toHexString(type));
            }
        }
    }
}
