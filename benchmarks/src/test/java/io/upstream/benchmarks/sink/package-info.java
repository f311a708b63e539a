// SPDX-License-Identifier: Apache-2.0
/** Tests of {@code io.upstream.benchmarks.sink}. */
@NullMarked
package io.upstream.benchmarks.sink;

import org.jspecify.annotations.NullMarked;
