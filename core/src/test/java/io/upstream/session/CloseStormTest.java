// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Closing against a storm of losses and reconnects, with real threads: this order of two locks has ended other clients
 * (azure-iot-sdk-java#1343, #1392), and so has a thread that joins another (paho.mqtt.java#202).
 */
class CloseStormTest {
    private static final int SESSIONS = 400;
    private static final long LIMIT_SECONDS = 30;

    private static UpstreamRuntime runtime;
    private static ExecutorService threads;

    @BeforeAll
    static void start() {
        runtime = UpstreamRuntime.builder().threads(2).build();
        threads = Executors.newFixedThreadPool(3);
    }

    @AfterAll
    static void stop() {
        threads.shutdownNow();
        runtime.close();
    }

    /** Connections that come, fail and break by themselves, each at its own moment. */
    private static final class StormySite implements Connector {
        private final EventLoop loop = runtime.unwrap(EventLoopGroup.class).next();
        private final Random random;
        private final UpstreamException lost = ScriptedSite.failure(FailureKind.RESET);
        private final LastingSession session;
        private int departures;
        private int underWay;

        private StormySite(int seed) {
            random = new Random(seed);
            session = new LastingSession(
                    new SessionTerms(
                            Identity.device("d"),
                            UpstreamProtocol.MQTT,
                            true,
                            UpstreamOptions.forHub("h").build(),
                            runtime,
                            loop,
                            new Callbacks(runtime.callbacks())),
                    this);
        }

        @Override
        public void connect(LineOwner owner, @Nullable UpstreamException after) {
            assertEquals(0, departures, "an attempt after the end");
            assertEquals(0, underWay++, "one attempt at a time");
            later(() -> {
                underWay--;
                if (departures > 0) {
                    return;
                }
                if (random.nextInt(3) == 0) {
                    owner.failed(lost);
                } else {
                    StormyLine line = new StormyLine(this, owner);
                    owner.up(line);
                    later(() -> line.end(lost));
                }
            });
        }

        private void later(Runnable step) {
            loop.schedule(step, random.nextInt(2_000), TimeUnit.MICROSECONDS);
        }

        @Override
        public void hurry() {}

        @Override
        public CompletionStage<Void> leave() {
            departures++;
            return CompletableFuture.completedFuture(null);
        }
    }

    /** Answers some of what it is asked, until it ends. */
    private static final class StormyLine implements Line {
        private final StormySite site;
        private final LineOwner owner;
        private final List<CompletableFuture<?>> unanswered = new ArrayList<>();
        private @Nullable Line alive = this;

        private StormyLine(StormySite site, LineOwner owner) {
            this.site = site;
            this.owner = owner;
        }

        private void end(@Nullable UpstreamException cause) {
            if (alive != null) {
                alive = null;
                unanswered.forEach(each -> each.completeExceptionally(site.lost));
                owner.down(this, cause);
            }
        }

        @Override
        public void pump() {
            for (Send send = owner.outbox().next();
                    send != null;
                    send = owner.outbox().next()) {
                if (site.random.nextInt(2) == 0) {
                    send.succeed();
                }
            }
        }

        @Override
        public void onMessage(MessageHandler handler, CompletableFuture<Void> outcome) {
            outcome.complete(null);
        }

        @Override
        public void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void onMethod(MethodHandler handler, CompletableFuture<Void> outcome) {
            outcome.complete(null);
        }

        @Override
        public void twin(CompletableFuture<Twin> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
            outcome.complete(1L);
        }

        @Override
        public void probe(CompletableFuture<Duration> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void giveUp(UpstreamException cause) {
            end(cause);
        }

        @Override
        public void finish(Duration drain) {
            site.later(() -> end(null));
        }
    }

    /** P1 and P8, at any moment. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void everySessionEndsOnceAndLeavesNobodyWaiting(int seed) throws Exception {
        List<StormySite> sites = new ArrayList<>();
        List<CompletionStage<?>> asked = new ArrayList<>();
        List<Future<?>> work = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            StormySite site = new StormySite(seed * SESSIONS + i);
            sites.add(site);
            asked.add(site.session.open());
        }
        List<CompletionStage<?>> askedByAnother = new ArrayList<>();
        work.add(threads.submit(() -> use(sites, askedByAnother, new Random(seed))));
        work.add(threads.submit(() -> close(sites, new Random(seed + 1))));
        work.add(threads.submit(() -> close(sites, new Random(seed + 2))));
        for (Future<?> each : work) {
            each.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        }
        asked.addAll(askedByAnother);
        for (StormySite site : sites) {
            site.session.close(Duration.ZERO).toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            assertEquals(Phase.CLOSED, site.session.status().phase());
        }
        for (CompletionStage<?> each : asked) {
            each.handle((answer, failure) -> failure).toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        }
        for (StormySite site : sites) {
            assertEquals(1, site.loop.submit(() -> site.departures).get(LIMIT_SECONDS, TimeUnit.SECONDS));
        }
    }

    private static void use(List<StormySite> sites, List<CompletionStage<?>> asked, Random random) {
        for (int i = 0; i < 10 * SESSIONS; i++) {
            UpstreamSession session = sites.get(random.nextInt(SESSIONS)).session;
            asked.add(
                    switch (random.nextInt(6)) {
                        case 0 -> session.twin();
                        case 1 -> session.report("{}");
                        case 2 -> session.onDesiredChange(change -> {});
                        case 3 -> session.onMethod(request -> MethodResponse.ok());
                        case 4 -> session.probe();
                        default -> session.send(Telemetry.json("1"));
                    });
        }
    }

    private static void close(List<StormySite> sites, Random random) {
        for (int i = 0; i < SESSIONS; i++) {
            sites.get(random.nextInt(SESSIONS)).session.close(Duration.ofMillis(random.nextInt(3)));
        }
    }
}
