// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.ProxyChoice;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.proxy.ProxySettings;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows on one machine what the library is for. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Starts a hub and a proxy that asks for a password, both on loopback, sends messages over all four protocols directly and"
                    + " through the proxy, and compares what the hub received with what was sent, byte by byte and in order."
        })
final class DemoCommand extends Operation {
    private static final int SIZE = 1_000;
    private static final int WINDOW = 100;
    private static final String USER = "demo";

    /** Messages are acknowledged when the hub has stored them: what is not there by then never comes. */
    private static final Duration ARRIVAL = Duration.ofSeconds(1);

    @Option(names = "--count", paramLabel = "N", description = "Messages for each of the eight rows; default 500.")
    private int count = 500;

    DemoCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        if (count < 1 || count > 100_000) {
            throw usage("--count must be 1..100000, was " + count);
        }
        String password = HexFormat.of().formatHex(new SecureRandom().generateSeed(12));
        long start = System.nanoTime();
        List<Table.Row> rows = new ArrayList<>();
        Table table = new Table(console);
        try (LocalHub hub = LocalHub.start();
                ConnectProxy proxy =
                        ConnectProxy.builder().credentials(USER, password).start()) {
            ProxyChoice through =
                    ProxySettings.fromUrl(proxy.url().replace("://", "://" + USER + ":" + password + "@"));
            table.head();
            for (UpstreamProtocol protocol : UpstreamProtocol.values()) {
                rows.add(row(console, table, hub, protocol, ProxyChoice.DIRECT, null));
                rows.add(row(console, table, hub, protocol, through, proxy));
            }
        }
        return summary(console, rows, (System.nanoTime() - start) / 1e9);
    }

    private Table.Row row(
            Console console,
            Table table,
            LocalHub hub,
            UpstreamProtocol protocol,
            ProxyChoice choice,
            @Nullable ConnectProxy proxy)
            throws Exception {
        String route = proxy == null ? "direct" : "proxy";
        int tunnels = proxy == null ? 0 : granted(proxy);
        String device = "demo-" + protocol.wireName() + "-" + route;
        Target target = hub.target(device, protocol, choice, WINDOW);
        Tally tally = new Tally(0, 0, 0, 0, 0);
        String failure = null;
        try (Link link = Link.open(target, around().stop())) {
            SendRun run = new SendRun(link.session(), WINDOW, console, around().stop(), (number, cause) -> {});
            SendRun.Ending ending = run.run(Feed.generated(count, DemoCommand::payload, Feed.Envelope.EMPTY));
            if (ending.stopped()) {
                throw new StoppedException();
            }
            tally = ending.tally();
            failure = ending.cause() == null ? null : ending.cause().getMessage();
        } catch (UpstreamException e) {
            failure = e.getMessage();
        }
        long delivered = delivered(hub, device);
        if (failure == null && delivered < count) {
            failure = "not all arrived unchanged and in order";
        } else if (failure == null && proxy != null && granted(proxy) == tunnels) {
            failure = "passed by the proxy";
        }
        Table.Row row = new Table.Row(protocol.wireName(), route, count, delivered, tally, failure);
        table.row(row);
        return row;
    }

    private static int granted(ConnectProxy proxy) {
        return (int) proxy.accessLog().stream()
                .filter(request -> request.status() == 200 && USER.equals(request.user()))
                .count();
    }

    /** How many of the messages that should have come first did so, unchanged. */
    private long delivered(LocalHub hub, String device) throws InterruptedException {
        List<TelemetryRecord> came;
        try {
            came = hub.hub().awaitTelemetry(device, count, ARRIVAL);
        } catch (TimeoutException e) {
            came = hub.hub().telemetry(device);
        }
        int good = 0;
        while (good < Math.min(count, came.size())
                && Arrays.equals(payload(good + 1L), came.get(good).message().body())) {
            good++;
        }
        return good;
    }

    private static byte[] payload(long number) {
        byte[] payload = new byte[SIZE];
        new SplittableRandom(number).nextBytes(payload);
        return payload;
    }

    private int summary(Console console, List<Table.Row> rows, double seconds) throws UpstreamException {
        long good = rows.stream().filter(Table.Row::isGood).count();
        if (console.isJson()) {
            console.json(Console.event("summary")
                    .put("rows", rows.size())
                    .put("passed", good)
                    .put("failed", rows.size() - good)
                    .put("seconds", Table.round(seconds)));
        } else {
            console.print(good + " of " + rows.size() + " ways delivered every byte in order, in "
                    + Table.round(seconds) + " s");
        }
        if (good == rows.size()) {
            return Cli.DONE;
        }
        throw UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here("demo"),
                (rows.size() - good) + " of " + rows.size()
                        + " ways did not deliver: see the rows, and run with -v -v");
    }
}
