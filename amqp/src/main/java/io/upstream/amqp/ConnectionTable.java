// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.EventLoop;
import io.upstream.Credentials;
import io.upstream.Reconnect;
import io.upstream.session.TokenSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Who sits on which connection. Identities with tokens share, up to the peer's limit; others have a connection each, because SASL speaks
 * for a whole one. Safe for use by any thread: its lock guards the counts and is never held while calling out.
 */
final class ConnectionTable {
    private final Dialler dialler;
    private final Supplier<EventLoop> loops;
    private final Reconnect policy;
    private final Object lock = new Object();
    private final List<SharedConnection> shared = new ArrayList<>();
    private final Set<SharedConnection> all = new LinkedHashSet<>();
    private int seatsAtMost;
    private State state = State.OPEN;

    private enum State {
        OPEN,
        CLOSED
    }

    /**
     * Empty at first.
     *
     * @param loops gives the event loop of each new connection
     * @param seatsAtMost on one connection, unless the peer takes fewer
     */
    ConnectionTable(Dialler dialler, Supplier<EventLoop> loops, Reconnect policy, int seatsAtMost) {
        this.dialler = dialler;
        this.loops = loops;
        this.policy = policy;
        this.seatsAtMost = seatsAtMost;
    }

    /** Takes a seat; null if the transport is closed. */
    @Nullable
    SharedConnection take(Credentials credentials) {
        synchronized (lock) {
            if (state == State.CLOSED) {
                return null;
            }
            SharedConnection chosen = TokenSource.serves(credentials)
                    ? withRoom(any -> true, loops, credentials)
                    : made(loops.get(), credentials, 1);
            chosen.take();
            return chosen;
        }
    }

    /** Changes a seat for one on another connection of the same event loop. */
    SharedConnection move(SharedConnection from) {
        synchronized (lock) {
            SharedConnection chosen =
                    withRoom(each -> each != from && each.loop() == from.loop(), from::loop, from.credentials());
            chosen.take();
            from.release();
            return chosen;
        }
    }

    private SharedConnection withRoom(
            Predicate<SharedConnection> suits, Supplier<EventLoop> loop, Credentials credentials) {
        for (SharedConnection each : shared) {
            if (each.hasRoom() && suits.test(each)) {
                return each;
            }
        }
        SharedConnection made = made(loop.get(), credentials, seatsAtMost);
        shared.add(made);
        return made;
    }

    private SharedConnection made(EventLoop loop, Credentials credentials, int seats) {
        SharedConnection made = new SharedConnection(dialler, loop, credentials, policy, seats);
        all.add(made);
        return made;
    }

    /** Whether the peer turned out to take fewer identities than have a seat: some have to {@link #move}. */
    boolean isOverbooked(SharedConnection connection, int membersAtMost) {
        synchronized (lock) {
            seatsAtMost = Math.min(seatsAtMost, membersAtMost);
            return connection.isOverbookedWith(membersAtMost);
        }
    }

    /** Gives a seat back; completes when what that closes is closed. Never fails. */
    CompletionStage<Void> release(SharedConnection connection) {
        synchronized (lock) {
            if (!connection.release()) {
                return CompletableFuture.completedFuture(null);
            }
            shared.remove(connection);
        }
        return connection.close().thenRun(() -> forget(connection));
    }

    private void forget(SharedConnection connection) {
        synchronized (lock) {
            all.remove(connection);
        }
    }

    /** Gives no seat any more; completes when all have been given back and every connection is closed. Never fails. */
    CompletionStage<Void> close() {
        List<SharedConnection> open;
        synchronized (lock) {
            state = State.CLOSED;
            open = List.copyOf(all);
        }
        return CompletableFuture.allOf(open.stream()
                .map(each -> each.whenClosed().toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new));
    }
}
