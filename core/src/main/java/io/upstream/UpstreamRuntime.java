// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.upstream.UpstreamEvent.What;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that transports run on: a few event loops, an executor for the application's callbacks, and two for what blocks (name
 * resolution; and files, signatures, TLS). Their number does not depend on the number of sessions, but on how many of them keep
 * the application's code busy or blocked: while all threads for callbacks are taken there is another every 50 ms, up to 64. Share one runtime between transports:
 * those that trust the same certificates then share TLS settings, too.
 *
 * <p>Whoever made it closes it, after the transports. What was handed in is never closed. <b>Threads:</b> any.
 */
public final class UpstreamRuntime implements AutoCloseable {
    /** Names the way to wait for sockets where {@link Polling#AUTO} is chosen. */
    public static final String POLLING_PROPERTY = "upstream.polling";

    private static final Logger log = LoggerFactory.getLogger(UpstreamRuntime.class);
    private static final Duration CLOSE_GRACE = Duration.ofSeconds(6);
    private static final int CLOSE_SECONDS = 10;

    /**
     * Not zero: a loop that is told to stop while it runs tasks would then end in the same turn, before it has closed its channels, and
     * their sockets would stay open.
     */
    private static final int QUIET_MILLIS = 50;

    private static final int BLOCKING_THREADS = 4;

    /** One handler that is slow must not hold up all other sessions where there is one processor. */
    private static final int LEAST_CALLBACK_THREADS = 2;

    /** Enough while names have answers. */
    private static final int RESOLVING_THREADS = 4;

    /** Twice as many as are used at once, so that there is always one that is free or can be made. */
    private static final int MOST_RESOLVING_THREADS = 64;

    private static final int BLOCKING_QUEUE = 10_000;

    /** An IoT Hub of the smallest paid size takes 100 new connections a second, and a small machine makes hardly more. */
    private static final int CONNECTS_PER_SECOND = 80;

    private static final int CONNECTS_AT_ONCE = 64;
    private static final int MOST_CONNECTS = 10_000;
    private static final long OUTBOX_BYTES = 256L << 20;

    /** An observer that is stuck by then is interrupted. */
    private static final Duration LAST_EVENTS = Duration.ofSeconds(1);

    private final EventLoopGroup loops;
    private final Executor callbacks;
    private final ExecutorService blocking;
    private final ExecutorService resolving;
    private final ExecutorService observing;
    private final EventFeed events;
    private final Map<Class<?>, Object> shared = new ConcurrentHashMap<>();
    private final boolean ownsLoops;
    private final int connectsPerSecond;
    private final int connectsAtOnce;
    private final long outboxBytes;
    private final @Nullable ExecutorService ownCallbacks;

    private UpstreamRuntime(Builder from) {
        EventLoopGroup given = from.loops;
        ownsLoops = given == null;
        connectsPerSecond = from.connectsPerSecond;
        connectsAtOnce = from.connectsAtOnce;
        outboxBytes = from.outboxBytes;
        loops = given != null ? given : newLoops(from.threads, from.polling);
        blocking = pool("upstream-blocking", BLOCKING_THREADS, BLOCKING_QUEUE);
        resolving = growing("upstream-resolving", RESOLVING_THREADS, MOST_RESOLVING_THREADS);
        observing = pool("upstream-observer", Math.max(1, from.observers.size()), Integer.MAX_VALUE);
        events = new EventFeed(List.copyOf(from.observers), observing);
        Executor chosen = from.callbacks;
        if (chosen != null) {
            ownCallbacks = null;
            callbacks = chosen;
        } else {
            CallbackThreads own = new CallbackThreads(
                    Math.max(LEAST_CALLBACK_THREADS, from.threads), factory("upstream-callbacks"), loops);
            ownCallbacks = own.pool();
            callbacks = own;
        }
    }

    /** As many event loops as processors, at most four. */
    public static UpstreamRuntime create() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Where the application's callbacks and the dependents of futures run. */
    public Executor callbacks() {
        return callbacks;
    }

    /** Where the library does what may block, but for name resolution. */
    public Executor blocking() {
        return blocking;
    }

    /**
     * Where names are resolved: a name server that does not answer holds up no handshake and no signature, and other names only once 32
     * hang.
     */
    public Executor resolving() {
        return resolving;
    }

    /** How many connection attempts to one hub begin in a second at most. */
    public int connectsPerSecond() {
        return connectsPerSecond;
    }

    /** How many connection attempts to one hub are under way at a time at most. */
    public int connectsAtOnce() {
        return connectsAtOnce;
    }

    /** How many bytes of payload all sessions on this runtime may have under way together. */
    public long outboxBytes() {
        return outboxBytes;
    }

    /**
     * Gives the library's modules the event loops without naming their type in this signature.
     *
     * @throws IllegalArgumentException for a type that this runtime does not stand on
     */
    public <T> T unwrap(Class<T> type) {
        if (!type.isInstance(loops)) {
            throw new IllegalArgumentException("this runtime does not stand on " + type.getName());
        }
        return type.cast(loops);
    }

    /**
     * The one object of a type that all transports on this runtime share, for the library's modules: made when it is first asked for, and
     * kept as long as the runtime.
     */
    public <T> T shared(Class<T> type, Supplier<T> maker) {
        return type.cast(shared.computeIfAbsent(type, unused -> maker.get()));
    }

    /** Tells the observers, for the library's modules. Any thread; never waits. */
    public void publish(UpstreamProtocol protocol, @Nullable Identity identity, What what) {
        events.publish(protocol, identity, what);
    }

    /** Whether there is any observer. */
    public boolean isObserved() {
        return events.isWatched();
    }

    /** How many events observers were not told of because they were too slow. */
    public long droppedEvents() {
        return events.dropped();
    }

    /** Whether the caller is on a thread of this runtime, where waiting for this runtime's work would never end. */
    public boolean ownsCurrentThread() {
        if (Thread.currentThread() instanceof OwnThread own && own.owner == this) {
            return true;
        }
        for (EventExecutor loop : loops) {
            if (loop.inEventLoop()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Waits for a {@code close(drain)}, which is done 5 s after the drain; not on a thread of this runtime, which may be the one that has
     * to do the work. An interrupt ends the wait and stays set. What is late goes on in the background and ends by its own deadlines.
     */
    public void awaitClose(CompletionStage<Void> closing, Duration drain) {
        if (ownsCurrentThread()) {
            return;
        }
        try {
            closing.toCompletableFuture().get(drain.plus(CLOSE_GRACE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            log.debug("not closed {} after a drain of {}", CLOSE_GRACE, drain, e);
        }
    }

    /**
     * Stops what this runtime made and waits for its threads, at most ten seconds. Idempotent. On one of those threads it does not
     * wait.
     */
    @Override
    public void close() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_SECONDS);
        boolean waits = !ownsCurrentThread();
        if (ownsLoops) {
            loops.shutdownGracefully(QUIET_MILLIS, TimeUnit.SECONDS.toMillis(CLOSE_SECONDS), TimeUnit.MILLISECONDS);
            if (waits) {
                loops.terminationFuture().awaitUninterruptibly(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        }
        blocking.shutdown();
        resolving.shutdown();
        observing.shutdown();
        if (ownCallbacks != null) {
            ownCallbacks.shutdown();
        }
        if (waits) {
            awaitEnd(blocking, end);
            awaitEnd(resolving, end);
            awaitEnd(observing, sooner(end, System.nanoTime() + LAST_EVENTS.toNanos()));
            if (ownCallbacks != null) {
                awaitEnd(ownCallbacks, end);
            }
        }
    }

    private static long sooner(long one, long other) {
        return one - other < 0 ? one : other;
    }

    private static void awaitEnd(ExecutorService pool, long end) {
        try {
            if (!pool.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                pool.shutdownNow();
            }
        } catch (InterruptedException e) {
            pool.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private DefaultThreadFactory factory(String name) {
        return new DefaultThreadFactory(name, true) {
            @Override
            protected Thread newThread(Runnable task, String threadName) {
                return new OwnThread(UpstreamRuntime.this, task, threadName);
            }
        };
    }

    /** Known by its class: a thread group would be inherited by threads that a callback of the application makes. */
    private static final class OwnThread extends FastThreadLocalThread {
        private final UpstreamRuntime owner;

        private OwnThread(UpstreamRuntime owner, Runnable task, String name) {
            super(task, name);
            this.owner = owner;
        }
    }

    private EventLoopGroup newLoops(int count, Polling polling) {
        return new MultiThreadIoEventLoopGroup(
                count, factory("upstream-loop"), PollingChoice.of(polling).factory());
    }

    private ThreadPoolExecutor pool(String name, int count, int queue) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                count, count, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(queue), factory(name));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** Makes another thread where all are busy; refuses what the last one would have to wait for. */
    private ThreadPoolExecutor growing(String name, int usual, int most) {
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(usual, most, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), factory(name));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** Collects choices; not thread-safe. */
    public static final class Builder {
        private int threads = Math.min(4, Runtime.getRuntime().availableProcessors());
        private Polling polling = Polling.AUTO;
        private @Nullable EventLoopGroup loops;
        private @Nullable Executor callbacks;
        private int connectsPerSecond = CONNECTS_PER_SECOND;
        private int connectsAtOnce = CONNECTS_AT_ONCE;
        private long outboxBytes = OUTBOX_BYTES;

        private final List<UpstreamObserver> observers = new ArrayList<>(0);

        private Builder() {}

        /** How many event loops to make, and how many callback threads (two at least) while no callback blocks; 1 to 64. */
        public Builder threads(int threads) {
            this.threads = inRange("threads", threads, 64);
            return this;
        }

        /** How the event loops made here wait for sockets; default is {@link Polling#AUTO}. */
        public Builder polling(Polling polling) {
            this.polling = Objects.requireNonNull(polling, "polling");
            return this;
        }

        /** Borrows an {@code io.netty.channel.EventLoopGroup} of the host; it is never closed here. */
        public Builder eventLoops(ExecutorService group) {
            if (!(group instanceof EventLoopGroup netty)) {
                throw new IllegalArgumentException("event loops must be an io.netty.channel.EventLoopGroup, was "
                        + group.getClass().getName());
            }
            loops = netty;
            return this;
        }

        /**
         * Borrows an executor for callbacks. {@code Runnable::run} means the event loop itself: fastest, for callbacks that never
         * block.
         */
        public Builder callbacks(Executor executor) {
            callbacks = executor;
            return this;
        }

        /**
         * How many connection attempts to one hub begin in a second at most, all transports on this runtime together; 1 to 10,000, default
         * is 80. After a quiet time ten begin at once. When the hub refuses some because there are too many, fewer begin for a while. The
         * rest wait, first come, first served: the wait is part of the connect timeout of {@link UpstreamTransport#open}, not of one that
         * comes back. Choose more for a hub with many units, whose limit is in its "Quotas and throttling".
         */
        public Builder connectsPerSecond(int perSecond) {
            connectsPerSecond = inRange("connects per second", perSecond, MOST_CONNECTS);
            return this;
        }

        /** How many of them are under way at a time at most, 1 to 10,000; default is 64. */
        public Builder connectsAtOnce(int atOnce) {
            connectsAtOnce = inRange("connects at once", atOnce, MOST_CONNECTS);
            return this;
        }

        /**
         * How many bytes of payload all sessions on this runtime may have under way together, beside what {@link UpstreamOptions#outboxBytes}
         * allows each; default is 256 MiB. At the bound sends fail with {@link BackpressureException}.
         */
        public Builder outboxBytes(long bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("outbox bytes must be more than zero, was " + bytes);
            }
            outboxBytes = bytes;
            return this;
        }

        private static int inRange(String what, int value, int most) {
            if (value < 1 || value > most) {
                throw new IllegalArgumentException(what + " must be 1.." + most + ", was " + value);
            }
            return value;
        }

        /** Has {@code observer} told of what happens on this runtime, beside those that were given before. */
        public Builder observer(UpstreamObserver observer) {
            observers.add(Objects.requireNonNull(observer, "observer"));
            return this;
        }

        public UpstreamRuntime build() {
            return new UpstreamRuntime(this);
        }
    }
}
