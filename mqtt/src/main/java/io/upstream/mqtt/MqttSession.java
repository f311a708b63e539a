// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
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
import io.upstream.session.Drain;
import io.upstream.session.Lifecycle;
import io.upstream.session.TwinDocument;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One identity on a connection of its own. What the application calls, from any thread; the work is {@link MqttLink}'s.
 *
 * <p>Messages go to {@code devices/{id}/messages/events/} with all properties in the topic, or to the address that the options name. To
 * such an address the payload alone is sent: MQTT 3.1.1 has no properties, the form in the topic is the hub's own, and a message with
 * application properties fails.
 */
final class MqttSession implements UpstreamSession {
    /** Before the 5 s that {@link UpstreamSession#close(Duration)} promises are over. */
    private static final Duration LAST_WORD_AFTER = Duration.ofMillis(4_700);

    private final SessionSetup setup;
    private final EventLoop loop;
    private final Channel channel;
    private final Lifecycle lifecycle;
    private final MqttLink link;
    private final AtomicReference<@Nullable CompletableFuture<Void>> closed = new AtomicReference<>();

    /** For a channel on which the hub has just accepted the identity. */
    MqttSession(SessionSetup setup, Channel channel, Where where) {
        this.setup = setup;
        this.channel = channel;
        this.loop = channel.eventLoop();
        this.lifecycle = new Lifecycle(setup.protocol().wireName() + " " + setup.identity(), setup.callbacks());
        this.link = new MqttLink(setup, lifecycle, channel, where);
        lifecycle.moveTo(Phase.CONNECTED, null);
    }

    /** The handler that belongs at the end of the pipeline. */
    MqttLink link() {
        return link;
    }

    /** Runs {@code then} on the event loop when the connection is gone. */
    void whenGone(Runnable then) {
        channel.closeFuture().addListener(gone -> then.run());
    }

    @Override
    public Identity identity() {
        return setup.identity();
    }

    @Override
    public UpstreamProtocol protocol() {
        return setup.protocol();
    }

    @Override
    public CompletionStage<Void> send(Telemetry telemetry) {
        Objects.requireNonNull(telemetry, "telemetry");
        return closed.get() == null ? link.outbox().submit(telemetry) : CompletableFuture.failedFuture(over("send"));
    }

    @Override
    public CompletionStage<Void> onMessage(MessageHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return onLoop(outcome -> link.receive(handler, outcome));
    }

    @Override
    public CompletionStage<Twin> twin() {
        return withHub(outcome -> link.hub().twin(outcome));
    }

    @Override
    public CompletionStage<Long> report(String patch) {
        return report(patch, null);
    }

    @Override
    public CompletionStage<Long> report(String patch, long version) {
        return report(patch, Long.valueOf(version));
    }

    private CompletionStage<Long> report(String patch, @Nullable Long base) {
        Objects.requireNonNull(patch, "patch");
        byte[] checked;
        try {
            checked = TwinDocument.patch(patch);
        } catch (UpstreamException e) {
            return CompletableFuture.failedFuture(e);
        }
        return withHub(outcome -> link.hub().report(checked, base, outcome));
    }

    @Override
    public CompletionStage<Void> onDesiredChange(Consumer<DesiredChange> handler) {
        Objects.requireNonNull(handler, "handler");
        return withHub(outcome -> link.hub().onDesiredChange(handler, outcome));
    }

    @Override
    public CompletionStage<Void> onMethod(MethodHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return withHub(outcome -> link.hub().onMethod(handler, outcome));
    }

    private <T> CompletionStage<T> withHub(Consumer<CompletableFuture<T>> work) {
        return setup.dialect().hub()
                ? onLoop(work)
                : CompletableFuture.failedFuture(
                        UpstreamException.of(
                                FailureKind.CONFIGURATION,
                                Where.here("mqtt"),
                                "a broker that is no IoT Hub has no twins and no direct methods: open with a key or a token of a hub"));
    }

    /** Has {@code work} begin what completes its argument, unless the session is over. */
    private <T> CompletionStage<T> onLoop(Consumer<CompletableFuture<T>> work) {
        CompletableFuture<T> outcome = new CompletableFuture<>();
        if (closed.get() != null) {
            outcome.completeExceptionally(over("mqtt"));
            return outcome;
        }
        try {
            loop.execute(() -> {
                if (link.hasEnded()) {
                    setup.callbacks().run(() -> outcome.completeExceptionally(over("mqtt")));
                } else {
                    work.accept(outcome);
                }
            });
        } catch (RejectedExecutionException e) {
            outcome.completeExceptionally(over("mqtt"));
        }
        return outcome;
    }

    @Override
    public SessionStatus status() {
        return lifecycle.status();
    }

    @Override
    public void onStatus(Consumer<SessionStatus> listener) {
        lifecycle.addListener(Objects.requireNonNull(listener, "listener"));
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> earlier = closed.compareAndExchange(null, mine);
        if (earlier != null) {
            return earlier;
        }
        lifecycle.moveTo(Phase.CLOSING, null);
        try {
            loop.execute(() -> closeNow(Drain.bounded(drain), mine));
        } catch (RejectedExecutionException e) {
            lifecycle.moveTo(Phase.CLOSED, null);
            mine.complete(null);
        }
        return mine;
    }

    /** Callbacks of the application hold up what comes after them: the promise to be done in time is kept without them. */
    private void closeNow(Duration drain, CompletableFuture<Void> done) {
        link.close(drain);
        Future<?> lastWord = loop.schedule(
                () -> MqttTransport.completeAside(done, setup.runtime()),
                drain.plus(LAST_WORD_AFTER).toNanos(),
                TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(gone -> setup.callbacks().run(() -> done.complete(null)));
        done.whenComplete((nothing, error) -> lastWord.cancel(false));
    }

    @Override
    public void close() {
        Duration drain = setup.options().closeTimeout();
        setup.runtime().awaitClose(close(drain), drain);
    }

    private UpstreamException over(String stage) {
        SessionStatus last = lifecycle.status();
        UpstreamException cause = last.cause();
        return cause != null
                ? cause
                : UpstreamException.of(
                        FailureKind.CLOSED,
                        Where.here(stage),
                        "the session of " + setup.identity() + " is closed: open another one");
    }
}
