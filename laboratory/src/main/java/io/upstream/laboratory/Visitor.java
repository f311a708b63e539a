// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Another session beside the one that is watched. Confined to one thread. */
final class Visitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Visitor.class);
    private static final int LIMIT_SECONDS = 20;

    private final String name;
    private final UpstreamTransport transport;
    private final CompletionStage<UpstreamSession> opening;
    private final List<CompletionStage<Void>> futures = new ArrayList<>();

    /** @param transport taken */
    Visitor(String name, UpstreamTransport transport, Identity identity, Credentials credentials) {
        this.name = name;
        this.transport = transport;
        this.opening = transport.open(identity, credentials);
    }

    String name() {
        return name;
    }

    int sent() {
        return futures.size();
    }

    void awaitOpen() throws InterruptedException, ExecutionException, TimeoutException {
        opening.toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** As {@link #awaitOpen}, and does not mind if it fails. */
    void tryOpen() throws InterruptedException {
        try {
            awaitOpen();
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("{} was not let in: {}", name, String.valueOf(e.getCause()));
        }
    }

    /** Sends, if it is there; or when it is. */
    void send(int count) {
        for (int i = 0; i < count; i++) {
            byte[] payload = Integer.toString(futures.size()).getBytes(StandardCharsets.US_ASCII);
            futures.add(opening.thenCompose(session -> session.send(Telemetry.of(payload))));
        }
    }

    /** How many of its futures are not done within the limit. */
    long neverDone(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        for (CompletionStage<Void> each : futures) {
            try {
                each.toCompletableFuture().get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (ExecutionException | java.util.concurrent.CancellationException e) {
                LOG.debug("{} lost a message: {}", name, String.valueOf(e.getCause()));
            } catch (TimeoutException e) {
                break;
            }
        }
        return futures.stream()
                .filter(each -> !each.toCompletableFuture().isDone())
                .count();
    }

    /** How many of its messages failed. */
    long failed() {
        return futures.stream()
                .filter(each -> each.toCompletableFuture().isCompletedExceptionally())
                .count();
    }

    void close(Duration drain) {
        transport.close(drain);
    }

    @Override
    public void close() {
        transport.close();
    }
}
