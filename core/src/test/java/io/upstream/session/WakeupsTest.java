// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.testing.VirtualWorld;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** P27: a resume triggers an immediate look at connections. */
class WakeupsTest {
    private final VirtualWorld world = new VirtualWorld(1);
    private int told;
    private final Wakeups.Watcher watcher = Wakeups.of(world.runtime()).watch(() -> told++);

    @AfterEach
    void close() {
        watcher.end();
        world.close();
    }

    private void assertTold(int times) {
        world.pass(Wakeups.LOOK_EVERY);
        assertEquals(times, told);
    }

    @Test
    void tellsOnceOfASleepInWhichTheMonotonicClockStoodStill() {
        world.pass(Duration.ofMinutes(1));
        assertTold(0);
        world.sleep(Duration.ofMinutes(10));
        assertTold(1);
        world.pass(Duration.ofHours(1));
        assertTold(1);
    }

    @Test
    void tellsOnceOfASleepInWhichTheMonotonicClockWentOn() {
        world.freeze(Duration.ofHours(8));
        assertTold(1);
        world.pass(Duration.ofHours(1));
        assertTold(1);
    }

    @Test
    void takesNoClockThatIsPutBackOrSlewedForASleep() {
        world.putClock(Duration.ofDays(-1));
        assertTold(0);
        world.putClock(Duration.ofDays(-1).plusSeconds(1));
        assertTold(0);
    }

    @Test
    void tellsNobodyWhoHasLeftAndKeepsNoTimerForNobody() {
        watcher.end();
        world.sleep(Duration.ofHours(1));
        assertTold(0);
        assertEquals(-1, world.untilNext());

        int before = told;
        Wakeups.Watcher other = Wakeups.of(world.runtime()).watch(() -> told++);
        world.pass(Duration.ofMinutes(1));
        assertEquals(before, told, "what was before is no sleep");
        other.end();
    }

    @Test
    void oneThatFailsKeepsNobodyElseFromLooking() {
        List<Runnable> aside = new ArrayList<>();
        Wakeups wakeups = Wakeups.of(world.runtime());
        Wakeups.Watcher failing = wakeups.watch(() -> {
            throw new IllegalStateException("on purpose");
        });
        Wakeups.Watcher second = wakeups.watch(() -> told += 10, aside::add);
        Wakeups.Watcher third = wakeups.watch(() -> told += 100);
        Wakeups.Watcher refused = wakeups.watch(() -> told += 1_000, task -> {
            throw new RejectedExecutionException("closed");
        });
        world.sleep(Duration.ofHours(1));
        assertTold(101);
        aside.forEach(Runnable::run);
        assertEquals(111, told);
        List.of(failing, second, third, refused).forEach(Wakeups.Watcher::end);
    }
}
