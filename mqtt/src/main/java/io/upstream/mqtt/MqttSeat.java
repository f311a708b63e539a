// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.Failures;
import io.upstream.session.Backoff;
import io.upstream.session.Connector;
import io.upstream.session.LineOwner;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes one identity's connections, one after the other: plan, proxy, names, certificates and token anew for each. Confined to the event
 * loop, but for the plan.
 */
final class MqttSeat implements Connector {
    private final SessionSetup setup;
    private final Credentials credentials;
    private final ConnectPlanner lowerLayers;
    private final Consumer<MqttSeat> left;
    private final EventLoop loop;
    private final Backoff backoff;
    private final InFlight inFlight;
    private @Nullable Future<?> pause;
    private @Nullable Attempt latest;

    /**
     * Connects to nothing yet.
     *
     * @param lowerLayers plans everything below MQTT
     * @param left told when the session is over and its last connection closed
     */
    MqttSeat(SessionSetup setup, Credentials credentials, ConnectPlanner lowerLayers, Consumer<MqttSeat> left) {
        this.setup = setup;
        this.credentials = credentials;
        this.lowerLayers = lowerLayers;
        this.left = left;
        loop = setup.terms().loop();
        backoff = new Backoff(setup.options().reconnect(), () -> loop.ticker().nanoTime(), ThreadLocalRandom.current());
        inFlight = new InFlight(setup.options().outboxMessages());
    }

    @Override
    public void connect(LineOwner owner, @Nullable UpstreamException after) {
        Duration wait = after == null ? Duration.ZERO : backoff.pauseAfter(after.kind());
        if (wait.isZero()) {
            begin(owner);
        } else {
            pause = loop.schedule(() -> begin(owner), wait.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void begin(LineOwner owner) {
        Attempt next = new Attempt(owner);
        latest = next;
        next.start();
    }

    @Override
    public CompletionStage<Void> leave() {
        if (pause != null) {
            pause.cancel(false);
        }
        Attempt last = latest;
        CompletableFuture<Void> gone = last == null ? CompletableFuture.completedFuture(null) : last.leave();
        return gone.thenRun(() -> left.accept(this));
    }

    /** One connection, from the plan to the last byte. */
    private final class Attempt implements ConnectPlanner {
        private final LineOwner owner;
        private final CompletableFuture<Void> gone = new CompletableFuture<>();
        private volatile @Nullable MqttLogin login;
        private @Nullable ConnectAttempt attempt;

        private Attempt(LineOwner owner) {
            this.owner = owner;
        }

        private void start() {
            ConnectAttempt started = ConnectAttempt.start(
                    setup.terms().runtime(), loop, setup.options().connectTimeout(), this);
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
        public ConnectPlan plan() throws UpstreamException {
            MqttLogin last = new MqttLogin(setup, credentials, inFlight, this::welcome);
            login = last;
            return lowerLayers.plan().then(last);
        }

        private void welcome(MqttLink link) {
            backoff.succeeded();
            link.serve(owner);
        }

        private CompletableFuture<Void> leave() {
            ConnectAttempt started = attempt;
            if (started != null) {
                started.abort(UpstreamException.of(
                        FailureKind.CLOSED, Where.here("open"), "the session was closed while it connected"));
            }
            return gone;
        }
    }
}
