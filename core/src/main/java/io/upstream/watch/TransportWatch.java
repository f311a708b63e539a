// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SessionStatistics;
import io.upstream.TransportStatistics;
import io.upstream.TransportStatistics.OfProtocol;
import io.upstream.TransportStatistics.Stage;
import io.upstream.TransportStatistics.Wire;
import io.upstream.UpstreamEvent.AttemptEnded;
import io.upstream.UpstreamEvent.What;
import io.upstream.UpstreamException;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.AttemptListener;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Counts what happens in one transport of one protocol, and knows the books of its sessions, closed ones included. Thread-safe. */
public final class TransportWatch {
    /** In the pipeline. */
    static final String COUNTER = "wire-counter";

    private final UpstreamProtocol protocol;
    private final UpstreamRuntime runtime;
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final LongAdder attempts = new LongAdder();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger openThroughProxy = new AtomicInteger();

    /** Those whose books may still change. Guarded by this, as is all below. */
    private final Set<SessionWatch> sessions = new LinkedHashSet<>();

    /** Of those that are no longer among them. */
    private SessionStatistics former = SessionStatistics.NONE;

    private final Map<String, Stage> stages = new HashMap<>();
    private final Map<FailureKind, Long> failures = new EnumMap<>(FailureKind.class);

    /** Nothing has happened yet. */
    public TransportWatch(UpstreamProtocol protocol, UpstreamRuntime runtime) {
        this.protocol = protocol;
        this.runtime = runtime;
    }

    /**
     * Watches a new session, until {@link #left}.
     *
     * @param failures how often its callbacks have failed; any thread
     */
    public SessionWatch session(Identity identity, LongSupplier failures) {
        SessionWatch made = new SessionWatch(runtime, protocol, identity, failures, this);
        synchronized (this) {
            sessions.add(made);
        }
        return made;
    }

    /** The session is over: what it has done stays counted. Idempotent. */
    public synchronized void left(SessionWatch session) {
        session.leave();
        sessions.removeIf(each -> {
            boolean settled = each.isSettled();
            if (settled) {
                former = former.plus(each.statistics());
            }
            return settled;
        });
    }

    /**
     * Follows an attempt.
     *
     * @param identity whose; null for a connection that several share
     */
    public AttemptListener attempt(@Nullable Identity identity) {
        return new AttemptWatch(this, identity);
    }

    /** As {@link io.upstream.UpstreamTransport#statistics}. */
    public synchronized TransportStatistics statistics() {
        SessionStatistics sum = former;
        int present = 0;
        for (SessionWatch each : sessions) {
            sum = sum.plus(each.statistics());
            present += each.hasLeft() ? 0 : 1;
        }
        Wire wire = new Wire(
                open.get(), openThroughProxy.get(), attempts.sum(), sent.sum(), received.sum(), stages, failures);
        return new TransportStatistics(Map.of(protocol, new OfProtocol(present, sum, wire)));
    }

    /** What its log lines and recordings call it. */
    String name() {
        return protocol.wireName();
    }

    void attemptBegan() {
        attempts.increment();
    }

    void connected(Channel channel, boolean throughProxy) {
        channel.pipeline().addFirst(COUNTER, new WireCounter(sent, received));
        AtomicInteger counted = throughProxy ? openThroughProxy : new AtomicInteger();
        open.incrementAndGet();
        counted.incrementAndGet();
        channel.closeFuture().addListener(closed -> {
            open.decrementAndGet();
            counted.decrementAndGet();
        });
    }

    void attemptEnded(@Nullable Identity identity, AttemptEnded end) {
        UpstreamException failure = end.failure();
        synchronized (this) {
            for (var each : end.stages()) {
                stages.merge(each.name(), new Stage(1, each.took(), each.took()), TransportWatch::sum);
            }
            if (failure != null) {
                failures.merge(failure.kind(), 1L, Long::sum);
            }
        }
        publish(identity, end);
    }

    private static Stage sum(Stage one, Stage other) {
        boolean grows = other.longest().compareTo(one.longest()) > 0;
        return new Stage(
                one.count() + other.count(), one.time().plus(other.time()), grows ? other.longest() : one.longest());
    }

    void publish(@Nullable Identity identity, What what) {
        runtime.publish(protocol, identity, what);
    }
}
