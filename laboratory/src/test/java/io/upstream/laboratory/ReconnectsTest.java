// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.upstream.UpstreamProtocol;
import io.upstream.laboratory.Column.Way;
import io.upstream.laboratory.Reconnects.Kind;
import io.upstream.laboratory.Reconnects.Plan;
import io.upstream.laboratory.Reconnects.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** Counts what the whole process holds, so nothing else may run beside it. */
@Isolated
class ReconnectsTest {
    private static final int CYCLES = 5;

    @TempDir
    private Path directory;

    /** P31: after many deaths of connections, by each manner. */
    @Test
    void leaveNothingOverAnyProtocol() throws Exception {
        List<Column> columns = Arrays.stream(UpstreamProtocol.values())
                .map(protocol -> new Column(protocol, protocol == UpstreamProtocol.MQTT_WS ? Way.PROXY : Way.DIRECT))
                .toList();
        List<Result> told = new ArrayList<>();
        List<Result> results = new Reconnects(
                        new Plan(columns, CYCLES, CYCLES, CYCLES, Duration.ZERO, 7), directory, told::add, text -> {})
                .run();
        assertEquals(told, results);
        assertEquals(2 * columns.size(), results.size());
        for (Result each : results) {
            assertEquals(List.of(), each.violations(), each.column() + " " + each.kind());
            assertEquals(CYCLES, each.cycles());
        }
        assertEquals(
                4, results.stream().filter(each -> each.kind() == Kind.OPENS).count());
    }

    @Test
    void buffersThatAreNotReleasedAreCounted() {
        ResourceLeakDetector.Level level = NettyState.watchAll();
        try {
            int before = NettyState.buffers();
            ByteBuf direct = PooledByteBufAllocator.DEFAULT.directBuffer(16);
            ByteBuf heap = PooledByteBufAllocator.DEFAULT.heapBuffer(16);
            assertEquals(before + 2, NettyState.buffers());
            direct.release();
            heap.release();
            assertEquals(before, NettyState.buffers());
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }

    @Test
    void whatIsMoreThanBeforeIsNamed() {
        Census before = new Census(10, 20, 3, 2, 1 << 20, 5 << 20, 100 << 20);
        assertEquals("", before.excess(before, 0));
        assertEquals("", new Census(9, 20, 3, 2, 9 << 20, 6 << 20, 110 << 20).excess(before, 1 << 20));
        assertEquals(
                "1 more threads, 2 more descriptors, 3 more buffers, 5 more timers, 1048577 more bytes of heap",
                new Census(11, 22, 6, 7, 0, (6 << 20) + 1, 90 << 20).excess(before, 1 << 20));
    }
}
