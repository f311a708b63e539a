// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.EventLoopGroup;
import io.upstream.ClientCertificate;
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
import io.upstream.session.Callbacks;
import io.upstream.session.LastingSession;
import io.upstream.session.SessionTerms;
import io.upstream.session.TokenSource;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * AMQP to one hub: sessions that outlive the connections on which {@link ConnectionTable} gives them seats. Connections are made on demand
 * and closed when the last identity has left. Thread-safe: its lock guards the table of sessions and is never held while calling out.
 */
final class AmqpTransport implements UpstreamTransport {
    /** As Microsoft's own SDKs: the hub's limits on multiplexing. */
    static final int MAX_SEATS = 1_000;

    static final int MAX_SEATS_WEBSOCKET = 500;

    private final UpstreamProtocol protocol;
    private final UpstreamOptions options;
    private final UpstreamRuntime runtime;
    private final ConnectionTable table;
    private final TransportWatch watch;
    private final Wakeups.Watcher wakeups;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final Object lock = new Object();
    private final Map<AmqpSeat, LastingSession> sessions = new HashMap<>();
    private @Nullable CompletableFuture<Void> closing;

    AmqpTransport(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime) {
        this(protocol, options, runtime, protocol.isWebSocket() ? MAX_SEATS_WEBSOCKET : MAX_SEATS);
    }

    /** With another limit of identities per connection. */
    AmqpTransport(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime, int seatsAtMost) {
        this.protocol = protocol;
        this.options = options;
        this.runtime = runtime;
        watch = new TransportWatch(protocol, runtime);
        table = new ConnectionTable(
                new HubDialler(protocol, options, runtime, watch),
                () -> runtime.unwrap(EventLoopGroup.class).next(),
                options.reconnect(),
                seatsAtMost);
        wakeups = Wakeups.of(runtime).watch(this::networkChanged, runtime.blocking());
    }

    @Override
    public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
        Objects.requireNonNull(identity, "identity");
        Callbacks callbacks = new Callbacks(runtime.callbacks(), protocol.wireName() + " " + identity);
        SharedConnection shared = table.take(credentials);
        if (shared == null) {
            CompletableFuture<UpstreamSession> refused = new CompletableFuture<>();
            callbacks.run(() -> refused.completeExceptionally(closedHere()));
            return refused;
        }
        boolean hub = TokenSource.serves(credentials) || credentials instanceof ClientCertificate;
        SessionWatch watched = watch.session(identity, callbacks::failures);
        SessionTerms terms =
                new SessionTerms(identity, protocol, hub, options, runtime, shared.loop(), callbacks, watched);
        AmqpSeat seat = new AmqpSeat(LineTerms.of(terms, credentials), table, shared, gone -> forget(gone, watched));
        LastingSession session = new LastingSession(terms, seat);
        if (!enter(seat, session)) {
            session.close(Duration.ZERO);
        }
        return session.open();
    }

    /** Has the session closed with the transport; false if that has happened already. */
    private boolean enter(AmqpSeat seat, LastingSession session) {
        synchronized (lock) {
            sessions.put(seat, session);
            return closing == null;
        }
    }

    private void forget(AmqpSeat seat, SessionWatch watched) {
        synchronized (lock) {
            sessions.remove(seat);
        }
        watch.left(watched);
    }

    @Override
    public TransportStatistics statistics() {
        return watch.statistics();
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(
                FailureKind.CLOSED, Where.here("open"), "the transport is closed: make another one");
    }

    @Override
    public void networkChanged() {
        List<LastingSession> all;
        synchronized (lock) {
            all = List.copyOf(sessions.values());
        }
        options.proxy().networkChanged();
        all.forEach(LastingSession::networkChanged);
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        mine.thenRun(() -> over.complete(null));
        List<LastingSession> open;
        synchronized (lock) {
            if (closing != null) {
                return closing.minimalCompletionStage();
            }
            closing = mine;
            open = List.copyOf(sessions.values());
        }
        wakeups.end();
        // Also connections that the last session has left and whose goodbye is still under way.
        CompletionStage<Void> connections = table.close();
        Stream<CompletionStage<Void>> ends =
                Stream.concat(open.stream().map(session -> session.close(drain)), Stream.of(connections));
        CompletableFuture.allOf(ends.map(CompletionStage::toCompletableFuture).toArray(CompletableFuture<?>[]::new))
                .whenComplete((done, error) -> mine.complete(null));
        return mine.minimalCompletionStage();
    }

    @Override
    public CompletionStage<Void> whenClosed() {
        return over.minimalCompletionStage();
    }

    @Override
    public void close() {
        runtime.awaitClose(close(options.closeTimeout()), options.closeTimeout());
    }
}
