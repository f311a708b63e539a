// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.PooledByteBufAllocator;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LeakCheckTest {
    @Test
    void noticesABufferThatIsNeverReleased() {
        PooledByteBufAllocator.DEFAULT.buffer(64).writeByte(1);
        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            while (RecordingLeakDetector.LEAKS.isEmpty()) {
                System.gc();
                PooledByteBufAllocator.DEFAULT.buffer(64).release();
            }
        });
        assertTrue(RecordingLeakDetector.LEAKS.stream().allMatch(leak -> leak.contains("LeakCheckTest")));
        RecordingLeakDetector.LEAKS.clear();
    }
}
