// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code upstream} command: send and receive from a shell, run a hub on a laptop, show and measure what works. {@link
 * io.upstream.cli.Main} is the process, {@link io.upstream.cli.Cli} the same without one, for tests. Standard output carries results
 * only, one JSON object per line with {@code --json}; everything else goes to standard error. Exit codes: 0 done, 1 the operation
 * failed, 2 wrong usage, 130 ended by a signal before it was done.
 */
@NullMarked
package io.upstream.cli;

import org.jspecify.annotations.NullMarked;
