// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;

/**
 * The masking keys of one connection, which nobody who has seen earlier ones may be able to foretell (RFC 6455 §10.3): the key stream
 * of ChaCha with eight rounds, seeded once. Sixteen keys cost one block, where {@link SecureRandom} would take a process-wide lock for
 * each. Confined to one thread.
 */
final class MaskKeys {
    static final int SEED_BYTES = 32;
    private static final int WORDS = 16;
    private static final int DOUBLE_ROUNDS = 4;
    /** "expand 32-byte k" as four little-endian words. */
    private static final int[] CONSTANTS = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    private final int[] state = new int[WORDS];
    private final int[] block = new int[WORDS];
    private int used = WORDS;

    MaskKeys(byte[] seed) {
        if (seed.length != SEED_BYTES) {
            throw new IllegalArgumentException("seed must be " + SEED_BYTES + " bytes, was " + seed.length);
        }
        System.arraycopy(CONSTANTS, 0, state, 0, CONSTANTS.length);
        ByteBuffer.wrap(seed)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer()
                .get(state, CONSTANTS.length, SEED_BYTES / Integer.BYTES);
    }

    static MaskKeys seededFrom(SecureRandom random) {
        byte[] seed = new byte[SEED_BYTES];
        random.nextBytes(seed);
        return new MaskKeys(seed);
    }

    /** Never zero: a zero key would put the payload on the wire as it is. */
    int next() {
        int key;
        do {
            key = word();
        } while (key == 0);
        return key;
    }

    private int word() {
        if (used == WORDS) {
            refill();
            used = 0;
        }
        return block[used++];
    }

    private void refill() {
        int[] x = block;
        System.arraycopy(state, 0, x, 0, WORDS);
        for (int i = 0; i < DOUBLE_ROUNDS; i++) {
            quarter(x, 0, 4, 8, 12);
            quarter(x, 1, 5, 9, 13);
            quarter(x, 2, 6, 10, 14);
            quarter(x, 3, 7, 11, 15);
            quarter(x, 0, 5, 10, 15);
            quarter(x, 1, 6, 11, 12);
            quarter(x, 2, 7, 8, 13);
            quarter(x, 3, 4, 9, 14);
        }
        for (int i = 0; i < WORDS; i++) {
            x[i] += state[i];
        }
        if (++state[12] == 0) {
            state[13]++;
        }
    }

    private static void quarter(int[] x, int a, int b, int c, int d) {
        x[a] += x[b];
        x[d] = Integer.rotateLeft(x[d] ^ x[a], 16);
        x[c] += x[d];
        x[b] = Integer.rotateLeft(x[b] ^ x[c], 12);
        x[a] += x[b];
        x[d] = Integer.rotateLeft(x[d] ^ x[a], 8);
        x[c] += x[d];
        x[b] = Integer.rotateLeft(x[b] ^ x[c], 7);
    }
}
