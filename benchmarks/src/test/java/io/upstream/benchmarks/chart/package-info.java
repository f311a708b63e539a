// SPDX-License-Identifier: Apache-2.0
/** Tests of {@code io.upstream.benchmarks.chart}. */
@NullMarked
package io.upstream.benchmarks.chart;

import org.jspecify.annotations.NullMarked;
