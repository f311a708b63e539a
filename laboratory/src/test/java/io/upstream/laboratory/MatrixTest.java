// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A few cells, all columns and kinds of faults among them; {@code ./upstream faults} plays them all. */
class MatrixTest {
    private static final List<String> CELLS = List.of(
            "F01/Mqtt/direct",
            "F15/AmqpWs/proxy",
            "F25/MqttWs/proxy",
            "F29/Amqp/direct",
            "F34/Mqtt/proxy",
            "F34/Amqp/proxy",
            "F43/MqttWs/direct",
            "F40/AmqpWs/direct");

    /** P3, P5, P6, P14, P21, P31: the laboratory's I2 to I5, I8, I14 and I10. */
    @Test
    @Timeout(180)
    void keepsEveryPromise(@TempDir Path directory) throws Exception {
        List<Cell> cells = CELLS.stream().flatMap(id -> Cell.named(id).stream()).toList();
        List<Verdict> verdicts = new MatrixRun(1, 4, directory).run(cells, verdict -> {});
        assertEquals(cells, verdicts.stream().map(Verdict::cell).toList());
        for (Verdict verdict : verdicts) {
            assertEquals(List.of(), verdict.violations(), verdict.cell().id());
            assertTrue(verdict.acked() > 0 && verdict.losses() > 0, "nothing happened in " + verdict);
        }
        String report = FaultReport.markdown(verdicts, 1, 20);
        assertTrue(report.contains("8 of 8 cells kept every promise"), report);
        assertTrue(Stream.of("F01", "F15", "F43").allMatch(report::contains), report);
    }
}
