// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static org.junit.jupiter.api.Assertions.fail;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class after which the garbage collector finds a buffer that nobody released. */
public final class LeakCheck implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) {
        if (context.getParent().flatMap(ExtensionContext::getTestClass).isPresent()) {
            return; // nested classes are checked with their outermost one
        }
        for (int round = 0; round < 2; round++) {
            System.gc();
            nudge(PooledByteBufAllocator.DEFAULT);
            nudge(UnpooledByteBufAllocator.DEFAULT);
        }
        List<String> leaks = new ArrayList<>();
        for (String leak = RecordingLeakDetector.LEAKS.poll();
                leak != null;
                leak = RecordingLeakDetector.LEAKS.poll()) {
            leaks.add(leak);
        }
        if (!leaks.isEmpty()) {
            fail(leaks.size() + " buffers leaked in or before " + context.getDisplayName() + ": " + leaks.get(0));
        }
    }

    /** The detector looks at what was collected when the next buffer is made. */
    private static void nudge(ByteBufAllocator allocator) {
        for (int i = 0; i < 8; i++) {
            allocator.directBuffer(16).release();
            allocator.heapBuffer(16).release();
            allocator.compositeBuffer().release();
        }
    }
}
