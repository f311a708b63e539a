// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Gap;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Phase;
import io.upstream.SessionStatistics;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The session that an application holds, the same for all protocols: it outlives its connections. What is called here, from any thread, is
 * done by {@link LineKeeper} on the event loop, on whatever {@link Line} there is.
 */
public final class LastingSession implements UpstreamSession {
    private final SessionTerms terms;
    private final Lifecycle lifecycle;
    private final LineKeeper keeper;
    private final AtomicReference<@Nullable CompletableFuture<Void>> closed = new AtomicReference<>();

    /** Not connected yet. */
    public LastingSession(SessionTerms terms, Connector connector) {
        this.terms = terms;
        lifecycle = new Lifecycle(terms.protocol().wireName() + " " + terms.identity(), terms.callbacks());
        keeper = new LineKeeper(terms, lifecycle, connector);
    }

    /** Connects for the first time: unlike later, a failure ends the session. To be called once. */
    public CompletionStage<UpstreamSession> open() {
        CompletableFuture<UpstreamSession> opened = new CompletableFuture<>();
        keeper.whenOpened().whenComplete((nothing, error) -> {
            if (error != null) {
                opened.completeExceptionally(error);
            } else if (!opened.complete(this)) {
                close(Duration.ZERO); // nobody waits for it any more
            }
        });
        onLoop(keeper::open, keeper::reject);
        return opened;
    }

    @Override
    public Identity identity() {
        return terms.identity();
    }

    @Override
    public UpstreamProtocol protocol() {
        return terms.protocol();
    }

    @Override
    public CompletionStage<Void> send(Telemetry telemetry) {
        Objects.requireNonNull(telemetry, "telemetry");
        return closed.get() == null ? keeper.outbox().submit(telemetry) : CompletableFuture.failedFuture(over("send"));
    }

    @Override
    public List<CompletionStage<Void>> sendBatch(List<Telemetry> batch) {
        return closed.get() == null ? keeper.outbox().submit(batch) : UpstreamSession.super.sendBatch(batch);
    }

    @Override
    public CompletionStage<Void> onMessage(MessageHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return ask("messages", outcome -> keeper.handlers().onMessage(handler, outcome));
    }

    @Override
    public CompletionStage<Void> onDesiredChange(Consumer<DesiredChange> handler) {
        Objects.requireNonNull(handler, "handler");
        return askHub(outcome -> keeper.handlers().onDesiredChange(handler, outcome));
    }

    @Override
    public CompletionStage<Void> onMethod(MethodHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return askHub(outcome -> keeper.handlers().onMethod(handler, outcome));
    }

    @Override
    public CompletionStage<Twin> twin() {
        return askHub(outcome -> keeper.twin(outcome));
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
        return askHub(outcome -> keeper.report(checked, base, outcome));
    }

    private <T> CompletionStage<T> askHub(Consumer<CompletableFuture<T>> question) {
        return terms.hub()
                ? ask("twin", question)
                : CompletableFuture.failedFuture(UpstreamException.of(
                        FailureKind.CONFIGURATION,
                        Where.here("session"),
                        "a broker that is no IoT Hub has no twins and no direct methods: use a hub's credentials"));
    }

    /** Has {@code question} begin on the event loop what completes its argument, unless the session is over. */
    private <T> CompletionStage<T> ask(String stage, Consumer<CompletableFuture<T>> question) {
        CompletableFuture<T> outcome = new CompletableFuture<>();
        if (closed.get() != null) {
            outcome.completeExceptionally(over(stage));
            return outcome;
        }
        onLoop(
                () -> {
                    if (lifecycle.is(Phase.CLOSING) || lifecycle.is(Phase.CLOSED)) {
                        terms.callbacks().run(() -> outcome.completeExceptionally(over(stage)));
                    } else {
                        question.accept(outcome);
                    }
                },
                () -> outcome.completeExceptionally(over(stage)));
        return outcome;
    }

    private void onLoop(Runnable task, Runnable rejected) {
        try {
            terms.loop().execute(task);
        } catch (RejectedExecutionException e) {
            rejected.run(); // the runtime is closed
        }
    }

    @Override
    public CompletionStage<Duration> probe() {
        return ask("probe", keeper::probe);
    }

    @Override
    public CompletionStage<Void> permit() {
        return closed.get() == null ? keeper.outbox().permit() : CompletableFuture.failedFuture(over("send"));
    }

    @Override
    public void onGap(Consumer<Gap> listener) {
        keeper.gaps().addListener(Objects.requireNonNull(listener, "listener"));
    }

    /** As {@link io.upstream.UpstreamTransport#networkChanged}, for this session. */
    public void networkChanged() {
        onLoop(keeper::networkChanged, () -> {});
    }

    @Override
    public SessionStatus status() {
        return lifecycle.status();
    }

    @Override
    public SessionStatistics statistics() {
        return terms.watch().statistics();
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
        onLoop(() -> keeper.close(Drain.bounded(drain), mine), () -> {
            lifecycle.moveTo(Phase.CLOSED, null);
            mine.complete(null);
        });
        return mine;
    }

    @Override
    public void close() {
        Duration drain = terms.options().closeTimeout();
        terms.runtime().awaitClose(close(drain), drain);
    }

    private UpstreamException over(String stage) {
        SessionStatus last = lifecycle.status();
        UpstreamException cause = last.cause();
        return cause != null
                ? cause
                : UpstreamException.of(
                        FailureKind.CLOSED,
                        Where.here(stage),
                        "the session of " + terms.identity() + " is closed: open another one");
    }
}
