// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.TransportStatistics;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.connect.LowerLayers;
import io.upstream.session.Callbacks;
import io.upstream.session.LastingSession;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;
import io.upstream.session.Wakeups;
import io.upstream.watch.SessionWatch;
import io.upstream.watch.TransportWatch;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Opens a session on connections of its own for each identity and closes them all. The difference between {@code Mqtt} and {@code MqttWs} is
 * the planner that it is given. Safe for use by any thread; what it knows of its sessions is guarded by its monitor, under which nobody else's
 * code is called.
 */
final class MqttTransport implements UpstreamTransport {
    private final UpstreamProtocol protocol;
    private final UpstreamOptions options;
    private final UpstreamRuntime runtime;
    private final LowerLayers lowerLayers;
    private final Pace pace;
    private final TransportWatch watch;
    private final Wakeups.Watcher wakeups;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final Map<MqttSeat, LastingSession> sessions = new HashMap<>();
    private @Nullable CompletableFuture<Void> closed;

    /**
     * Borrows the runtime.
     *
     * @param lowerLayers plans everything below MQTT
     */
    MqttTransport(
            UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime, LowerLayers lowerLayers) {
        this.protocol = protocol;
        this.options = options;
        this.runtime = runtime;
        this.lowerLayers = lowerLayers;
        this.pace = new Pace(options, () -> ThreadLocalRandom.current().nextLong());
        this.watch = new TransportWatch(protocol, runtime);
        wakeups = Wakeups.of(runtime).watch(this::networkChanged, runtime.blocking());
    }

    @Override
    public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
        Objects.requireNonNull(credentials, "credentials");
        SessionSetup setup;
        try {
            setup = setup(identity, credentials);
        } catch (UpstreamException e) {
            return CompletableFuture.failedFuture(e);
        }
        SessionWatch watched = setup.terms().watch();
        MqttSeat seat = new MqttSeat(setup, credentials, lowerLayers, gone -> forget(gone, watched));
        LastingSession session = new LastingSession(setup.terms(), seat);
        synchronized (this) {
            if (closed != null) {
                watch.left(watched);
                return CompletableFuture.failedFuture(closedHere());
            }
            sessions.put(seat, session);
        }
        return session.open();
    }

    private SessionSetup setup(Identity identity, Credentials credentials) throws UpstreamException {
        Dialect dialect = Dialect.of(identity, credentials, options);
        EventLoop loop = runtime.unwrap(EventLoopGroup.class).next();
        Callbacks callbacks = new Callbacks(runtime.callbacks(), protocol.wireName() + " " + identity);
        SessionWatch watched = watch.session(identity, callbacks::failures);
        SessionTerms terms =
                new SessionTerms(identity, protocol, dialect.hub(), options, runtime, loop, callbacks, watched);
        return new SessionSetup(terms, dialect, pace);
    }

    private synchronized void forget(MqttSeat seat, SessionWatch watched) {
        sessions.remove(seat);
        watch.left(watched);
    }

    @Override
    public TransportStatistics statistics() {
        return watch.statistics();
    }

    @Override
    public void networkChanged() {
        List<LastingSession> all;
        synchronized (this) {
            all = List.copyOf(sessions.values());
        }
        options.proxy().networkChanged();
        all.forEach(LastingSession::networkChanged);
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        mine.thenRun(() -> over.complete(null));
        List<LastingSession> ending;
        synchronized (this) {
            if (closed != null) {
                return closed;
            }
            closed = mine;
            ending = List.copyOf(sessions.values());
        }
        wakeups.end();
        CompletableFuture.allOf(ending.stream()
                        .map(session -> session.close(drain).toCompletableFuture())
                        .toArray(CompletableFuture<?>[]::new))
                .whenComplete((nothing, error) -> completeAside(mine));
        return mine;
    }

    /** Not on the event loop, where what ends a connection is noticed, nor behind callbacks of the application. */
    private void completeAside(CompletableFuture<Void> done) {
        try {
            runtime.blocking().execute(() -> done.complete(null));
        } catch (RejectedExecutionException e) {
            done.complete(null);
        }
    }

    @Override
    public CompletionStage<Void> whenClosed() {
        return over.minimalCompletionStage();
    }

    @Override
    public void close() {
        runtime.awaitClose(close(options.closeTimeout()), options.closeTimeout());
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(
                FailureKind.CLOSED, Where.here("open"), "the transport is closed: make another one");
    }
}
