// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class MultitudeTest {
    @Test
    void saysWhichLimitIsTooLowBeforeAnythingBegins() {
        assertDoesNotThrow(() -> Multitude.requireDescriptors(5_300, 5_300));
        IOException refused = assertThrows(IOException.class, () -> Multitude.requireDescriptors(5_300, 1_024));
        assertTrue(refused.getMessage().contains("ulimit -n 5300"), refused.getMessage());
    }

    @Test
    void wantsEveryIdentityOnAConnectionOfItsOwn() {
        assertEquals(List.of(true, true), verdicts(row(5_000, 5_000)));
        assertEquals(List.of(false, true), verdicts(row(4_999, 5_000)));
        assertEquals(List.of(false, true), verdicts(row(5_000, 4_000)));
    }

    private static List<Boolean> verdicts(MultitudeRow row) {
        return Multitude.judge(List.of(row)).stream().map(Target.Verdict::met).toList();
    }

    private static MultitudeRow row(int managed, int connections) {
        return new MultitudeRow(5_000, 80, managed, connections, 60, 30, 90, 18, 300, 40, 12, 10, 1, "");
    }
}
