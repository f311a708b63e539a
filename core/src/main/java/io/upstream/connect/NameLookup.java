// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks names up by the platform's resolver, which blocks, on threads of their own. All who ask for a name while it is looked up share one
 * thread, so a name server that does not answer holds as many threads as there are names, however many sessions wait; and nobody waits
 * longer than {@link #LIMIT}. Nothing is kept beyond that: the platform has a cache. Thread-safe.
 */
public final class NameLookup {
    static final Duration LIMIT = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(NameLookup.class);

    private final Executor threads;
    private final Resolver resolver;
    private final Map<String, CompletableFuture<List<InetAddress>>> underway = new ConcurrentHashMap<>();

    /** May block for as long as the name servers like. */
    @FunctionalInterface
    interface Resolver {
        InetAddress[] addressesOf(String host) throws UnknownHostException;
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
     * {@link UnknownHostException}, also when the resolver takes too long, or with an {@link io.upstream.UpstreamException} if there is no
     * thread.
     */
    public CompletionStage<List<InetAddress>> addressesOf(String host, EventLoop loop) {
        CompletableFuture<List<InetAddress>> found = new CompletableFuture<>();
        if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            resolve(InetAddress::getAllByName, host, found); // no name server is asked
            return found;
        }
        Future<?> alarm = loop.schedule(
                () -> found.completeExceptionally(
                        new UnknownHostException("no answer from the name servers within " + Failures.seconds(LIMIT))),
                LIMIT.toNanos(),
                TimeUnit.NANOSECONDS);
        shared(host)
                .whenComplete((addresses, error) -> onLoop(loop, () -> {
                    alarm.cancel(false);
                    if (error == null) {
                        found.complete(addresses);
                    } else {
                        found.completeExceptionally(error);
                    }
                }));
        return found;
    }

    private CompletableFuture<List<InetAddress>> shared(String host) {
        CompletableFuture<List<InetAddress>> mine = new CompletableFuture<>();
        CompletableFuture<List<InetAddress>> other = underway.putIfAbsent(host, mine);
        if (other != null) {
            return other;
        }
        mine.whenComplete((addresses, error) -> underway.remove(host, mine));
        try {
            threads.execute(() -> resolve(resolver, host, mine));
        } catch (RejectedExecutionException e) {
            mine.completeExceptionally(Failures.noThread(threads, Where.here(ConnectPlan.RESOLVE), e));
        }
        return mine;
    }

    private static void resolve(Resolver resolver, String host, CompletableFuture<List<InetAddress>> found) {
        try {
            List<InetAddress> addresses = List.of(resolver.addressesOf(host));
            if (addresses.isEmpty()) {
                throw new UnknownHostException("the name has no address");
            }
            found.complete(addresses);
        } catch (UnknownHostException | RuntimeException | LinkageError e) {
            found.completeExceptionally(e);
        }
    }

    private static void onLoop(EventLoop loop, Runnable step) {
        try {
            loop.execute(step);
        } catch (RejectedExecutionException e) {
            log.debug("an event loop ended while a name was looked up for it", e);
        }
    }
}
