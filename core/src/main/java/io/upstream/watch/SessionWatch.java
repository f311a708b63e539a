// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.SessionStatistics;
import io.upstream.SessionStatistics.Connecting;
import io.upstream.SessionStatistics.Incoming;
import io.upstream.UpstreamEvent.Closed;
import io.upstream.UpstreamEvent.Connected;
import io.upstream.UpstreamEvent.Gap;
import io.upstream.UpstreamEvent.Lost;
import io.upstream.UpstreamEvent.ReconnectPlanned;
import io.upstream.UpstreamEvent.RoundTrip;
import io.upstream.UpstreamEvent.Throttled;
import io.upstream.UpstreamEvent.TokenRenewalFailed;
import io.upstream.UpstreamEvent.TokenRenewed;
import io.upstream.UpstreamEvent.What;
import io.upstream.UpstreamException;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.AttemptListener;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts what happens in one session and tells observers of what is rare. The books of its messages are its {@link Ledger}, which has no
 * lock; the rest is guarded by its monitor, under which nobody is called. Thread-safe.
 */
public final class SessionWatch {
    /** One slow message in so long is recorded: when one is slow, so are those around it. */
    private static final long SLOW_SAMPLE_NANOS = 100_000_000L;

    private final UpstreamRuntime runtime;
    private final UpstreamProtocol protocol;
    private final Identity identity;
    private final @Nullable TransportWatch transport;
    private final Ledger ledger = new Ledger(this::slow);
    private final LongSupplier nanoTime = System::nanoTime;
    private final Recorder recorder = Recorder.current();
    private long slowAt = System.nanoTime() - SLOW_SAMPLE_NANOS;

    /** Written by one callback at a time, which have an order. */
    private final AtomicLong messages = new AtomicLong();

    private final AtomicLong methodCalls = new AtomicLong();
    private final AtomicLong desiredChanges = new AtomicLong();
    private final LongSupplier failures;

    private long attempts;
    private long failedAttempts;
    private long connections;
    private long losses;
    private long tokenRenewals;
    private long failedTokenRenewals;
    private Duration disconnected = Duration.ZERO;
    private @Nullable Duration roundTrip;
    private @Nullable FailureKind lastFailure;
    private @Nullable Instant lastFailureAt;
    private Standing standing = Standing.NEW;
    private long downSince;

    private enum Standing {
        /** There was no connection yet. */
        NEW,
        UP,
        DOWN,
        LEFT
    }

    /** Of a session that belongs to no transport. */
    public SessionWatch(UpstreamRuntime runtime, UpstreamProtocol protocol, Identity identity, LongSupplier failures) {
        this(runtime, protocol, identity, failures, null);
    }

    /**
     * Nothing has happened yet.
     *
     * @param failures how often the application's code has thrown; any thread
     */
    SessionWatch(
            UpstreamRuntime runtime,
            UpstreamProtocol protocol,
            Identity identity,
            LongSupplier failures,
            @Nullable TransportWatch transport) {
        this.failures = failures;
        this.transport = transport;
        this.runtime = runtime;
        this.protocol = protocol;
        this.identity = identity;
    }

    /** The books of its messages. */
    public Ledger ledger() {
        return ledger;
    }

    /** As {@link io.upstream.UpstreamSession#statistics}. */
    public SessionStatistics statistics() {
        Connecting connecting;
        synchronized (this) {
            connecting = new Connecting(
                    attempts,
                    failedAttempts,
                    connections,
                    Math.max(0, connections - 1),
                    losses,
                    standing == Standing.DOWN ? disconnected.plus(downFor()) : disconnected,
                    tokenRenewals,
                    failedTokenRenewals,
                    roundTrip,
                    lastFailure,
                    lastFailureAt);
        }
        Incoming incoming = new Incoming(
                messages.getOpaque(), methodCalls.getOpaque(), desiredChanges.getOpaque(), failures.getAsLong());
        return new SessionStatistics(ledger.read(), incoming, connecting);
    }

    private Duration downFor() {
        return Duration.ofNanos(nanoTime.getAsLong() - downSince);
    }

    /** Follows an attempt at a connection of the session's own. */
    public AttemptListener attempt() {
        return transport == null ? AttemptListener.NONE : transport.attempt(identity);
    }

    /** Counts what comes to {@code handler}. */
    public MessageHandler countingMessages(MessageHandler handler) {
        return message -> {
            raise(messages);
            return handler.onMessage(message);
        };
    }

    /** Counts what comes to {@code handler}. */
    public MethodHandler countingCalls(MethodHandler handler) {
        return request -> {
            raise(methodCalls);
            return handler.onMethod(request);
        };
    }

    /** Counts what comes to {@code handler}. */
    public Consumer<DesiredChange> countingChanges(Consumer<DesiredChange> handler) {
        return change -> {
            raise(desiredChanges);
            handler.accept(change);
        };
    }

    private static void raise(AtomicLong count) {
        count.setOpaque(count.getPlain() + 1);
    }

    /**
     * An attempt is planned, or begins at once.
     *
     * @param attempt 1 for the first after a loss, 0 for the first of all
     */
    public void planned(int attempt, Duration pause, @Nullable UpstreamException cause) {
        synchronized (this) {
            attempts++;
        }
        if (attempt > 0) {
            publish(new ReconnectPlanned(attempt, pause, cause));
        }
    }

    /** The attempt came to nothing. */
    public void failed(UpstreamException cause) {
        synchronized (this) {
            failedAttempts++;
            fault(cause);
        }
        throttled(cause);
    }

    /** There is a connection, and it is of use. */
    public void connected() {
        long number;
        Duration gap = Duration.ZERO;
        synchronized (this) {
            number = ++connections;
            if (standing == Standing.DOWN) {
                gap = downFor();
                disconnected = disconnected.plus(gap);
            }
            standing = Standing.UP;
        }
        publish(new Connected(number, gap));
    }

    /**
     * The connection is no longer of use.
     *
     * @param cause null if that was planned
     */
    public void lost(@Nullable UpstreamException cause) {
        synchronized (this) {
            if (standing == Standing.UP) {
                standing = Standing.DOWN;
                downSince = nanoTime.getAsLong();
            }
            if (cause != null) {
                losses++;
                fault(cause);
            }
        }
        publish(new Lost(cause));
        if (cause != null) {
            throttled(cause);
        }
    }

    /** With the monitor held. */
    private void fault(UpstreamException cause) {
        lastFailure = cause.kind();
        lastFailureAt = Instant.now();
    }

    private void throttled(UpstreamException cause) {
        if (cause.kind() == FailureKind.THROTTLED || cause.kind() == FailureKind.QUOTA) {
            publish(new Throttled(cause));
        }
    }

    /** There is another token in time. */
    public void tokenRenewed(Duration took) {
        synchronized (this) {
            tokenRenewals++;
        }
        publish(new TokenRenewed(took));
    }

    /** There is none yet. */
    public void tokenRenewalFailed(UpstreamException cause, Duration nextTryIn) {
        synchronized (this) {
            failedTokenRenewals++;
        }
        publish(new TokenRenewalFailed(cause, nextTryIn));
    }

    /** The peer has answered. */
    public void roundTrip(Duration took) {
        synchronized (this) {
            roundTrip = took;
        }
        publish(new RoundTrip(took));
    }

    /** Something may be missed. */
    public void gap(String subject) {
        publish(new Gap(subject));
    }

    /**
     * The session is over.
     *
     * @param cause null if the application closed it
     */
    public void closed(@Nullable UpstreamException cause) {
        publish(new Closed(cause));
    }

    /** Nothing happens any more, but that what is pending is answered. */
    synchronized void leave() {
        if (standing == Standing.DOWN) {
            disconnected = disconnected.plus(downFor());
        }
        standing = Standing.LEFT;
        ledger.close();
    }

    synchronized boolean hasLeft() {
        return standing == Standing.LEFT;
    }

    /** Whether no number changes any more, but for callbacks that fail when all is over. */
    boolean isSettled() {
        return hasLeft() && ledger.pending() == 0;
    }

    /** Event loop: an acknowledgement took long. */
    private void slow(int size, long nanos) {
        long now = nanoTime.getAsLong();
        if (now - slowAt >= SLOW_SAMPLE_NANOS) {
            slowAt = now;
            recorder.slowSend(protocol.wireName(), identity, size, nanos);
        }
    }

    private void publish(What what) {
        recorder.record(protocol.wireName(), identity, what);
        runtime.publish(protocol, identity, what);
    }
}
