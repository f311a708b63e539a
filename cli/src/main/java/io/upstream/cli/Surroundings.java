// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.util.Map;

/**
 * What a command sees of the process around it, so that a test can be one.
 *
 * @param terminal whether {@code err} is a terminal, on which progress is shown
 */
record Surroundings(
        InputStream in, PrintStream out, PrintStream err, Map<String, String> env, boolean terminal, StopSignal stop) {}
