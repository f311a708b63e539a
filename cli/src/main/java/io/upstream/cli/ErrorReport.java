// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.MaxValuesExceededException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** One line for whatever ends a command early, and one JSON object beside it for {@code --json}. */
final class ErrorReport {
    private static final int STACK_TRACES = 2;

    private final Surroundings around;
    private final boolean json;

    /** @param args only searched for {@code --json}, which must count even when the rest cannot be parsed */
    ErrorReport(Surroundings around, String[] args) {
        this.around = around;
        this.json = Arrays.asList(args).contains("--json");
    }

    int wrongUsage(ParameterException error, String[] args) {
        CommandLine command = error.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String message = oneLine(explain(error));
        Console console = new Console(around, json);
        if (json) {
            console.json(object("USAGE", Where.here("arguments"), false, message));
        }
        console.note(name + ": " + message + " (try '" + name + " --help')");
        return Cli.USAGE;
    }

    int failed(Exception error, CommandLine command, ParseResult parsed) {
        Console console = new Console(around, json);
        String name = command.getCommandSpec().qualifiedName();
        if (error instanceof StoppedException) {
            console.note(name + ": stopped before it was done");
            return Cli.INTERRUPTED;
        }
        UpstreamException failure = error instanceof UpstreamException known ? known : unexpected(error);
        report(console, name, failure);
        if (verbosity(command) >= STACK_TRACES) {
            error.printStackTrace(around.err());
        }
        return Cli.FAILED;
    }

    /** Tells of a failure that does not end the command at once. */
    static void report(Console console, String command, UpstreamException failure) {
        String message = oneLine(String.valueOf(failure.getMessage()));
        if (console.isJson()) {
            Where where = new Where(failure.stage(), failure.hop());
            console.json(object(failure.kind().name(), where, failure.isTransient(), message));
        }
        console.note(command + ": " + message);
    }

    private static UpstreamException unexpected(Exception error) {
        String text = error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
        return UpstreamException.of(FailureKind.INTERNAL, Where.here("command"), text + " (-v -v shows where)", error);
    }

    private static int verbosity(CommandLine command) {
        return command.getCommand() instanceof Operation operation ? operation.output.verbosity() : 0;
    }

    private static ObjectNode object(String kind, Where where, boolean passes, String message) {
        return Console.event("error")
                .put("kind", kind)
                .put("stage", where.stage())
                .put("hop", where.hop())
                .put("transient", passes)
                .put("message", message);
    }

    /** Arguments that fit nowhere may be secrets that lost their option: they are counted, not shown. */
    private static String explain(ParameterException error) {
        if (error instanceof UnmatchedArgumentException unmatched) {
            String first = unmatched.getUnmatched().get(0);
            if (first.startsWith("-")) {
                List<String> similar = unmatched.getSuggestions();
                return "unknown option '" + optionName(first) + "'"
                        + (similar.isEmpty() ? "" : ", did you mean " + optionName(similar.get(0)) + "?");
            }
            return first.matches("[a-z]{1,20}")
                    ? "'" + first + "' is not a command or option of it" + commands(error.getCommandLine())
                    : "an argument belongs to no option (its text is not shown)";
        } else if (error instanceof MaxValuesExceededException) {
            return "an option has too many values";
        }
        String message = error.getMessage() == null ? "wrong usage" : error.getMessage();
        return message.isEmpty() ? message : Character.toLowerCase(message.charAt(0)) + message.substring(1);
    }

    private static String commands(CommandLine command) {
        return command.getSubcommands().isEmpty()
                ? ""
                : ", there are " + UpstreamCommand.commands(command.getCommandSpec());
    }

    private static String optionName(String argument) {
        int equals = argument.indexOf('=');
        String name = equals < 0 ? argument : argument.substring(0, equals);
        return name.matches("-{1,2}[A-Za-z-]{1,30}") ? name : "-…";
    }

    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ").strip();
    }
}
