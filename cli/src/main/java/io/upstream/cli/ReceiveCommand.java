// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.CloudMessage;
import io.upstream.Settlement;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints cloud-to-device messages. */
@Command(
        name = "receive",
        description = {
            "Prints cloud-to-device messages as they come and settles each, until --for or --max is reached or a signal ends it;"
                    + " the exit code is then 0.",
            "With --json: {\"event\":\"ready\"} once the hub has confirmed the subscription, then one object for each message,"
                    + " and a summary."
        })
final class ReceiveCommand extends Operation {
    private static final int OUTBOX = 100;
    private static final Duration POLL = Duration.ofMillis(500);

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(
            names = "--settle",
            paramLabel = "complete|reject|abandon",
            description = "What to tell the hub about each message; default complete.")
    private Settlement settlement = Settlement.COMPLETE;

    @Option(
            names = "--for",
            paramLabel = "D",
            converter = DurationConverter.class,
            description = "End after this time, counted from the confirmed subscription.")
    private @Nullable Duration limit;

    @Option(names = "--max", paramLabel = "N", description = "End after so many messages.")
    private @Nullable Long max;

    private final CompletableFuture<Void> enough = new CompletableFuture<>();
    private final AtomicLong received = new AtomicLong();

    ReceiveCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        if (max != null && max < 1) {
            throw usage("--max must be at least 1, was " + max);
        }
        try (Link link = Link.open(resolve(target, OUTBOX), around().stop())) {
            link.session().onStatus(status -> {
                UpstreamException cause = status.cause();
                if (cause != null) {
                    enough.completeExceptionally(cause);
                }
            });
            Link.await(
                    link.session().onMessage(message -> take(console, link.session(), message)),
                    target.timeout(),
                    around().stop());
            ready(console, link);
            awaitEnd(console);
        }
        long count = Math.min(received.get(), max == null ? Long.MAX_VALUE : max);
        if (console.isJson()) {
            console.json(Console.event("summary").put("received", count));
        } else {
            console.note(commandName() + ": " + count + (count == 1 ? " message" : " messages"));
        }
        return Cli.DONE;
    }

    private void ready(Console console, Link link) throws UpstreamException {
        String protocol = link.protocol().wireName();
        if (console.isJson()) {
            console.json(Console.event("ready").put("protocol", protocol).put("proxy", link.proxy()));
        } else {
            console.note(commandName() + ": waiting for messages to "
                    + link.session().identity() + " over " + protocol);
        }
    }

    /** What comes after the last one wanted goes back to the hub. */
    private CompletionStage<Settlement> take(Console console, UpstreamSession session, CloudMessage message) {
        long number = received.incrementAndGet();
        if (max != null && number > max) {
            return CompletableFuture.completedFuture(Settlement.ABANDON);
        }
        if (console.isJson()) {
            console.json(CloudMessageText.json(message));
        } else {
            console.print(CloudMessageText.human(message));
        }
        if (max != null && number == max) {
            // A session's callbacks run in order: this one comes when the settlement below has been handed over.
            session.onStatus(status -> enough.complete(null));
        }
        return CompletableFuture.completedFuture(settlement);
    }

    private void awaitEnd(Console console) throws UpstreamException, InterruptedException {
        long start = System.nanoTime();
        CompletableFuture<Object> end =
                CompletableFuture.anyOf(enough, around().stop().requested());
        while (!console.isBroken()) {
            long left = limit == null ? Long.MAX_VALUE : limit.toNanos() - (System.nanoTime() - start);
            try {
                end.get(Math.min(left, POLL.toNanos()), TimeUnit.NANOSECONDS);
                return;
            } catch (TimeoutException e) {
                if (left <= POLL.toNanos()) {
                    return;
                }
            } catch (ExecutionException e) {
                if (e.getCause() instanceof UpstreamException lost) {
                    throw lost;
                }
                throw new IllegalStateException(e);
            }
        }
    }
}
