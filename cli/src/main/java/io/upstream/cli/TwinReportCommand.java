// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes the reported properties. Help stands here by itself: {@code --version} means another thing. */
@Command(
        name = "report",
        description = {
            "Merges a JSON object into the reported properties of the twin; a member that is null is removed.",
            "With --json: {\"event\":\"reported\",\"version\":N}, the new version."
        })
final class TwinReportCommand extends Operation {
    private static final String STANDARD_INPUT = "-";

    /** The hub's limit on all reported properties of a twin. */
    private static final int MAX_BYTES = 32 << 10;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help message and exit.")
    @SuppressWarnings("unused") // picocli reads it
    private boolean help;

    @Mixin
    private final TargetOptions target = new TargetOptions();

    @Parameters(
            arity = "1",
            paramLabel = "JSON",
            description = "The patch, such as '{\"seen\":1}'; or - to read it from standard input.")
    private String patch = STANDARD_INPUT;

    @Option(
            names = "--version",
            paramLabel = "N",
            description = "Only if the reported properties still have this version; the exit code is 1 if not.")
    private @Nullable Long version;

    TwinReportCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        if (version != null && version < 1) {
            throw usage("--version must be at least 1, was " + version);
        }
        String text = patch.equals(STANDARD_INPUT) ? standardInput() : patch;
        JsonNode json = ArrivalText.parse(text);
        if (json == null || !json.isObject()) {
            throw usage("the patch must be one JSON object (its text is not shown)");
        }
        long now;
        try (Link link = connect(console, resolve(target, 1))) {
            UpstreamSession session = link.session();
            now = Link.await(
                    version == null ? session.report(text) : session.report(text, version),
                    target.timeout(),
                    around().stop());
        }
        if (console.isJson()) {
            console.json(Console.event("reported").put("version", now));
        } else {
            console.print("reported, version " + now);
        }
        return Cli.DONE;
    }

    private String standardInput() throws IOException {
        byte[] bytes = around().in().readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw usage("the patch has more than " + MAX_BYTES + " bytes, which no twin takes");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
