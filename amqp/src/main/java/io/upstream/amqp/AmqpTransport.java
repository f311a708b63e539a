// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.session.Tokens;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.connect.LowerLayers;
import io.upstream.proxy.TunnelStage;
import io.upstream.session.Callbacks;
import io.upstream.websocket.WebSocketStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * AMQP to one hub. Identities with tokens share connections, made on demand and closed when the last has left; others have one each,
 * because SASL speaks for a whole connection. Thread-safe: its lock guards the table of seats and is never held while calling out.
 */
final class AmqpTransport implements UpstreamTransport {
    /** As Microsoft's own SDKs: the hub's limits on multiplexing. */
    static final int MAX_SEATS = 1_000;

    static final int MAX_SEATS_WEBSOCKET = 500;

    private final UpstreamProtocol protocol;
    private final UpstreamOptions options;
    private final UpstreamRuntime runtime;
    private final LowerLayers lower;
    private int seatsAtMost;
    private final Object lock = new Object();
    private final List<SharedConnection> shared = new ArrayList<>();
    private final Set<SharedConnection> all = new LinkedHashSet<>();
    private final Set<AmqpSession> sessions = new LinkedHashSet<>();
    private @Nullable CompletableFuture<Void> closing;

    AmqpTransport(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime) {
        this(protocol, options, runtime, protocol.isWebSocket() ? MAX_SEATS_WEBSOCKET : MAX_SEATS);
    }

    /** With another limit of identities per connection. */
    AmqpTransport(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime, int seatsAtMost) {
        this.protocol = protocol;
        this.options = options;
        this.runtime = runtime;
        this.seatsAtMost = seatsAtMost;
        lower = new LowerLayers(options, protocol, runtime, TunnelStage::new, WebSocketStage::new);
    }

    @Override
    public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
        long deadline = System.nanoTime() + options.connectTimeout().toNanos();
        CompletableFuture<UpstreamSession> opened = new CompletableFuture<>();
        board(identity, credentials, deadline, opened);
        return opened;
    }

    private void board(
            Identity identity, Credentials credentials, long deadline, CompletableFuture<UpstreamSession> opened) {
        SharedConnection seatOn = takeSeat(credentials);
        if (seatOn == null) {
            fail(opened, closedHere());
            return;
        }
        TableSeat seat = new TableSeat(identity, credentials, seatOn);
        seatOn.connection().whenComplete((connection, error) -> {
            if (error != null) {
                seat.leave();
                fail(opened, SharedConnection.unwrapped(error));
            } else if (isOverbooked(seatOn, connection.membersAtMost())) {
                seat.leave();
                board(identity, credentials, deadline, opened);
            } else {
                start(seat, connection, deadline, opened);
            }
        });
    }

    private void fail(CompletableFuture<UpstreamSession> opened, Throwable cause) {
        new Callbacks(runtime.callbacks()).run(() -> opened.completeExceptionally(cause));
    }

    /** Whether the peer turned out to take fewer identities than have a seat: some move to another connection. */
    private boolean isOverbooked(SharedConnection connection, int membersAtMost) {
        synchronized (lock) {
            seatsAtMost = Math.min(seatsAtMost, membersAtMost);
            return connection.isOverbookedWith(membersAtMost);
        }
    }

    private void start(
            TableSeat seat, AmqpConnection connection, long deadline, CompletableFuture<UpstreamSession> opened) {
        try {
            connection.loop().execute(() -> {
                AmqpSession session = new AmqpSession(seat, connection);
                if (!enter(session)) {
                    session.end(null);
                }
                session.open(Math.max(0, deadline - System.nanoTime()), opened);
            });
        } catch (RejectedExecutionException e) {
            seat.leave();
            opened.completeExceptionally(closedHere());
        }
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("transport"), "the transport was closed here");
    }

    /** Null if the transport is closed. */
    private @Nullable SharedConnection takeSeat(Credentials credentials) {
        synchronized (lock) {
            if (closing != null) {
                return null;
            }
            SharedConnection connection = Tokens.areUsedBy(credentials)
                    ? sharedOne()
                    : made(credentials instanceof UserPassword login ? login : null, 1);
            connection.take();
            return connection;
        }
    }

    private SharedConnection sharedOne() {
        for (SharedConnection connection : shared) {
            if (connection.hasRoom()) {
                return connection;
            }
        }
        SharedConnection connection = made(null, seatsAtMost);
        shared.add(connection);
        return connection;
    }

    /** Connecting begins, on other threads. */
    private SharedConnection made(@Nullable UserPassword login, int seats) {
        SharedConnection connection = new SharedConnection(options, runtime, lower, login, seats, this::retire);
        all.add(connection);
        return connection;
    }

    private void retire(SharedConnection connection) {
        synchronized (lock) {
            shared.remove(connection);
        }
    }

    /** Has the session closed with the transport; false if that has happened already. */
    private boolean enter(AmqpSession session) {
        synchronized (lock) {
            return closing == null && sessions.add(session);
        }
    }

    private CompletionStage<Void> release(SharedConnection connection) {
        synchronized (lock) {
            if (!connection.release()) {
                return CompletableFuture.completedFuture(null);
            }
            shared.remove(connection);
        }
        connection.close().thenRun(() -> forget(connection));
        return connection.whenClosed();
    }

    private void forget(SharedConnection connection) {
        synchronized (lock) {
            all.remove(connection);
        }
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        List<AmqpSession> open;
        List<SharedConnection> connections;
        synchronized (lock) {
            if (closing != null) {
                return closing.minimalCompletionStage();
            }
            closing = mine;
            open = new ArrayList<>(sessions);
            connections = new ArrayList<>(all);
        }
        connections.forEach(connection -> connection.abort(closedHere()));
        // Also those that the last session has left and whose goodbye is still under way.
        Stream<CompletionStage<Void>> ends = Stream.concat(
                open.stream().map(session -> session.close(drain)),
                connections.stream().map(SharedConnection::whenClosed));
        CompletableFuture.allOf(ends.map(CompletionStage::toCompletableFuture).toArray(CompletableFuture<?>[]::new))
                .whenComplete((done, error) -> mine.complete(null));
        return mine.minimalCompletionStage();
    }

    @Override
    public void close() {
        runtime.awaitClose(close(options.closeTimeout()), options.closeTimeout());
    }

    /** A place in the table above. */
    private final class TableSeat implements Seat {
        private final Identity identity;
        private final Credentials credentials;
        private final SharedConnection connection;

        TableSeat(Identity identity, Credentials credentials, SharedConnection connection) {
            this.identity = identity;
            this.credentials = credentials;
            this.connection = connection;
        }

        @Override
        public Identity identity() {
            return identity;
        }

        @Override
        public UpstreamProtocol protocol() {
            return protocol;
        }

        @Override
        public UpstreamOptions options() {
            return options;
        }

        @Override
        public UpstreamRuntime runtime() {
            return runtime;
        }

        @Override
        public Optional<Tokens> tokens() {
            return Tokens.areUsedBy(credentials)
                    ? Optional.of(new Tokens(credentials, options.hubHost(), identity, runtime.blocking()))
                    : Optional.empty();
        }

        @Override
        public String telemetryAddress() {
            return options.telemetryAddress().isEmpty() ? HubAddresses.telemetry(identity) : options.telemetryAddress();
        }

        /** Gives the place back before there was a session. */
        void leave() {
            release(connection);
        }

        @Override
        public CompletionStage<Void> leave(AmqpSession session) {
            synchronized (lock) {
                sessions.remove(session);
            }
            return release(connection);
        }
    }
}
