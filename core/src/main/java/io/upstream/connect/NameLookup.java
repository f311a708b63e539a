// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks names up by the platform's resolver, which blocks, on threads of their own. All who ask for a name while it is looked up share one
 * thread, so a name server that does not answer holds as many threads as there are names, however many sessions wait; and nobody waits
 * longer than {@link #LIMIT}, whatever the resolver does. While fewer names hang than there are threads, another name is looked up at once;
 * with more, it fails after the limit and says so. Nothing is kept beyond that: the platform has a cache. Thread-safe.
 */
public final class NameLookup {
    static final Duration LIMIT = Duration.ofSeconds(5);

    /** How many names are looked up at once; further ones wait. */
    static final int MAX_ASKED = 32;

    /** Who may wait for one name at once, and how many names for a thread. */
    static final int MAX_WAITING = 10_000;

    private static final Logger log = LoggerFactory.getLogger(NameLookup.class);

    private final Executor threads;
    private final Resolver resolver;

    /** By name; guards itself, the questions in it and what follows. */
    private final Map<String, Question> underway = new HashMap<>();

    private final Deque<Question> queued = new ArrayDeque<>();
    private int asking;

    /** May block for as long as the name servers like. */
    @FunctionalInterface
    interface Resolver {
        InetAddress[] addressesOf(String host) throws UnknownHostException;
    }

    private enum Progress {
        QUEUED,
        ASKED
    }

    /** One name that is looked up, and who waits for it. */
    private static final class Question {
        final String host;
        final Set<Waiter> waiting = new HashSet<>();
        Progress progress = Progress.QUEUED;

        Question(String host) {
            this.host = host;
        }
    }

    /** Who gets the answer, on which loop. */
    private static final class Waiter {
        final EventLoop loop;
        final CompletableFuture<List<InetAddress>> found = new CompletableFuture<>();

        Waiter(EventLoop loop) {
            this.loop = loop;
        }
    }

    NameLookup(Executor threads, Resolver resolver) {
        this.threads = threads;
        this.resolver = resolver;
    }

    /** The one that all attempts on {@code runtime} share. */
    public static NameLookup on(UpstreamRuntime runtime) {
        return runtime.shared(NameLookup.class, () -> new NameLookup(runtime.resolving(), InetAddress::getAllByName));
    }

    /**
     * The addresses of {@code host} in the resolver's order. An address literal is not looked up. Completes on {@code loop}; fails with an
     * {@link UnknownHostException}, also when the resolver takes too long, or with an {@link UpstreamException} if there is no thread or
     * too many wait for the same name.
     */
    public CompletionStage<List<InetAddress>> addressesOf(String host, EventLoop loop) {
        if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            return literal(host);
        }
        Waiter waiter = new Waiter(loop);
        Question question;
        Question fresh = null;
        synchronized (underway) {
            Question other = underway.get(host);
            question = other == null ? new Question(host) : other;
            if (question.waiting.size() == MAX_WAITING || (other == null && queued.size() == MAX_WAITING)) {
                return CompletableFuture.failedFuture(tooMany(host));
            }
            question.waiting.add(waiter);
            if (other == null) {
                underway.put(host, question);
                fresh = admitted(question);
            }
        }
        if (fresh != null) {
            begin(fresh);
        }
        Future<?> alarm = loop.schedule(() -> giveUp(question, waiter), LIMIT.toNanos(), TimeUnit.NANOSECONDS);
        waiter.found.whenComplete((addresses, error) -> alarm.cancel(false));
        return waiter.found;
    }

    /** The question, if there is a thread for it; else it waits for one that other questions hold. */
    private @Nullable Question admitted(Question question) {
        if (asking == MAX_ASKED) {
            queued.add(question);
            return null;
        }
        asking++;
        return question;
    }

    private static CompletionStage<List<InetAddress>> literal(String host) {
        try {
            return CompletableFuture.completedFuture(List.of(InetAddress.getAllByName(host))); // asks no name server
        } catch (UnknownHostException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static UpstreamException tooMany(String host) {
        return UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here(ConnectPlan.RESOLVE),
                "the name '" + Failures.printable(host) + "' is not looked up, " + MAX_WAITING
                        + " connection attempts or other names wait already: open fewer at a time");
    }

    private void begin(Question question) {
        try {
            threads.execute(() -> askFrom(question));
        } catch (RejectedExecutionException e) {
            UpstreamException failure = Failures.noThread(threads, Where.here(ConnectPlan.RESOLVE), e);
            for (Question refused = question; refused != null; refused = next()) {
                settle(refused, null, failure);
            }
        }
    }

    private void askFrom(Question first) {
        for (Question question = first; question != null; question = next()) {
            ask(question);
        }
    }

    /** What the caller's thread is to ask now; null if that is nothing, and the thread is free. */
    private @Nullable Question next() {
        synchronized (underway) {
            while (!queued.isEmpty()) {
                Question question = queued.remove();
                if (!question.waiting.isEmpty()) {
                    return question;
                }
                underway.remove(question.host, question); // they have all given up while other names held the threads
            }
            asking--;
            return null;
        }
    }

    /** Whatever is thrown reaches those who wait, errors too: the name would else stay under way for ever. */
    private void ask(Question question) {
        synchronized (underway) {
            question.progress = Progress.ASKED;
        }
        try {
            List<InetAddress> addresses = List.of(resolver.addressesOf(question.host));
            if (addresses.isEmpty()) {
                throw new UnknownHostException("the name has no address");
            }
            settle(question, addresses, null);
        } catch (UnknownHostException | RuntimeException | Error e) {
            settle(question, null, e);
        }
    }

    private void settle(Question question, @Nullable List<InetAddress> addresses, @Nullable Throwable error) {
        List<Waiter> waiting;
        synchronized (underway) {
            underway.remove(question.host, question);
            waiting = List.copyOf(question.waiting);
            question.waiting.clear();
        }
        waiting.forEach(waiter -> onLoop(waiter.loop, () -> {
            if (addresses != null) {
                waiter.found.complete(addresses);
            } else if (error != null) {
                waiter.found.completeExceptionally(error);
            }
        }));
    }

    private void giveUp(Question question, Waiter waiter) {
        Progress progress;
        synchronized (underway) {
            question.waiting.remove(waiter);
            progress = question.progress;
        }
        String why = progress == Progress.ASKED
                ? "no answer from the name servers within "
                : "all threads that look names up wait for name servers that do not answer, none was free within ";
        waiter.found.completeExceptionally(new UnknownHostException(why + Failures.seconds(LIMIT)));
    }

    private static void onLoop(EventLoop loop, Runnable step) {
        try {
            loop.execute(step);
        } catch (RejectedExecutionException e) {
            log.debug("an event loop ended while a name was looked up for it", e);
        }
    }
}
