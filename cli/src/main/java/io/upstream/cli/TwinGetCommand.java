// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.Twin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints the twin. */
@Command(
        name = "get",
        mixinStandardHelpOptions = true,
        description = {
            "Prints the twin: its desired and its reported properties, each with its version.",
            "With --json: one object, {\"event\":\"twin\",\"desired\":{…},\"desiredVersion\":N,\"reported\":{…},\"reportedVersion\":N}."
        })
final class TwinGetCommand extends Operation {
    @Mixin
    private final TargetOptions target = new TargetOptions();

    TwinGetCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        Twin twin;
        try (Link link = connect(console, resolve(target, 1))) {
            twin = Link.await(link.session().twin(), target.timeout(), around().stop());
        }
        if (console.isJson()) {
            ObjectNode object = Console.event("twin");
            ArrivalText.set(object, "desired", twin.desired());
            object.put("desiredVersion", twin.desiredVersion());
            ArrivalText.set(object, "reported", twin.reported());
            console.json(object.put("reportedVersion", twin.reportedVersion()));
        } else {
            console.print("desired, version " + twin.desiredVersion());
            console.print(indented(twin.desired()));
            console.print("reported, version " + twin.reportedVersion());
            console.print(indented(twin.reported()));
        }
        return Cli.DONE;
    }

    /** JSON does not escape all that a terminal would obey. */
    private static String indented(String text) {
        JsonNode json = ArrivalText.parse(text);
        return json == null ? "(no JSON)" : json.toPrettyString().replaceAll("[\\p{Cc}&&[^\n]]", "�");
    }
}
