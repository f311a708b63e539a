// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.Settlement;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints what comes from the hub. */
@Command(
        name = "receive",
        mixinStandardHelpOptions = true,
        description = {
            "Prints messages, method calls and changes of the desired properties as they come, until --for or --max is reached or a"
                    + " signal ends it; the exit code is then 0. A device gets its cloud-to-device messages, a module what is routed to"
                    + " its inputs. Each message is settled, each call is answered with status 200 and its own payload.",
            "With --json: {\"event\":\"ready\"} once the hub has confirmed the subscriptions, then one object for each"
                    + " (\"message\", \"method\" or \"desired\"), and a summary."
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
            description = "End after this time, counted from the confirmed subscriptions.")
    private @Nullable Duration limit;

    @Option(names = "--max", paramLabel = "N", description = "End after so many messages, calls and changes together.")
    private @Nullable Long max;

    ReceiveCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        if (max != null && max < 1) {
            throw usage("--max must be at least 1, was " + max);
        }
        try (Link link = connect(console, resolve(target, OUTBOX))) {
            Arrivals arrivals = new Arrivals(console, link.session(), settlement, max == null ? Long.MAX_VALUE : max);
            arrivals.await(target.timeout(), around().stop());
            ready(console, link);
            awaitEnd(console, arrivals.enough());
            if (console.isJson()) {
                console.json(arrivals.summary());
            } else {
                console.note(commandName() + ": " + arrivals.inWords());
            }
        }
        return Cli.DONE;
    }

    private void ready(Console console, Link link) throws UpstreamException {
        String protocol = link.protocol().wireName();
        if (console.isJson()) {
            console.json(Console.event("ready").put("protocol", protocol).put("proxy", link.proxy()));
        } else {
            console.note(commandName() + ": waiting for messages, calls and changes to "
                    + link.session().identity() + " over " + protocol);
        }
    }

    private void awaitEnd(Console console, CompletableFuture<Void> enough)
            throws UpstreamException, InterruptedException {
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
