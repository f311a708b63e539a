// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** How a command speaks. */
final class OutputOptions {
    @Option(names = "--json", description = "Print one JSON object per line, and nothing else, on standard output.")
    private boolean json;

    @Option(
            names = {"-v", "--verbose"},
            description = "Log more on standard error; twice: everything, and stack traces.")
    private boolean[] verbose = {};

    @Option(
            names = "--trace",
            description =
                    "Show on standard error what goes over the wire: kinds, numbers and sizes of frames, and nothing"
                            + " of what is in them.")
    private boolean trace;

    boolean json() {
        return json;
    }

    /** How often {@code -v} was given. */
    int verbosity() {
        return verbose.length;
    }

    /** The log levels belong to the JVM: without {@code -v} and {@code --trace} they are left alone. */
    void applyVerbosity() {
        if (trace && LoggerFactory.getLogger("io.upstream.wire") instanceof Logger wire) {
            wire.setLevel(Level.TRACE);
        }
        if (verbose.length > 0 && LoggerFactory.getLogger("io.upstream") instanceof Logger logger) {
            logger.setLevel(verbose.length == 1 ? Level.INFO : Level.TRACE);
        }
    }
}
