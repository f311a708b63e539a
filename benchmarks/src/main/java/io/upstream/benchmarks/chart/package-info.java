// SPDX-License-Identifier: Apache-2.0
/** Draws the figures of the benchmarks as SVG, with nothing but text. Knows nothing of what is measured. */
@NullMarked
package io.upstream.benchmarks.chart;

import org.jspecify.annotations.NullMarked;
