// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.UpstreamEvent.What;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Numbers the events of one runtime and hands them to its observers, each at its own pace. Thread-safe; {@link #publish} never waits for an
 * observer and calls none.
 */
final class EventFeed {
    /** From one complaint about an observer to the next. */
    private static final Duration SILENCE = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(EventFeed.class);

    private final Executor threads;
    private final List<Reader> readers;

    /** Guarded by this, as are the queues: so all see the same order. */
    private long sequence;

    private long dropped;

    /** @param threads as many as there are observers */
    EventFeed(List<UpstreamObserver> observers, Executor threads) {
        this.threads = threads;
        readers = observers.stream().map(Reader::new).toList();
    }

    boolean isWatched() {
        return !readers.isEmpty();
    }

    void publish(UpstreamProtocol protocol, @Nullable Identity identity, What what) {
        if (!isWatched()) {
            return;
        }
        Instant now = Instant.now();
        synchronized (this) {
            UpstreamEvent event = new UpstreamEvent(++sequence, now, protocol, identity, what);
            readers.forEach(reader -> reader.offer(event));
        }
    }

    synchronized long dropped() {
        return dropped;
    }

    private final class Reader {
        private final UpstreamObserver observer;
        private final Queue<UpstreamEvent> queue = new ArrayDeque<>();
        private State state = State.IDLE;
        private long complainedAt = System.nanoTime() - SILENCE.toNanos();

        private enum State {
            IDLE,
            /** A thread reads, or is about to. */
            READING
        }

        private Reader(UpstreamObserver observer) {
            this.observer = observer;
        }

        /** With the feed's lock held. */
        private void offer(UpstreamEvent event) {
            if (queue.size() == UpstreamObserver.QUEUE) {
                dropped++;
                return;
            }
            queue.add(event);
            if (state == State.IDLE) {
                start();
            }
        }

        private void start() {
            state = State.READING;
            try {
                threads.execute(this::read);
            } catch (RejectedExecutionException | OutOfMemoryError e) {
                state = State.IDLE; // the runtime is closed, or no thread can be made: nobody is told
                dropped += queue.size();
                queue.clear();
            }
        }

        private void read() {
            for (UpstreamEvent event = next(); event != null; event = next()) {
                try {
                    observer.on(event);
                } catch (Throwable e) {
                    complain(e);
                }
            }
        }

        private @Nullable UpstreamEvent next() {
            synchronized (EventFeed.this) {
                UpstreamEvent event = queue.poll();
                if (event == null) {
                    state = State.IDLE;
                }
                return event;
            }
        }

        private void complain(Throwable error) {
            long now = System.nanoTime();
            if (now - complainedAt >= SILENCE.toNanos()) {
                complainedAt = now;
                log.warn("an observer failed, it is told of later events all the same", error);
            }
        }
    }
}
