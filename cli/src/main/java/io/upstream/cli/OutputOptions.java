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

    boolean json() {
        return json;
    }

    /** How often {@code -v} was given. */
    int verbosity() {
        return verbose.length;
    }

    /** The log level belongs to the JVM: without {@code -v} it is left alone. */
    void applyVerbosity() {
        if (verbose.length > 0 && LoggerFactory.getLogger("io.upstream") instanceof Logger logger) {
            logger.setLevel(verbose.length == 1 ? Level.INFO : Level.TRACE);
        }
    }
}
