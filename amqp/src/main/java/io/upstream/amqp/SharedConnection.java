// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Credentials;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.amqp.engine.Opening;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.LowerLayers;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * One connection and its seats, from the attempt to the last byte. The count of seats belongs to the transport, which guards it.
 */
final class SharedConnection {
    /** The peer is asked to speak at least so much later than we would like to have heard of it. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final ConnectAttempt attempt;
    private final CompletionStage<AmqpConnection> connection;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private int seats;
    private int taken;

    /**
     * Starts connecting.
     *
     * @param credentials of the first who wants it: all who share it have tokens, which come later
     * @param retired told when the connection is of no use to newcomers
     */
    SharedConnection(
            UpstreamOptions options,
            UpstreamRuntime runtime,
            LowerLayers lower,
            Credentials credentials,
            int seats,
            Consumer<SharedConnection> retired) {
        this.seats = seats;
        Opening opening = new Opening(
                Opening.Login.with(credentials),
                UUID.randomUUID().toString(),
                options.hubHost(),
                options.keepAlive().plus(PATIENCE));
        attempt = ConnectAttempt.start(
                runtime,
                options.connectTimeout(),
                () -> lower.plan(credentials).then(new AmqpStage(opening, HubAddresses.linkProperties(options))));
        connection = attempt.outcome()
                .whenComplete((channel, error) -> {
                    if (error != null) {
                        retired.accept(this); // before those who wait for it learn of it, and try again
                    }
                })
                .thenApply(channel -> {
                    channel.closeFuture().addListener(done -> closed.complete(null));
                    AmqpConnection open = AmqpStage.connection(channel);
                    open.onRetirement(() -> retired.accept(this));
                    return open;
                });
    }

    CompletionStage<AmqpConnection> connection() {
        return connection;
    }

    boolean hasRoom() {
        return taken < seats;
    }

    /** Has no more seats from now on, and tells whether more than that are taken. */
    boolean isOverbookedWith(int limit) {
        seats = Math.min(seats, limit);
        return taken > seats;
    }

    void take() {
        taken++;
    }

    /** Gives a seat back, and tells whether it was the last. */
    boolean release() {
        return --taken == 0;
    }

    /** Gives up while the attempt runs; no effect later. */
    void abort(UpstreamException reason) {
        attempt.abort(reason);
    }

    /** Closes in order; completes when the socket is closed, and never fails. */
    CompletionStage<Void> close() {
        connection.whenComplete((open, error) -> {
            if (open == null) {
                closed.complete(null);
                return;
            }
            try {
                open.loop().execute(open::close);
            } catch (RejectedExecutionException e) {
                closed.complete(null); // the runtime is closed, and its sockets with it
            }
        });
        return closed;
    }

    /** Completes when it has been told to close and the socket is closed; never fails. */
    CompletionStage<Void> whenClosed() {
        return closed;
    }

    /** The cause within what a stage wraps around it. */
    static Throwable unwrapped(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }
}
