// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The name in front of the commands. */
@Command(
        name = "upstream",
        mixinStandardHelpOptions = true,
        version = UpstreamCommand.VERSION,
        description =
                "Carries edge traffic to an IoT Hub over Mqtt, Amqp, MqttWs or AmqpWs, directly or through a proxy.",
        footer = {
            "",
            "Start with: upstream demo",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 ended by a signal before it was done."
        })
final class UpstreamCommand implements Runnable {
    static final String VERSION = "upstream 0.1.0";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing, there are " + commands(spec));
    }

    /** The commands below {@code spec}, as a sentence lists them. */
    static String commands(CommandSpec spec) {
        String names = String.join(", ", spec.subcommands().keySet());
        int last = names.lastIndexOf(", ");
        return last < 0 ? names : names.substring(0, last) + " and " + names.substring(last + 2);
    }
}
