// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A peer that says nothing to one layer of an attempt, by a clock that the test moves; for the tests of all modules. */
public final class Silence implements AutoCloseable {
    /** With what lies below the layer. */
    public final EmbeddedChannel channel = new EmbeddedChannel();

    /** Of the attempt. */
    public final PeerClock clock = new PeerClock();

    private final StageWatch watch;
    private @Nullable Throwable told;

    public Silence() {
        channel.freezeTime();
        AttemptGuard.enter(channel.pipeline(), this::tell);
        watch = StageWatch.enter(channel, clock, this::tell);
    }

    private void tell(Throwable failure) {
        if (told == null) {
            told = failure;
        }
    }

    /** Establishes {@code stage} as on the only way there is. */
    public Silence with(ConnectStage stage) {
        return with(stage, stage.limit().patience());
    }

    /** Establishes {@code stage} with that patience for its peer's first byte. */
    public Silence with(ConnectStage stage, Duration patience) {
        Where where = new Where(stage.name(), "peer of " + stage.name());
        stage.begin(clock);
        watch.begin(stage.limit(), patience, where);
        stage.establish(channel, where).whenComplete((done, error) -> {
            if (error != null) {
                tell(error);
            }
        });
        return this;
    }

    public Silence pass(Duration time) {
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        return this;
    }

    /** Fails unless the layer is given up after {@code limit} more of silence, and not before. */
    public void endsAfter(Duration limit, String stage) {
        endsAfter(limit, stage, limit);
    }

    /** Likewise, when some of {@code limit} has passed already. */
    public void endsAfter(Duration left, String stage, Duration limit) {
        pass(left.minusMillis(1));
        assertNull(told);
        pass(Duration.ofMillis(1));
        assertTrue(told instanceof UpstreamException, String.valueOf(told));
        UpstreamException failure = (UpstreamException) told;
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals(stage, failure.stage());
        assertEquals("peer of " + stage, failure.hop());
        assertEquals(
                "no answer from peer of " + stage + " in stage '" + stage + "', and the " + limit.toSeconds()
                        + " s for that stage are over: check that hop and any firewall on the way",
                failure.getMessage());
    }

    /** What the attempt was told first. */
    public Throwable failure() {
        if (told == null) {
            throw new AssertionError("the layer was not given up");
        }
        return told;
    }

    /** Fails if the layer was given up. */
    public void goesOn() {
        assertNull(told);
    }

    @Override
    public void close() {
        watch.stop();
        channel.finishAndReleaseAll();
    }
}
