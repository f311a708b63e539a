// SPDX-License-Identifier: Apache-2.0
/**
 * The end-to-end comparison: {@code upstream bench --peers}. Starts the sink and every client as processes of their own, lets the clients
 * of one contest take turns, and writes what came out as a table, as JSON and as charts.
 */
@NullMarked
package io.upstream.benchmarks.runner;

import org.jspecify.annotations.NullMarked;
