// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.spi.ProvisioningProvider;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;

/**
 * One registration, over one protocol after the other under one deadline. A failure that another protocol would meet as well ends the
 * search, as it does for {@link ProtocolChoice}.
 */
final class RegistrationChoice {
    private final List<Candidate> candidates;
    private final UpstreamOptions service;
    private final Registration registration;
    private final UpstreamRuntime runtime;
    private final LongSupplier nanoTime;
    private final long start;
    private final CompletableFuture<Assignment> wanted = new CompletableFuture<>();

    /** Somebody who speaks a protocol, and the protocol. */
    record Candidate(UpstreamProtocol protocol, ProvisioningProvider provider) {}

    RegistrationChoice(
            List<Candidate> candidates,
            UpstreamOptions service,
            Registration registration,
            UpstreamRuntime runtime,
            LongSupplier nanoTime) {
        this.candidates = candidates;
        this.service = service;
        this.registration = registration;
        this.runtime = runtime;
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    static RegistrationChoice of(UpstreamOptions service, Registration registration, UpstreamRuntime runtime) {
        List<Candidate> candidates = service.protocols().stream()
                .map(protocol -> new Candidate(
                        protocol,
                        Transports.provider(ProvisioningProvider.class, ProvisioningProvider::protocols, protocol)))
                .toList();
        return new RegistrationChoice(candidates, service, registration, runtime, System::nanoTime);
    }

    /** @param last runs its argument, which tells the outcome, when nothing is left of all connections */
    CompletableFuture<Assignment> start(Executor last) {
        tryNext(0)
                .whenComplete((assignment, error) -> last.execute(() -> {
                    if (error == null) {
                        wanted.complete(assignment);
                    } else {
                        wanted.completeExceptionally(ProtocolChoice.unwrapped(error));
                    }
                }));
        return wanted;
    }

    /** On this thread, if the host closed its executor early: a late answer beats none. */
    static void onCallbacks(UpstreamRuntime runtime, Runnable told) {
        try {
            runtime.callbacks().execute(told);
        } catch (RejectedExecutionException e) {
            told.run();
        }
    }

    private CompletionStage<Assignment> tryNext(int index) {
        Candidate candidate = candidates.get(index);
        Duration left = left();
        return candidate
                .provider()
                .register(
                        candidate.protocol(),
                        service.toBuilder()
                                .connectTimeout(connectTimeout(left, index))
                                .build(),
                        registration.timeout(left),
                        runtime,
                        wanted)
                .handle((assignment, error) -> {
                    if (error == null) {
                        return CompletableFuture.completedStage(assignment);
                    }
                    Throwable cause = ProtocolChoice.unwrapped(error);
                    if (index + 1 == candidates.size() || !mayGoOn(cause)) {
                        return CompletableFuture.<Assignment>failedStage(cause);
                    }
                    return tryNext(index + 1).exceptionallyCompose(last -> {
                        ProtocolChoice.unwrapped(last).addSuppressed(cause);
                        return CompletableFuture.failedStage(ProtocolChoice.unwrapped(last));
                    });
                })
                .thenCompose(stage -> stage);
    }

    /** What swallows one protocol without a word must leave time for the others. */
    private Duration connectTimeout(Duration left, int index) {
        Duration share = left.dividedBy(candidates.size() - index);
        return share.compareTo(service.connectTimeout()) < 0 ? share : service.connectTimeout();
    }

    private boolean mayGoOn(Throwable cause) {
        return !wanted.isDone()
                && elapsed().compareTo(registration.timeout()) < 0
                && ProtocolChoice.anotherMayWork(cause);
    }

    /** At least a millisecond. */
    private Duration left() {
        Duration left = registration.timeout().minus(elapsed());
        return left.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : left;
    }

    private Duration elapsed() {
        return Duration.ofNanos(nanoTime.getAsLong() - start);
    }
}
