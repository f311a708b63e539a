// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The name in front of what can be done with a twin. */
@Command(
        name = "twin",
        mixinStandardHelpOptions = true,
        version = UpstreamCommand.VERSION,
        description = "Reads the twin of a device or module, or changes its reported properties.")
final class TwinCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "a command is missing, there are " + UpstreamCommand.commands(spec));
    }
}
