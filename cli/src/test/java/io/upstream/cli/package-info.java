// SPDX-License-Identifier: Apache-2.0
/**
 * The command run in this JVM, against hubs and proxies in this JVM. {@link io.upstream.cli.Shell} runs one command line as a process
 * would, {@link io.upstream.cli.TestHub} has the options that lead to a hub.
 */
@NullMarked
package io.upstream.cli;

import org.jspecify.annotations.NullMarked;
