// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.upstream.MethodResponse;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.laboratory.Evidence.Answer;
import io.upstream.laboratory.Evidence.Down;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The load on one session: numbered telemetry up; messages, method calls and desired changes down; reports. Thread-safe. */
final class Traffic implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Traffic.class);
    private static final String PADDING = ":" + "x".repeat(100);
    private static final Duration METHOD_LIMIT = Duration.ofSeconds(5);
    private static final int MOST_PENDING = 1_500;

    /** No thread wakes up more often for telemetry, each second. */
    private static final int BURSTS = 100;

    private final IotHubEmulator hub;
    private final String device;
    private final Journal journal;
    private final RandomGenerator random;
    private final ScheduledExecutorService threads =
            Executors.newScheduledThreadPool(3, new DefaultThreadFactory("laboratory-traffic", true));
    private final List<SentMessage> downs = new ArrayList<>();
    private final List<CompletionStage<Long>> reports = new ArrayList<>();
    private final UpstreamSession session;
    private volatile Mood mood = Mood.GOOD;
    private volatile Pulse pulse = Pulse.STILL;
    private volatile Care care = Care.WAITS;
    private long lastDesired;
    private int lastCall;

    private enum Pulse {
        STILL,
        GOING
    }

    private enum Care {
        WAITS,
        /** One message in ten is cancelled. */
        CANCELS
    }

    Traffic(IotHubEmulator hub, String device, UpstreamSession session, Journal journal, RandomGenerator random) {
        this.hub = hub;
        this.device = device;
        this.session = session;
        this.journal = journal;
        this.random = random;
    }

    /** The subscriptions, each confirmed when its stage is done. */
    List<CompletionStage<Void>> subscribe() {
        session.onStatus(journal::told);
        return List.of(
                session.onMessage(message -> {
                    // Reached is reached: under MQTT what is abandoned comes again after a minute only.
                    journal.arrived(
                            StandardCharsets.UTF_8.decode(message.payload()).toString());
                    mood.act();
                    return CompletableFuture.completedFuture(Settlement.COMPLETE);
                }),
                session.onMethod(request -> {
                    mood.act();
                    return MethodResponse.ok(request.payload());
                }),
                session.onDesiredChange(change -> {
                    journal.desired(change.version());
                    mood.act();
                }));
    }

    /** @param pace what everything is divided by: 1 for a hundred messages each second */
    void start(int pace) {
        start(pace, 100 / pace);
    }

    /**
     * As {@link #start(int)}, with a telemetry of its own.
     *
     * @param rate messages each second, in bursts where there are many, as long as not too many are unanswered
     */
    void start(int pace, int rate) {
        pulse = Pulse.GOING;
        int burst = (rate + BURSTS - 1) / BURSTS;
        every(1_000L * burst / rate, () -> telemetry(burst));
        every(200L * pace, this::down);
        every(500L * pace, this::report);
        every(700L * pace, this::desire);
        every(900L * pace, this::call);
    }

    private void every(long millis, Action action) {
        threads.scheduleWithFixedDelay(
                () -> {
                    if (pulse == Pulse.GOING) {
                        perform(action);
                    }
                },
                millis,
                millis,
                TimeUnit.MILLISECONDS);
    }

    @FunctionalInterface
    private interface Action {
        void perform() throws HubException, InterruptedException;
    }

    private static void perform(Action action) {
        try {
            action.perform();
        } catch (HubException e) {
            LOG.debug("the hub refuses: {}", e.getMessage()); // the queue is full, the device is not there
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.warn("the traffic stumbles", e);
        }
    }

    void pause() {
        pulse = Pulse.STILL;
    }

    void resume() {
        pulse = Pulse.GOING;
    }

    void mood(Mood next) {
        mood = next;
    }

    void cancelSome() {
        care = Care.CANCELS;
    }

    /** As at the beginning. */
    void behave() {
        mood = Mood.GOOD;
        care = Care.WAITS;
        pulse = Pulse.GOING;
    }

    private void telemetry(int burst) {
        for (int i = 0; i < burst && pulse == Pulse.GOING && journal.pending() < MOST_PENDING; i++) {
            send();
        }
    }

    long acked() {
        return journal.acked();
    }

    private void send() {
        long number = journal.sending();
        CompletionStage<Void> future = session.send(Telemetry.of((number + PADDING).getBytes(StandardCharsets.UTF_8)));
        journal.sent(number, future);
        if (care == Care.CANCELS && random.nextInt(10) == 0) {
            future.toCompletableFuture().cancel(false);
        }
    }

    private void down() throws HubException {
        String text = "down " + journal.now() + " " + random.nextInt();
        SentMessage message = hub.sendToDevice(
                device, new HubMessage(Map.of("message-id", text), Map.of(), text.getBytes(StandardCharsets.UTF_8)));
        synchronized (downs) {
            downs.add(message);
        }
    }

    /** So many messages to the device at once, as far as the hub queues them. */
    void burst(int count) {
        for (int i = 0; i < count; i++) {
            perform(this::down);
        }
    }

    private void report() {
        CompletionStage<Long> report = session.report("{\"reported\":" + journal.now() + "}");
        synchronized (reports) {
            reports.add(report);
        }
    }

    private void desire() throws HubException {
        long version = hub.patchDesired(device, "{\"desired\":" + journal.now() + "}");
        synchronized (this) {
            lastDesired = Math.max(lastDesired, version);
        }
    }

    private void call() throws InterruptedException {
        long at = journal.now();
        String payload;
        synchronized (this) {
            payload = "{\"call\":" + lastCall++ + "}";
        }
        try {
            MethodAnswer answer = hub.invokeMethod(device, "echo", payload, METHOD_LIMIT);
            boolean mine =
                    answer.status() != 200 || payload.equals(new String(answer.payload(), StandardCharsets.UTF_8));
            journal.called(at, mine ? Answer.RIGHT : Answer.WRONG);
        } catch (HubException e) {
            journal.called(at, Answer.NONE);
        }
    }

    synchronized long lastDesired() {
        return lastDesired;
    }

    /** Whether all reports were answered, with what or without. */
    boolean reportsAreDone() {
        synchronized (reports) {
            return reports.stream().allMatch(each -> each.toCompletableFuture().isDone());
        }
    }

    /** What became of the messages to the device. */
    List<Down> downs() {
        synchronized (downs) {
            return downs.stream()
                    .map(each -> new Down(
                            each.messageId(),
                            journal.arrivals(each.messageId()),
                            switch (each.state()) {
                                case EXPIRED, DEAD_LETTERED, PURGED -> false;
                                case ENQUEUED, LOCKED, COMPLETED, REJECTED -> true;
                            }))
                    .toList();
        }
    }

    /** Whether every message to the device has arrived that must. */
    boolean downsAreThere() {
        return downs().stream().allMatch(each -> each.arrivals() > 0 || !each.due());
    }

    /** Ends what makes traffic; the session is left alone. */
    void stop() throws InterruptedException {
        pulse = Pulse.STILL;
        threads.shutdown();
        if (!threads.awaitTermination(METHOD_LIMIT.toSeconds() * 2 + 2, TimeUnit.SECONDS)) {
            threads.shutdownNow();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
