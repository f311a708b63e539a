// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.DesiredChange;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A line that does nothing but note what it is asked for; the test says what comes of it. */
final class ScriptedLine implements Line {
    final List<CompletableFuture<Void>> messages = new ArrayList<>();
    final List<CompletableFuture<Void>> changes = new ArrayList<>();
    final List<CompletableFuture<Void>> methods = new ArrayList<>();
    final List<CompletableFuture<Twin>> twins = new ArrayList<>();
    final List<CompletableFuture<Long>> reports = new ArrayList<>();
    final List<CompletableFuture<Duration>> probes = new ArrayList<>();
    final List<Duration> finishes = new ArrayList<>();

    @Nullable
    Consumer<DesiredChange> watcher;

    @Nullable
    UpstreamException givenUp;

    /** What happens when it is to write. */
    Runnable onPump = () -> {};

    @Override
    public void pump() {
        onPump.run();
    }

    @Override
    public void onMessage(MessageHandler handler, CompletableFuture<Void> outcome) {
        messages.add(outcome);
    }

    @Override
    public void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome) {
        watcher = handler;
        changes.add(outcome);
    }

    @Override
    public void onMethod(MethodHandler handler, CompletableFuture<Void> outcome) {
        methods.add(outcome);
    }

    @Override
    public void twin(CompletableFuture<Twin> outcome) {
        twins.add(outcome);
    }

    @Override
    public void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
        reports.add(outcome);
    }

    @Override
    public void probe(CompletableFuture<Duration> outcome) {
        probes.add(outcome);
    }

    @Override
    public void giveUp(UpstreamException cause) {
        givenUp = cause;
    }

    @Override
    public void finish(Duration drain) {
        finishes.add(drain);
    }

    /** Whether the application's own requests were put onto it. */
    boolean wasAsked() {
        return !(messages.isEmpty() && changes.isEmpty() && methods.isEmpty() && twins.isEmpty() && reports.isEmpty());
    }

    /** Of what it was asked for, all that is unanswered fails, as is due before it is down. */
    void failAll(UpstreamException cause) {
        List<CompletableFuture<?>> all = new ArrayList<>(messages);
        all.addAll(changes);
        all.addAll(methods);
        all.addAll(twins);
        all.addAll(reports);
        all.addAll(probes);
        all.forEach(each -> each.completeExceptionally(cause));
    }
}
