// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.util.concurrent.Future;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.PeerError;
import io.upstream.session.Line;
import io.upstream.session.LineOwner;
import io.upstream.session.Outbox;
import io.upstream.session.Probe;
import io.upstream.session.Probes;
import io.upstream.session.Subject;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One identity on one connection: its token, an AMQP session of its own, and the links on that. A session each, as Microsoft's SDK does it,
 * so that windows and errors of one identity do not touch another. Confined to the event loop.
 */
final class AmqpLine implements Line, Members.Member {
    /** For the hub's answer to our end. */
    private static final long GOODBYE_MILLIS = 2_000;

    private final LineTerms terms;
    private final AmqpConnection connection;
    private final LineOwner owner;
    private final Outbox outbox;
    private final SessionOpening opening;
    private final Probes probes = new Probes();
    private @Nullable SessionLinks links;
    private @Nullable Future<?> alarm;
    private long alarmNanos = Long.MAX_VALUE;
    private Life life = Life.OPENING;

    private enum Life {
        /** The owner does not know of it yet. */
        OPENING,
        UP,
        /** It waits for answers, then it leaves. */
        FINISHING,
        /** It has said goodbye. */
        LEAVING,
        OVER
    }

    /** @param owner told {@link LineOwner#failed} if it does not come up, else {@link LineOwner#up} and {@link LineOwner#down} */
    AmqpLine(LineTerms terms, AmqpConnection connection, LineOwner owner) {
        this.terms = terms;
        this.connection = connection;
        this.owner = owner;
        outbox = owner.outbox();
        opening = new SessionOpening(this, connection, TokenPresenter.of(terms, connection));
    }

    /** Presents the token and attaches, within {@code limit}. */
    void open(Duration limit) {
        if (connection.isOpen()) {
            connection.members().join(this);
            opening.start(limit.toNanos());
        } else {
            end(connection.lostCause());
        }
    }

    Identity identity() {
        return terms.identity();
    }

    /** Whether its connection is still of use, whatever has become of the line. */
    boolean hasConnection() {
        return connection.isOpen();
    }

    /** Begins the AMQP session and attaches the telemetry link: the identity is known to the hub by now. */
    void attach() {
        links = new SessionLinks(this, connection, terms, outbox, this::sessionEnded);
    }

    /** The telemetry link is attached: the line is of use. */
    void attached() {
        if (life == Life.OPENING) {
            opening.succeed();
            life = Life.UP;
            owner.up(this);
        }
    }

    private boolean isServing() {
        return life == Life.UP || life == Life.FINISHING;
    }

    @Override
    public void pump() {
        if (links != null && isServing()) {
            links.pump();
        }
    }

    @Override
    public void writable() {
        pump();
    }

    @Override
    public void onMessage(MessageHandler handler, CompletableFuture<Void> outcome) {
        onLinks(outcome, own -> own.cloud().subscribe(handler, outcome));
    }

    @Override
    public void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome) {
        onLinks(outcome, own -> own.twin().subscribe(handler, outcome));
    }

    @Override
    public void onMethod(MethodHandler handler, CompletableFuture<Void> outcome) {
        onLinks(outcome, own -> own.methods().subscribe(handler, outcome));
    }

    @Override
    public void twin(CompletableFuture<Twin> outcome) {
        onLinks(outcome, own -> own.twin().read(outcome));
    }

    @Override
    public void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
        onLinks(outcome, own -> own.twin().report(patch, base, outcome));
    }

    /** Begins an AMQP session and ends it: the one thing that asks for nothing and that every peer has to answer. */
    @Override
    public void probe(CompletableFuture<Duration> outcome) {
        Duration patience = connection.patience();
        long asked = connection.clock().getAsLong();
        Where where = connection.where(AmqpStage.NAME);
        outcome.thenAccept(took -> terms.session().watch().roundTrip(took));
        Probe probe = new Probe(
                connection.loop(),
                terms.session().callbacks(),
                outcome,
                patience,
                () -> connection.hasHeardSince(asked) ? null : Probe.unanswered(where, patience));
        probes.add(probe);
        if (!isServing()) {
            probes.fail(closedHere());
        } else if (!probe.isOver()) {
            connection.engine().begin(error -> answered(probe, error)).end();
            connection.flush();
        }
    }

    private void answered(Probe probe, @Nullable PeerError error) {
        if (error == null) {
            probe.answered();
        } else {
            probe.fail(UpstreamException.of(
                    FailureKind.OUTBOX_FULL,
                    connection.where(AmqpStage.NAME),
                    "the connection has no AMQP session left to ask with (" + error.condition() + ")"));
        }
    }

    private void onLinks(CompletableFuture<?> outcome, Consumer<SessionLinks> task) {
        SessionLinks own = links;
        if (own != null && isServing()) {
            task.accept(own);
        } else {
            UpstreamException cause = closedHere();
            terms.session().callbacks().run(() -> outcome.completeExceptionally(cause));
        }
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("session"), "the session was closed here");
    }

    @Override
    public void finish(Duration drain) {
        if (!isServing()) {
            return;
        }
        life = Life.FINISHING;
        pump();
        long end = connection.clock().getAsLong() + drain.toNanos();
        if (drain.isZero()) {
            sayGoodbye();
        } else if (alarm == null || end - alarmNanos < 0) {
            alarmNanos = end;
            after(drain, this::sayGoodbye);
            settled();
        }
    }

    private void after(Duration time, Runnable task) {
        if (alarm != null) {
            alarm.cancel(false);
        }
        alarm = connection.loop().schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Something was answered: perhaps it was the last that {@link #finish} waits for. */
    void settled() {
        if (life == Life.FINISHING && outbox.isEmpty() && (links == null || links.isIdle())) {
            sayGoodbye();
        }
    }

    private void sayGoodbye() {
        if (!isServing()) {
            return;
        }
        life = Life.LEAVING;
        if (links != null) {
            links.detach();
        }
        connection.flush();
        after(Duration.ofMillis(GOODBYE_MILLIS), () -> end(null));
    }

    /** The hub has closed the links of {@code subject}, and nothing else. */
    void lost(Subject subject, UpstreamException cause) {
        if (isServing()) {
            owner.lost(this, subject, cause);
        }
    }

    @Override
    public void giveUp(UpstreamException cause) {
        connection.unheard(cause);
        linkLost(cause);
    }

    /** One of the links is gone for good, and with it the line. */
    void linkLost(UpstreamException cause) {
        if (life != Life.LEAVING) {
            end(cause);
        }
    }

    private void sessionEnded(@Nullable PeerError error) {
        end(
                life == Life.LEAVING
                        ? null
                        : Conditions.failure(
                                error,
                                connection.where(AmqpStage.NAME),
                                "ended the session",
                                FailureKind.CLOSED_BY_PEER));
    }

    @Override
    public void connectionLost(UpstreamException cause) {
        end(life == Life.LEAVING ? null : cause);
    }

    /** The attempt, or the session, is given up: ends without telling the owner. */
    void abandon() {
        release(closedHere());
    }

    /**
     * The one way out that the owner is told of. Only the first call counts.
     *
     * @param cause null after {@link #finish}
     */
    void end(@Nullable UpstreamException cause) {
        Life before = life;
        if (before == Life.OVER) {
            return;
        }
        UpstreamException reason = cause != null ? cause : closedHere();
        release(reason);
        if (before == Life.OPENING) {
            owner.failed(reason);
        } else {
            owner.down(this, cause);
        }
    }

    private void release(UpstreamException reason) {
        if (life == Life.OVER) {
            return;
        }
        life = Life.OVER;
        probes.fail(reason);
        opening.end();
        if (alarm != null) {
            alarm.cancel(false);
        }
        if (links != null) {
            links.end(reason);
        }
        connection.members().leave(this);
        if (connection.isOpen()) {
            connection.flushSoon();
        }
    }
}
