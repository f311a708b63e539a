// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private final UpstreamException lost =
            UpstreamException.of(FailureKind.RESET, new Where("session", "hub h:1"), "lost");

    private final Lifecycle lifecycle = new Lifecycle("Mqtt d", new Callbacks(Runnable::run));

    @Test
    void tellsEachChangeOnceAndInOrder() {
        List<Phase> seen = new ArrayList<>();
        lifecycle.addListener(status -> seen.add(status.phase()));
        assertTrue(lifecycle.moveTo(Phase.CONNECTED, null));
        assertFalse(lifecycle.moveTo(Phase.CONNECTED, null));
        assertTrue(lifecycle.moveTo(Phase.CLOSING, null));
        assertTrue(lifecycle.moveTo(Phase.CLOSED, null));
        assertFalse(lifecycle.moveTo(Phase.CONNECTED, null));

        assertEquals(List.of(Phase.CONNECTING, Phase.CONNECTED, Phase.CLOSING, Phase.CLOSED), seen);
    }

    @Test
    void theFirstCauseWins() {
        lifecycle.moveTo(Phase.CLOSED, lost);
        lifecycle.moveTo(Phase.CLOSED, UpstreamException.of(FailureKind.TIMEOUT, Where.here("x"), "later"));
        assertSame(lost, lifecycle.status().cause());
    }

    @Test
    void aLateListenerLearnsThePresentFirst() {
        lifecycle.moveTo(Phase.CONNECTED, null);
        List<Phase> seen = new ArrayList<>();
        lifecycle.addListener(status -> seen.add(status.phase()));
        assertEquals(List.of(Phase.CONNECTED), seen);
    }

    /** P10: no monitor is held while the application is called. */
    @Test
    void callsListenersWithoutHoldingItsMonitor() {
        List<Boolean> held = new ArrayList<>();
        lifecycle.addListener(status -> held.add(Thread.holdsLock(lifecycle)));
        lifecycle.moveTo(Phase.CONNECTED, null);
        assertEquals(List.of(false, false), held);
    }
}
