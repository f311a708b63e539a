// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.Twin;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.laboratory.Evidence.Probe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Tries everything once, when the faults are over. Confined to one thread. */
final class Probes {
    private static final long LIMIT_MILLIS = 10_000;
    private static final Duration METHOD_LIMIT = Duration.ofSeconds(5);

    private final Scene scene;
    private final Watched watched;
    private final List<Probe> probes = new ArrayList<>();

    Probes(Scene scene, Watched watched) {
        this.scene = scene;
        this.watched = watched;
    }

    @FunctionalInterface
    private interface Attempt {
        void make() throws Exception;
    }

    /** What every session can do. */
    List<Probe> everyday() throws InterruptedException {
        probe("a report", this::report);
        probe("a message to the device", this::message);
        probe("a direct method", this::method);
        probe("a desired change", this::desired);
        return probes;
    }

    /** Also what this fault was about. */
    List<Probe> after(FaultCase fault) throws InterruptedException {
        everyday();
        for (Visitor each : scene.visitors()) {
            probe("the messages of " + each.name(), () -> visitor(each, fault));
        }
        if (fault.has(FaultCase.Trait.OWN_TOKENS)) {
            probe("the token provider", this::tokens);
        }
        return probes;
    }

    private void probe(String what, Attempt attempt) throws InterruptedException {
        @Nullable String failure = null;
        try {
            attempt.make();
        } catch (InterruptedException e) {
            throw e;
        } catch (ExecutionException e) {
            failure = String.valueOf(e.getCause());
        } catch (Exception e) {
            failure = e.toString();
        }
        probes.add(new Probe(what, failure));
    }

    private static void require(boolean good, String otherwise) throws TimeoutException {
        if (!good) {
            throw new TimeoutException(otherwise);
        }
    }

    /** A request that is under way when the connection is lost fails: what was lost just now may be told late. */
    private void report() throws Exception {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);
        while (true) {
            try {
                watched.session()
                        .report("{\"probe\":1}")
                        .toCompletableFuture()
                        .get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
                break;
            } catch (ExecutionException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                scene.pass(50);
            }
        }
        Twin twin = watched.session().twin().toCompletableFuture().get(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        require(twin.reported().contains("\"probe\":1"), "the twin does not have what was reported");
        require(watched.traffic().reportsAreDone() || reportsEnd(), "reports are never answered");
    }

    private boolean reportsEnd() throws InterruptedException {
        long end = System.nanoTime() + Scene.OPERATION_TIMEOUT.plusSeconds(1).toNanos();
        while (!watched.traffic().reportsAreDone() && System.nanoTime() - end < 0) {
            scene.pass(50);
        }
        return watched.traffic().reportsAreDone();
    }

    private void message() throws Exception {
        HubMessage message = new HubMessage(Map.of(), Map.of(), "probe".getBytes(StandardCharsets.UTF_8));
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);
        while (true) {
            try {
                scene.hub().sendToDevice(watched.device(), message);
                break;
            } catch (HubException e) {
                if (System.nanoTime() - end > 0) {
                    throw e; // the queue is full and nobody empties it
                }
                scene.pass(50);
            }
        }
        Journal journal = watched.journal();
        require(journal.await(() -> journal.arrivals("probe") > 0, LIMIT_MILLIS), "it does not arrive");
    }

    /** The hub says that nobody listens until the subscription is there again. */
    private void method() throws Exception {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);
        while (true) {
            try {
                MethodAnswer answer = scene.hub().invokeMethod(watched.device(), "echo", "{\"probe\":1}", METHOD_LIMIT);
                require(answer.status() == 200, "answered with " + answer.status());
                return;
            } catch (HubException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                scene.pass(50);
            }
        }
    }

    private void desired() throws Exception {
        long version = scene.hub().patchDesired(watched.device(), "{\"probe\":1}");
        Journal journal = watched.journal();
        require(
                journal.await(() -> journal.lastDesired() >= version, LIMIT_MILLIS),
                "version " + version + " is not told, the last was " + journal.lastDesired());
    }

    private void visitor(Visitor visitor, FaultCase fault) throws Exception {
        long pending = visitor.neverDone(Scene.OPERATION_TIMEOUT.plusSeconds(2));
        require(pending == 0, pending + " of " + visitor.sent() + " are never done");
        if (fault == FaultCase.F41) {
            require(visitor.failed() == 0, visitor.failed() + " of " + visitor.sent() + " failed");
            int came = scene.hub().telemetry(visitor.name()).size();
            require(came >= visitor.sent(), "only " + came + " arrived");
        }
    }

    private void tokens() throws TimeoutException {
        require(
                scene.tokens().overlaps() == 0,
                "asked " + scene.tokens().overlaps() + " times while it was being asked");
    }
}
