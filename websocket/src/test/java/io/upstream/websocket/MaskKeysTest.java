// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MaskKeysTest {
    /** Block 0 of ChaCha with 8 rounds, key and nonce zero (draft-strombergson-chacha-test-vectors, TC1). */
    private static final String CHACHA8_ZERO = "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
            + "984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42";

    @Test
    void isTheKeyStreamOfChaCha8() {
        MaskKeys keys = new MaskKeys(new byte[MaskKeys.SEED_BYTES]);
        ByteBuffer block = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 16; i++) {
            block.putInt(keys.next());
        }
        assertEquals(CHACHA8_ZERO, HexFormat.of().formatHex(block.array()));
    }

    @Test
    void doesNotRepeatAndIsNeverZero() {
        MaskKeys keys = MaskKeys.seededFrom(new SecureRandom());
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            int key = keys.next();
            assertNotEquals(0, key);
            seen.add(key);
        }
        assertTrue(seen.size() > 9_990, "distinct keys: " + seen.size());
    }

    @Test
    void differsFromConnectionToConnection() {
        SecureRandom random = new SecureRandom();
        Set<Integer> first = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            first.add(MaskKeys.seededFrom(random).next());
        }
        assertTrue(first.size() >= 99, "distinct first keys: " + first.size());
    }

    @Test
    void refusesASeedOfAnotherSize() {
        assertThrows(IllegalArgumentException.class, () -> new MaskKeys(new byte[16]));
    }
}
