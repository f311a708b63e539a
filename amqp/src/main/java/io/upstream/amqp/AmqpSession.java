// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.session.Tokens;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Phase;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.amqp.engine.PeerError;
import io.upstream.session.Callbacks;
import io.upstream.session.Drain;
import io.upstream.session.Lifecycle;
import io.upstream.session.Outbox;
import io.upstream.session.TwinDocument;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One identity on a shared connection: its token, an AMQP session of its own, and the links on that. A session each, as Microsoft's SDK
 * does it, so that windows and errors of one identity do not touch another. Confined to the event loop but for the public methods.
 */
final class AmqpSession implements UpstreamSession, AmqpConnection.Member {
    /** For the hub's answer to our end. */
    private static final long GOODBYE_MILLIS = 2_000;

    private final Seat seat;
    private final AmqpConnection connection;
    private final Callbacks callbacks;
    private final Lifecycle lifecycle;
    private final Outbox outbox;
    private final SessionOpening opening;
    private final CompletableFuture<UpstreamSession> begun = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final CompletionStage<Void> closing = closed.minimalCompletionStage();
    private @Nullable SessionLinks links;
    private @Nullable Future<?> drainEnd;
    private Goodbye goodbye = Goodbye.NOT_YET;

    private enum Goodbye {
        NOT_YET,
        SAID
    }

    AmqpSession(Seat seat, AmqpConnection connection) {
        this.seat = seat;
        this.connection = connection;
        callbacks = new Callbacks(seat.runtime().callbacks());
        lifecycle = new Lifecycle(seat.protocol().wireName() + " " + seat.identity(), callbacks);
        outbox = new Outbox(connection.loop(), callbacks, seat.options(), this::pump, connection.clock());
        opening = new SessionOpening(
                this,
                connection,
                seat.tokens().map(tokens -> presenter(seat, connection, tokens)).orElse(null));
    }

    private static TokenPresenter presenter(Seat seat, AmqpConnection connection, Tokens tokens) {
        String audience = HubAddresses.audience(seat.options().hubHost(), seat.identity());
        return new TokenPresenter(connection, tokens, audience);
    }

    /**
     * Presents the token and attaches.
     *
     * @param nanos at most
     * @param opened told on the callback executor
     */
    void open(long nanos, CompletableFuture<UpstreamSession> opened) {
        begun.whenComplete((session, error) -> {
            if (error != null) {
                opened.completeExceptionally(error);
            } else if (!opened.complete(session)) {
                close(Duration.ZERO); // nobody waits for it any more
            }
        });
        if (lifecycle.is(Phase.CLOSED)) {
            return;
        }
        connection.join(this);
        if (connection.isOpen()) {
            opening.start(nanos);
        } else {
            end(connection.lostCause());
        }
    }

    @Override
    public Identity identity() {
        return seat.identity();
    }

    @Override
    public UpstreamProtocol protocol() {
        return seat.protocol();
    }

    @Override
    public CompletionStage<Void> send(Telemetry message) {
        return isEnding() ? CompletableFuture.failedFuture(whyOver()) : outbox.submit(message);
    }

    @Override
    public List<CompletionStage<Void>> sendBatch(List<Telemetry> batch) {
        return isEnding() ? UpstreamSession.super.sendBatch(batch) : outbox.submit(batch);
    }

    private boolean isEnding() {
        Phase phase = lifecycle.status().phase();
        return phase == Phase.CLOSING || phase == Phase.CLOSED;
    }

    @Override
    public CompletionStage<Void> onMessage(MessageHandler handler) {
        return onLinks((own, outcome) -> own.cloud().subscribe(handler, outcome));
    }

    @Override
    public CompletionStage<Twin> twin() {
        return onHub((own, outcome) -> own.twin().read(outcome));
    }

    @Override
    public CompletionStage<Long> report(String patch) {
        return report(patch, (Long) null);
    }

    @Override
    public CompletionStage<Long> report(String patch, long version) {
        return report(patch, Long.valueOf(version));
    }

    private CompletionStage<Long> report(String patch, @Nullable Long version) {
        byte[] json;
        try {
            json = TwinDocument.patch(patch);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(UpstreamException.of(
                    FailureKind.INVALID, Where.here("twin"), "the patch is not one JSON object: correct it", e));
        }
        return onHub((own, outcome) -> own.twin().report(json, version, outcome));
    }

    @Override
    public CompletionStage<Void> onDesiredChange(Consumer<DesiredChange> handler) {
        return onHub((own, outcome) -> own.twin().subscribe(handler, outcome));
    }

    @Override
    public CompletionStage<Void> onMethod(MethodHandler handler) {
        return onHub((own, outcome) -> own.methods().subscribe(handler, outcome));
    }

    /** As {@link #onLinks}, for what only an IoT Hub has. */
    private <T> CompletionStage<T> onHub(BiConsumer<SessionLinks, CompletableFuture<T>> task) {
        return seat.tokens().isPresent()
                ? onLinks(task)
                : CompletableFuture.failedFuture(UpstreamException.of(
                        FailureKind.CONFIGURATION,
                        Where.here("session"),
                        "a broker that is no IoT Hub has no twins and no direct methods: use a hub's credentials"));
    }

    /** Has {@code task} run on the event loop while the session is of use. */
    private <T> CompletionStage<T> onLinks(BiConsumer<SessionLinks, CompletableFuture<T>> task) {
        CompletableFuture<T> outcome = new CompletableFuture<>();
        try {
            connection.loop().execute(() -> {
                if (links == null || !lifecycle.is(Phase.CONNECTED)) {
                    callbacks.run(() -> outcome.completeExceptionally(whyOver()));
                } else {
                    task.accept(links, outcome);
                }
            });
        } catch (RejectedExecutionException e) {
            outcome.completeExceptionally(whyOver());
        }
        return outcome;
    }

    private UpstreamException whyOver() {
        UpstreamException cause = lifecycle.status().cause();
        return cause != null ? cause : closedHere();
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("session"), "the session was closed here");
    }

    @Override
    public SessionStatus status() {
        return lifecycle.status();
    }

    @Override
    public void onStatus(Consumer<SessionStatus> listener) {
        lifecycle.addListener(listener);
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        try {
            connection.loop().execute(() -> beginClose(Drain.bounded(drain)));
        } catch (RejectedExecutionException e) {
            closed.complete(null);
        }
        return closing;
    }

    @Override
    public void close() {
        Duration drain = seat.options().closeTimeout();
        seat.runtime().awaitClose(close(drain), drain);
    }

    private void beginClose(Duration drain) {
        Phase before = lifecycle.status().phase();
        if (!lifecycle.moveTo(Phase.CLOSING, null)) {
            return;
        }
        if (before != Phase.CONNECTED) {
            end(null);
        } else if (outbox.isEmpty() || drain.isZero()) {
            sayGoodbye();
        } else {
            drainEnd = connection.loop().schedule(this::sayGoodbye, drain.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void sayGoodbye() {
        if (goodbye == Goodbye.SAID || !lifecycle.is(Phase.CLOSING)) {
            return;
        }
        goodbye = Goodbye.SAID;
        outbox.end(closedHere());
        if (links != null) {
            links.detach();
        }
        connection.flush();
        if (drainEnd != null) {
            drainEnd.cancel(false);
        }
        drainEnd = connection.loop().schedule(() -> end(null), GOODBYE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Begins the AMQP session and attaches the telemetry link: the identity is known to the hub by now. */
    void attach() {
        links = new SessionLinks(this, connection, seat, outbox, callbacks, this::sessionEnded);
    }

    /** The telemetry link is attached: the session is of use. */
    void attached() {
        opening.succeed();
        if (lifecycle.moveTo(Phase.CONNECTED, null)) {
            callbacks.run(() -> begun.complete(this));
        }
    }

    /** One of the links is gone for good, and with it the session. */
    void linkLost(UpstreamException cause) {
        if (goodbye == Goodbye.NOT_YET) {
            end(cause);
        }
    }

    /** Something was answered: perhaps it was the last that {@link #close} waits for. */
    void settled() {
        if (lifecycle.is(Phase.CLOSING) && outbox.isEmpty()) {
            sayGoodbye();
        }
    }

    private void sessionEnded(@Nullable PeerError error) {
        end(
                lifecycle.is(Phase.CLOSING)
                        ? null
                        : Conditions.failure(
                                error,
                                connection.where(AmqpStage.NAME),
                                "ended the session",
                                FailureKind.CLOSED_BY_PEER));
    }

    @Override
    public void connectionLost(UpstreamException cause) {
        end(lifecycle.is(Phase.CLOSING) ? null : cause);
    }

    @Override
    public void writable() {
        pump();
    }

    private void pump() {
        if (links != null) {
            links.pump();
        }
    }

    /**
     * The one way out. Only the first call counts.
     *
     * @param cause null after {@link #close}
     */
    void end(@Nullable UpstreamException cause) {
        if (lifecycle.is(Phase.CLOSED)) {
            return;
        }
        UpstreamException reason = cause != null ? cause : closedHere();
        opening.end();
        if (drainEnd != null) {
            drainEnd.cancel(false);
        }
        lifecycle.moveTo(Phase.CLOSED, cause);
        outbox.end(reason);
        if (links != null) {
            links.end(reason);
        }
        connection.leave(this);
        if (connection.isOpen()) {
            connection.flush();
        }
        callbacks.run(() -> begun.completeExceptionally(reason));
        seat.leave(this).whenComplete((done, error) -> callbacks.run(() -> closed.complete(null)));
    }
}
