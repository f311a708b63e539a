// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.ProxyChoice;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures throughput and latency from call to acknowledgement. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Sends messages over all four protocols, or the one of --protocol, and prints messages per second and how long"
                    + " acknowledgements took.",
            "Without a connection string it does so against a hub in the same process: sender and hub then share the processor, and"
                    + " options about the way to a hub have no effect. A first run of a fifth of the messages warms up.",
            "With --peers it compares Upstream with other libraries instead, each in a process of its own: see bench --peers --help."
        })
final class BenchCommand extends Operation {
    private static final int WARM_UP_SHARE = 5;

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Option(names = "--count", paramLabel = "N", description = "Messages for each protocol; default 50000.")
    private int count = 50_000;

    @Option(names = "--size", paramLabel = "B", description = "Bytes of each message; default 1024.")
    private int size = 1_024;

    @Option(names = "--window", paramLabel = "W", description = "Unacknowledged messages at once; default 1000.")
    private int window = 1_000;

    @Option(
            names = "--peers",
            description =
                    "The comparison with other client libraries. Only through the launcher ./upstream, which builds it.")
    private boolean peers;

    BenchCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        if (peers) {
            throw usage(
                    "--peers needs the launcher, ./upstream at the top of the repository: the other libraries are not part of this"
                            + " program");
        }
        if (count < 1 || size < 0 || size > 262_144 || window < 1 || window > SendCommand.MAX_WINDOW) {
            throw usage("--count must be at least 1, --size 0..262144 and --window 1.." + SendCommand.MAX_WINDOW);
        }
        List<UpstreamProtocol> protocols = protocols();
        Table table = new Table(console);
        List<Table.Row> rows = new ArrayList<>();
        if (target.isGiven(around().env())) {
            Target remote = resolve(target, window);
            table.head();
            for (UpstreamProtocol protocol : protocols) {
                Target one = new Target(
                        remote.identity(),
                        remote.credentials(),
                        remote.options().toBuilder().protocol(protocol).build());
                rows.add(row(console, table, protocol, one));
            }
        } else {
            try (LocalHub hub = LocalHub.start()) {
                table.head();
                for (UpstreamProtocol protocol : protocols) {
                    Target one = hub.target("bench-" + protocol.wireName(), protocol, ProxyChoice.DIRECT, window);
                    rows.add(row(console, table, protocol, one));
                }
            }
        }
        return verdict(rows);
    }

    private List<UpstreamProtocol> protocols() {
        try {
            return target.protocols();
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private Table.Row row(Console console, Table table, UpstreamProtocol protocol, Target one) throws Exception {
        Tally tally = new Tally(0, 0, 0, 0, 0);
        String failure = null;
        String route = "direct";
        try {
            route = one.proxyFor(protocol) == null ? "direct" : "proxy";
            try (Link link = Link.open(one, around().stop())) {
                run(console, link, Math.max(1, count / WARM_UP_SHARE));
                tally = run(console, link, count);
            }
        } catch (UpstreamException e) {
            failure = e.getMessage();
        }
        Table.Row row = new Table.Row(protocol.wireName(), route, count, tally.acked(), tally, failure);
        table.row(row);
        return row;
    }

    private Tally run(Console console, Link link, int messages)
            throws UpstreamException, StoppedException, InterruptedException {
        byte[] payload = SendCommand.generated(0, size);
        SendRun.Ending ending = new SendRun(link.session(), window, console, around().stop(), (number, cause) -> {})
                .run(Feed.generated(messages, n -> payload, Feed.Envelope.EMPTY));
        UpstreamException cause = ending.cause();
        if (cause != null) {
            throw cause;
        } else if (ending.stopped()) {
            throw new StoppedException();
        }
        return ending.tally();
    }

    private static int verdict(List<Table.Row> rows) throws UpstreamException {
        long bad = rows.stream().filter(row -> !row.isGood()).count();
        if (bad == 0) {
            return Cli.DONE;
        }
        throw UpstreamException.of(
                FailureKind.INTERNAL, Where.here("bench"), bad + " of " + rows.size() + " runs failed: see their rows");
    }
}
