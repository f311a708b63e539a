// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.UpstreamException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sends telemetry. */
@Command(
        name = "send",
        mixinStandardHelpOptions = true,
        description = {
            "Sends telemetry: the lines of standard input, or generated messages with --count.",
            "Each line is one message, byte by byte; LF or CR LF at its end is not part of it. An empty line is an empty message.",
            "A line that the hub cannot take is reported with its number and the others go on; the exit code is then 1.",
            "A signal ends it: what is under way gets two seconds, the summary is printed, the exit code is 130."
        })
final class SendCommand extends Operation {
    static final int MAX_WINDOW = 10_000;

    private static final int MAX_SIZE = 262_144;

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--count", paramLabel = "N", description = "Send N generated messages instead of standard input.")
    private @Nullable Long count;

    @Option(names = "--size", paramLabel = "B", description = "Bytes of a generated message; default 100.")
    private @Nullable Integer size;

    @Option(
            names = "--window",
            paramLabel = "W",
            defaultValue = "100",
            description = "How many messages may be unacknowledged at once, 1 to " + MAX_WINDOW + "; default 100.")
    private int window = 100;

    @Option(
            names = "--property",
            paramLabel = "NAME=VALUE",
            description = "An application property of every message; may be repeated.")
    private String[] properties = {};

    @Option(names = "--content-type", paramLabel = "T", description = "The content type of every message.")
    private @Nullable String contentType;

    SendCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        Feed feed = feed();
        try (Link link = connect(console, resolve(target, window))) {
            SendRun run = new SendRun(
                    link.session(), window, console, around().stop(), (line, cause) -> rejected(console, line, cause));
            SendRun.Ending ending = run.run(feed);
            UpstreamException cause = ending.cause();
            if (cause != null) {
                ErrorReport.report(console, commandName(), progress(ending.tally(), cause));
            }
            summary(console, link, ending.tally());
            if (ending.stopped()) {
                return Cli.INTERRUPTED;
            }
            return cause == null && ending.tally().failed() == 0 ? Cli.DONE : Cli.FAILED;
        }
    }

    private Feed feed() {
        if (window < 1 || window > MAX_WINDOW) {
            throw usage("--window must be 1.." + MAX_WINDOW + ", was " + window);
        }
        Feed.Envelope envelope = new Feed.Envelope(parsedProperties(), contentType);
        if (count == null) {
            if (size != null) {
                throw usage("--size goes with --count: the messages of standard input have their own size");
            }
            return Feed.lines(around().in(), envelope);
        }
        int bytes = size == null ? 100 : size;
        if (count < 1 || bytes < 0 || bytes > MAX_SIZE) {
            throw usage("--count must be at least 1 and --size 0.." + MAX_SIZE);
        }
        return Feed.generated(count, n -> generated(n, bytes), envelope);
    }

    private Map<String, String> parsedProperties() {
        Map<String, String> parsed = new LinkedHashMap<>();
        for (String property : properties) {
            int equals = property.indexOf('=');
            if (equals < 1) {
                throw usage("--property wants NAME=VALUE");
            }
            parsed.put(property.substring(0, equals), property.substring(equals + 1));
        }
        return parsed;
    }

    /** The number, then dots: readable, and each message differs. */
    static byte[] generated(long number, int size) {
        byte[] payload = new byte[size];
        java.util.Arrays.fill(payload, (byte) '.');
        byte[] head = ("message " + number + " ").getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(head, 0, payload, 0, Math.min(head.length, size));
        return payload;
    }

    private void rejected(Console console, long number, UpstreamException cause) {
        String what = count == null ? "line" : "message";
        if (console.isJson()) {
            console.json(Console.event("rejected")
                    .put(what, number)
                    .put("kind", cause.kind().name())
                    .put("message", cause.getMessage()));
        }
        console.note(commandName() + ": " + what + " " + number + ": " + cause.getMessage());
    }

    /** The same failure, with what was reached before it. */
    private static UpstreamException progress(Tally tally, UpstreamException cause) {
        String message = cause.getMessage() + " (" + tally.acked() + " of " + tally.sent()
                + " messages were acknowledged; the others may or may not have arrived)";
        return UpstreamException.of(
                cause.kind(), new UpstreamException.Where(cause.stage(), cause.hop()), message, cause);
    }

    private static void summary(Console console, Link link, Tally tally) throws UpstreamException {
        if (!console.isJson()) {
            console.print(String.format(
                    Locale.ROOT,
                    "%s%s: %d sent, %d acknowledged, %d failed in %.2f s (%d messages/s, p50 %s, p99 %s)",
                    link.protocol().wireName(),
                    link.proxy() == null ? "" : " through " + link.proxy(),
                    tally.sent(),
                    tally.acked(),
                    tally.failed(),
                    tally.seconds(),
                    tally.messagesPerSecond(),
                    Table.micros(tally.p50Micros()),
                    Table.micros(tally.p99Micros())));
            return;
        }
        ObjectNode summary = Console.event("summary")
                .put("protocol", link.protocol().wireName())
                .put("proxy", link.proxy())
                .put("sent", tally.sent())
                .put("acked", tally.acked())
                .put("failed", tally.failed())
                .put("seconds", Table.round(tally.seconds()))
                .put("messagesPerSecond", tally.messagesPerSecond())
                .put("p50Micros", tally.p50Micros())
                .put("p99Micros", tally.p99Micros());
        console.json(summary);
    }
}
