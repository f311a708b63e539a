// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** The command without a process: nothing global is touched but the log level, and only when {@code -v} asks for it. */
final class Cli {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    /** What a shell reports for a program that SIGINT ended. */
    static final int INTERRUPTED = 130;

    private Cli() {}

    /** Runs one command line to its end and gives its exit code; never throws. */
    static int run(String[] args, Surroundings around) {
        CommandLine root = new CommandLine(new UpstreamCommand())
                .addSubcommand(new DemoCommand(around))
                .addSubcommand(new EmulatorCommand(around))
                .addSubcommand(new SendCommand(around))
                .addSubcommand(new ReceiveCommand(around))
                .addSubcommand(new CommandLine(new TwinCommand())
                        .addSubcommand(new TwinGetCommand(around))
                        .addSubcommand(new TwinReportCommand(around)))
                .addSubcommand(new ProvisionCommand(around))
                .addSubcommand(new BenchCommand(around))
                .addSubcommand(new FaultsCommand(around))
                .addSubcommand(new SoakCommand(around))
                .addSubcommand(new ReconnectsCommand(around))
                .addSubcommand(new CommandLine.HelpCommand());
        ErrorReport errors = new ErrorReport(around, args);
        int code = root.setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(writer(around.out()))
                .setErr(writer(around.err()))
                .setParameterExceptionHandler(errors::wrongUsage)
                .setExecutionExceptionHandler(errors::failed)
                .execute(args);
        around.out().flush();
        around.err().flush();
        return code;
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }
}
