// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import java.util.List;
import java.util.Map;

/**
 * What came of one cell.
 *
 * @param seed of the cell: the same cell with the same seed draws the same random numbers
 * @param sent messages
 * @param acked of them
 * @param received by the hub, copies counted
 * @param doubles copies beyond the first
 * @param losses how often the connection was lost
 * @param causes why there was no connection, and how often that was told
 * @param recoveryMillis from the end of the fault until a message sent after it was acknowledged; -1 if none was, or none had to be
 * @param millis what the cell took
 */
public record Verdict(
        Cell cell,
        long seed,
        long sent,
        long acked,
        long failed,
        long received,
        long doubles,
        long losses,
        Map<FailureKind, Integer> causes,
        long recoveryMillis,
        long millis,
        List<Violation> violations) {
    public Verdict {
        causes = Map.copyOf(causes);
        violations = List.copyOf(violations);
    }

    public boolean isGood() {
        return violations.isEmpty();
    }
}
