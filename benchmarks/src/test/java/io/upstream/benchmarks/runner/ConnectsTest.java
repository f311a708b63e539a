// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConnectsTest {
    private static ConnectRow row(Connects.Case way, double requests) {
        return new ConnectRow(way, 10, requests, 900, 2_000, 500, "");
    }

    @Test
    void allowsOneMoreRequestOnlyWhereTheProxyHasToAskFirst() {
        List<Target.Verdict> verdicts = Connects.judge(List.of(
                row(Connects.Case.BASIC_FIRST, 2),
                row(Connects.Case.BASIC_AGAIN, 1),
                row(Connects.Case.DIGEST_AGAIN, 2)));
        assertTrue(verdicts.get(0).met());
        assertTrue(verdicts.get(1).met());
        assertFalse(verdicts.get(2).met());
    }

    @Test
    void saysNothingAboutWhatFailed() {
        ConnectRow failed = ConnectRow.failed(Connects.Case.DIRECT, "refused");
        assertEquals(List.of(), Connects.judge(List.of(failed)));
    }
}
