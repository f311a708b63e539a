// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.Reconnect;
import io.upstream.SessionStatus;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All that a session stands on, in the hands of a test: a loop on a clock that it moves, and lines that come when it says so. */
final class ScriptedSite implements Connector, AutoCloseable {
    static final Reconnect QUICK = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    final UpstreamException lost =
            UpstreamException.of(FailureKind.RESET, new Where("mqtt", "hub h:1"), "the connection was reset");

    /** Why each attempt is made, the first first; null for at once. */
    final List<@Nullable UpstreamException> attempts = new ArrayList<>();

    final List<SessionStatus> told = new ArrayList<>();
    /** What is told of the pause before each attempt; null for nothing. */
    @Nullable
    Duration pause;

    int departures;
    int hurries;
    final LastingSession session;
    final CompletableFuture<UpstreamSession> opened;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Set<ScriptedLine> alive = new LinkedHashSet<>();
    private @Nullable LineOwner waiting;
    private @Nullable LineOwner owner;

    /** @param runtime whose threads are not used, unless callbacks are stuck */
    ScriptedSite(UpstreamRuntime runtime, Reconnect reconnect) {
        channel.freezeTime();
        UpstreamOptions options = UpstreamOptions.forHub("h")
                .reconnect(reconnect)
                .operationTimeout(Duration.ofSeconds(20))
                .build();
        SessionTerms terms = new SessionTerms(
                Identity.device("d"),
                UpstreamProtocol.MQTT,
                true,
                options,
                runtime,
                channel.eventLoop(),
                new Callbacks(Runnable::run));
        session = new LastingSession(terms, this);
        session.onStatus(told::add);
        opened = session.open().toCompletableFuture();
        turn();
    }

    @Override
    public void connect(LineOwner forWhom, @Nullable UpstreamException after) {
        assertTrue(waiting == null, "one attempt at a time");
        assertTrue(departures == 0, "an attempt after the end");
        attempts.add(after);
        waiting = forWhom;
        owner = forWhom;
        if (pause != null) {
            forWhom.waits(pause);
        }
    }

    @Override
    public void hurry() {
        hurries++;
    }

    @Override
    public CompletionStage<Void> leave() {
        departures++;
        waiting = null;
        return CompletableFuture.completedFuture(null);
    }

    LineOwner owner() {
        if (owner == null) {
            throw new AssertionError("nobody has asked for a connection");
        }
        return owner;
    }

    /** The attempt succeeds. */
    ScriptedLine up() {
        return up(new ScriptedLine());
    }

    ScriptedLine up(ScriptedLine line) {
        waiting = null;
        alive.add(line);
        owner().up(line);
        turn();
        return line;
    }

    /** Whether an attempt is under way, or a pause before it. */
    boolean isAwaited() {
        return waiting != null;
    }

    /** The attempt does not. */
    void fails(UpstreamException cause) {
        waiting = null;
        owner().failed(cause);
        turn();
    }

    void loses(ScriptedLine line) {
        ends(line, lost);
        turn();
    }

    /** What lines were told to do they do. */
    void linesObey() {
        for (ScriptedLine line : List.copyOf(alive)) {
            if (!line.finishes.isEmpty()) {
                ends(line, null);
            }
        }
        turn();
    }

    /** Every line that there is. */
    void losesAll() {
        List.copyOf(alive).forEach(this::loses);
    }

    /** @param cause null if it was to */
    void ends(ScriptedLine line, @Nullable UpstreamException cause) {
        alive.remove(line);
        line.failAll(cause == null ? failure(FailureKind.CLOSED) : cause);
        owner().down(line, cause);
    }

    void takesBack(ScriptedLine line, Subject subject, UpstreamException cause) {
        owner().lost(line, subject, cause);
        turn();
    }

    /** Does what is due. */
    void turn() {
        channel.runPendingTasks();
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    void pass(Duration time) {
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        turn();
    }

    /** In nanoseconds; -1 if there is none. */
    long nextTimer() {
        return channel.runScheduledPendingTasks();
    }

    static UpstreamException failure(FailureKind kind) {
        return UpstreamException.of(kind, new Where("amqp", "hub h:1"), "as the test says");
    }

    /** Why {@code stage}, which is over, failed. */
    static FailureKind kindOf(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertTrue(future.isDone(), "it is not over yet");
        try {
            future.join();
        } catch (CompletionException e) {
            return ((UpstreamException) e.getCause()).kind();
        }
        throw new AssertionError("it did not fail");
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
    }
}
