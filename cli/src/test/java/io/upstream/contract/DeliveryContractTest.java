// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.AuthenticationException;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.TelemetryRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages sent as fast as the hub takes them, while connections end as planned or not: each arrives, in order. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#devices")
class DeliveryContractTest extends SessionContract {
    private static final int WINDOW = 500;
    private static final Reconnect SOON_AGAIN = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    /** A sender that keeps a window of messages under way. */
    private static final class Stream {
        private final UpstreamSession session;
        private final Semaphore window = new Semaphore(WINDOW);
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final AtomicInteger acknowledged = new AtomicInteger();
        private int sent;

        private Stream(UpstreamSession session) {
            this.session = session;
        }

        private void sendWhile(BooleanSupplier more) throws InterruptedException {
            while (more.getAsBoolean() && failure.get() == null) {
                if (!window.tryAcquire(20, TimeUnit.SECONDS)) {
                    throw new AssertionError("nothing is acknowledged any more, " + session.status());
                }
                session.send(Telemetry.of(Integer.toString(sent++).getBytes(UTF_8)))
                        .whenComplete((nothing, error) -> {
                            if (error != null) {
                                failure.compareAndSet(null, error);
                            }
                            acknowledged.incrementAndGet();
                            window.release();
                        });
            }
            assertTrue(window.tryAcquire(WINDOW, 20, TimeUnit.SECONDS), "some are not answered");
            assertNull(failure.get());
            assertEquals(sent, acknowledged.get());
        }
    }

    private List<Integer> numbers() {
        List<Integer> came = new ArrayList<>();
        for (TelemetryRecord each : site.hub.telemetry(subject.device())) {
            came.add(Integer.parseInt(new String(each.message().body(), UTF_8)));
        }
        return came;
    }

    /** P5, P24, P25: no loss and no duplicate, however often the token is renewed. */
    @Test
    void losesAndDoublesNothingWhileItsTokenIsRenewed() throws Exception {
        SasKey shortLived = ((SasKey) subject.credentials()).lifetime(Duration.ofSeconds(4));
        UpstreamSession session =
                get(transport(options -> options, site.runtime).open(subject.identity(), shortLived));
        Queue<SessionStatus> told = new ConcurrentLinkedQueue<>();
        session.onStatus(told::add);
        Stream stream = new Stream(session);
        long begun = System.nanoTime();
        stream.sendWhile(() -> goesOn(told, System.nanoTime() - begun));
        List<Integer> came = numbers();
        assertEquals(stream.sent, came.size(), "lost or doubled");
        for (int i = 0; i < stream.sent; i++) {
            assertEquals(i, came.get(i));
        }
        told.stream()
                .filter(status -> status.phase() == Phase.RECONNECTING)
                .forEach(status -> assertNull(status.cause(), "as planned"));
        if (speaker.isMqtt()) {
            assertTrue(returns(told) >= 2, "renewed " + returns(told) + " times");
        } else {
            assertEquals(1, told.size(), "AMQP renews in place");
        }
    }

    /** For two renewals: as MQTT tells of them, and for AMQP for the time that they take, at four fifths of four seconds each. */
    private boolean goesOn(Queue<SessionStatus> told, long nanos) {
        return speaker.isMqtt()
                ? returns(told) < 2 && nanos < SOON.toNanos()
                : nanos < TimeUnit.MILLISECONDS.toNanos(7_000);
    }

    private static long returns(Queue<SessionStatus> told) {
        return told.stream()
                .filter(status -> status.phase() == Phase.CONNECTED)
                .skip(1)
                .count();
    }

    /** P3, P6: whatever happens to the connection. */
    @Test
    void losesNothingAndKeepsTheOrderWhenItsConnectionIsCutAgainAndAgain() throws Exception {
        UpstreamSession session = open(options -> options.reconnect(SOON_AGAIN));
        AtomicInteger cuts = new AtomicInteger();
        session.onStatus(status -> {
            if (status.phase() == Phase.RECONNECTING) {
                cuts.incrementAndGet();
            }
        });
        Stream stream = new Stream(session);
        CompletableFuture<Void> saboteur = CompletableFuture.runAsync(() -> cut(stream));
        stream.sendWhile(() -> !saboteur.isDone());
        get(saboteur);
        List<Integer> came = numbers();
        assertTrue(cuts.get() >= 5, cuts + " cuts");
        int next = 0;
        int doubles = 0;
        for (int number : came) {
            if (number == next) {
                next++;
            } else {
                assertTrue(number < next, number + " came before " + next);
                doubles++;
            }
        }
        assertEquals(stream.sent, next, "lost");
        assertTrue(doubles <= cuts.get() * WINDOW, doubles + " doubles after " + cuts + " cuts");
    }

    /** Each time when some more messages have come through. */
    private void cut(Stream stream) {
        for (int i = 0; i < 5; i++) {
            int goal = stream.acknowledged.get() + 1_000;
            long end = System.nanoTime() + SOON.toNanos();
            while (stream.acknowledged.get() < goal && System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
            subject.closeConnections();
        }
    }

    /** What the application has cached it gives again and again, though the hub does not take it any more. */
    @Test
    void presentsACachedTokenThatTheHubRefusesSeldom() throws Exception {
        SasToken cached = ((SasKey) subject.credentials()).sign(site.hub.hostName(), subject.identity(), Instant.now());
        SasTokenProvider provider = request -> CompletableFuture.completedFuture(cached);
        Reconnect policy = new Reconnect(Duration.ofMillis(10), Duration.ofMillis(1_200)); // a twelfth is 100 ms
        UpstreamSession session = get(
                transport(options -> options.reconnect(policy), site.runtime).open(subject.identity(), provider));
        BlockingQueue<SessionStatus> told = new LinkedBlockingQueue<>();
        session.onStatus(told::add);
        assertEquals(Phase.CONNECTED, next(told).phase());
        String right = site.hub.addDevice(subject.device()).primaryKey();
        site.hub.addDevice(subject.device(), "d3Jvbmcta2V5LXdyb25nLWtleQ==");
        long begun = System.nanoTime();
        subject.closeConnections();
        int refusals = 0;
        while (refusals < 4) {
            SessionStatus status = next(told);
            assertEquals(Phase.RECONNECTING, status.phase());
            refusals += status.cause() instanceof AuthenticationException ? 1 : 0;
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertTrue(refusals <= 1 + millis / 100, refusals + " attempts in " + millis + " ms");
        site.hub.addDevice(subject.device(), right);
        CompletionStage<Void> sent = session.send(Telemetry.json("1"));
        get(sent);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }
}
