// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.UpstreamException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands have in common: how they print, and that they end with an exit code. */
@Command(version = UpstreamCommand.VERSION)
abstract class Operation implements Callable<Integer> {
    @Mixin
    final OutputOptions output = new OutputOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private final Surroundings around;

    Operation(Surroundings around) {
        this.around = around;
    }

    @Override
    public final Integer call() throws Exception {
        output.applyVerbosity();
        return perform(new Console(around, output.json()));
    }

    /** Does it; gives the exit code. What it throws is reported as one line and ends with 1, or 2 if it is a usage error. */
    abstract int perform(Console console) throws Exception;

    final Surroundings around() {
        return around;
    }

    /** The command as its errors name it, {@code upstream send}. */
    final String commandName() {
        return spec.qualifiedName();
    }

    /** What the options and the environment say, or a usage error. */
    final Target resolve(TargetOptions options, int window) throws UpstreamException {
        try {
            return options.resolve(around.env(), window);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    final ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
