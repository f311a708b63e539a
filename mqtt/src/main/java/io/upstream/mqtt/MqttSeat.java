// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.Failures;
import io.upstream.connect.LowerLayers;
import io.upstream.session.Backoff;
import io.upstream.session.Connector;
import io.upstream.session.LineOwner;
import io.upstream.session.PacedAttempt.Occasion;
import io.upstream.session.Pause;
import io.upstream.session.Remedy;
import io.upstream.session.TokenLease;
import io.upstream.session.TokenSource;
import io.upstream.watch.SessionWatch;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one identity's connections, one after the other: plan, proxy, names, certificates and token anew for each. Confined to the event
 * loop, but for the plan.
 */
final class MqttSeat implements Connector {
    /** The part of a token's life after which its connection is replaced; spread, so that sessions that came together are not. */
    private static final double RETIRE_AT = 0.8;

    private static final double RETIRE_SPREAD = 0.05;

    /** Also where the clocks disagree so much that a token seems to have ended already. */
    private static final long SHORTEST_LIFE_MILLIS = 500;

    /** For a token that is late, before the present one ends. */
    private static final int TRIES = 5;

    /** From one try to the next where the present one should have ended, and the hub does not mind: its clock is another. */
    private static final long OVERDUE_MILLIS = 60_000;

    private static final Logger log = LoggerFactory.getLogger(MqttSeat.class);

    private final SessionSetup setup;
    private final Credentials credentials;
    private final Dialler dialler;
    private final Consumer<MqttSeat> left;
    private final EventLoop loop;
    private final SessionWatch watch;
    private final Backoff backoff;
    private final InFlight inFlight;
    private final @Nullable TokenSource tokens;
    private @Nullable Rest rest;
    private @Nullable Attempt latest;

    /** Made ahead, for the next connection. */
    private @Nullable TokenLease fresh;

    /**
     * Connects to nothing yet.
     *
     * @param lowerLayers plans everything below MQTT
     * @param left told when the session is over and its last connection closed
     */
    MqttSeat(SessionSetup setup, Credentials credentials, LowerLayers lowerLayers, Consumer<MqttSeat> left) {
        this(setup, credentials, tokens(setup, credentials), new HubDialler(setup, credentials, lowerLayers), left);
    }

    /** As above, with connections and tokens from elsewhere. */
    MqttSeat(
            SessionSetup setup,
            Credentials credentials,
            @Nullable TokenSource tokens,
            Dialler dialler,
            Consumer<MqttSeat> left) {
        this.setup = setup;
        this.credentials = credentials;
        this.tokens = tokens;
        this.dialler = dialler;
        this.left = left;
        loop = setup.terms().loop();
        watch = setup.terms().watch();
        backoff = new Backoff(
                setup.options().reconnect(),
                this::nanoTime,
                () -> ThreadLocalRandom.current().nextLong());
        inFlight = new InFlight(setup.options().outboxMessages());
    }

    private static @Nullable TokenSource tokens(SessionSetup setup, Credentials credentials) {
        return TokenSource.serves(credentials)
                ? new TokenSource(
                        credentials,
                        setup.options().hubHost(),
                        setup.identity(),
                        setup.terms().runtime())
                : null;
    }

    /** Of all timers and limits; the time of day, which may jump, is for nothing but to make tokens. */
    private long nanoTime() {
        return loop.ticker().nanoTime();
    }

    @Override
    public void connect(LineOwner owner, @Nullable UpstreamException after) {
        Duration wait = after == null ? Duration.ZERO : backoff.pauseAfter(after);
        if (after == null || wait.isZero()) {
            begin(owner);
        } else {
            owner.waits(wait);
            rest = new Rest(owner, after, wait);
        }
    }

    @Override
    public void hurry() {
        if (rest != null && Remedy.mayPassElsewhere(rest.after)) {
            backoff.forget();
            rest.end();
        }
    }

    /** The pause before an attempt. */
    private final class Rest {
        private final LineOwner owner;
        private final UpstreamException after;
        private final Pause pause;

        private Rest(LineOwner owner, UpstreamException after, Duration wait) {
            this.owner = owner;
            this.after = after;
            pause = Pause.of(wait, loop, this::end, () -> owner.failed(Failures.runtimeClosed("open", null)));
        }

        private void end() {
            pause.cancel();
            rest = null;
            begin(owner);
        }
    }

    private void begin(LineOwner owner) {
        Attempt next = new Attempt(owner, fresh, latest == null ? Occasion.FIRST : Occasion.ANOTHER);
        fresh = null;
        latest = next;
        next.start();
    }

    @Override
    public CompletionStage<Void> leave() {
        if (rest != null) {
            rest.pause.cancel();
        }
        Attempt last = latest;
        CompletableFuture<Void> gone = last == null ? CompletableFuture.completedFuture(null) : last.leave();
        return gone.thenRun(() -> left.accept(this));
    }

    /** A connection lives no longer than its token: it is replaced before that ends, while nothing is wrong. */
    static long lifeMillis(long millisLeft) {
        double part = RETIRE_AT + RETIRE_SPREAD * ThreadLocalRandom.current().nextDouble(-1, 1);
        return Math.max(SHORTEST_LIFE_MILLIS, (long) (millisLeft * part));
    }

    /** The connection is given up when there is a token for the next: until then the present one is as good as any. */
    private void renew(TokenSource source, MqttLink link, TokenLease shown) {
        long asked = nanoTime();
        source.next(this::nanoTime)
                .whenComplete((next, error) -> onLoop(() -> {
                    if (error == null && (!source.mayBeStale() || next.outlasts(shown))) {
                        replace(link, next, Duration.ofNanos(nanoTime() - asked));
                    } else {
                        again(source, link, shown, error);
                    }
                }));
    }

    private void replace(MqttLink link, TokenLease next, Duration took) {
        watch.tokenRenewed(took);
        fresh = next;
        if (!link.retire()) {
            fresh = null; // lost meanwhile: what connects now has asked for a token itself, and this one would be old
            // when it is needed
        }
    }

    private void again(TokenSource source, MqttLink link, TokenLease shown, @Nullable Throwable error) {
        long left = shown.millisLeft(nanoTime()).orElse(0);
        long wait = left > 0 ? Math.max(SHORTEST_LIFE_MILLIS, left / TRIES) : OVERDUE_MILLIS;
        log.warn(
                "no token for {} that lasts longer than the present one, next try in {} ms",
                setup.identity(),
                wait,
                error);
        watch.tokenRenewalFailed(noToken(error), Duration.ofMillis(wait));
        link.after(wait, () -> renew(source, link, shown));
    }

    private static UpstreamException noToken(@Nullable Throwable error) {
        Where here = Where.here("token");
        return error != null
                ? Failures.translate(error, here)
                : UpstreamException.of(
                        FailureKind.TOKEN_EXPIRED,
                        here,
                        "what makes the tokens gave one that lasts no longer than the one in use: it must make a fresh one");
    }

    private void onLoop(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed");
        }
    }

    /** One connection, from the plan to the last byte. */
    private final class Attempt implements ConnectPlanner {
        private final LineOwner owner;
        private final Occasion occasion;
        private final CompletableFuture<Void> gone = new CompletableFuture<>();
        private volatile @Nullable MqttLogin login;
        private volatile @Nullable TokenLease token;
        private final @Nullable TokenLease ahead;
        private Dialler.@Nullable Dialling attempt;
        private @Nullable MqttLink line;

        private Attempt(LineOwner owner, @Nullable TokenLease ahead, Occasion occasion) {
            this.owner = owner;
            this.occasion = occasion;
            this.ahead = ahead;
            this.token = ahead;
        }

        private void start() {
            Dialler.Dialling started = dialler.dial(occasion, this);
            attempt = started;
            started.outcome().whenComplete((channel, error) -> {
                MqttLogin last = login;
                if (last == null) {
                    gone.complete(null);
                } else {
                    last.whenGone(() -> gone.complete(null)); // a refused connection says goodbye, too
                }
                if (error != null && (last == null || !last.isWelcome())) {
                    owner.failed(Failures.translate(error, Where.here("open")));
                }
            });
        }

        @Override
        public CompletionStage<?> ready() {
            if (tokens == null) {
                return ConnectPlanner.super.ready();
            }
            return ahead != null
                    ? CompletableFuture.completedFuture(ahead)
                    : tokens.next(MqttSeat.this::nanoTime).thenAccept(next -> token = next);
        }

        @Override
        public ConnectPlan plan() throws UpstreamException {
            TokenLease ready = token;
            MqttLogin last = new MqttLogin(setup, ready == null ? credentials : ready.token(), inFlight, this::welcome);
            login = last;
            return dialler.plan().then(last);
        }

        private void welcome(MqttLink link) {
            backoff.succeeded();
            line = link;
            TokenLease shown = token;
            if (shown != null && tokens != null && tokens.canRenew()) {
                shown.millisLeft(nanoTime())
                        .ifPresent(left -> link.after(lifeMillis(left), () -> renew(tokens, link, shown)));
            }
            link.serve(owner);
        }

        private CompletableFuture<Void> leave() {
            Dialler.Dialling started = attempt;
            if (started != null) {
                started.abort(UpstreamException.of(
                        FailureKind.CLOSED, Where.here("open"), "the session was closed while it connected"));
            }
            if (line != null) {
                line.finish(Duration.ZERO); // one that retires is still there
            }
            return gone;
        }
    }
}
