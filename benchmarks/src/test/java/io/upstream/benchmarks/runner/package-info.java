// SPDX-License-Identifier: Apache-2.0
/** Tests of {@code io.upstream.benchmarks.runner}. */
@NullMarked
package io.upstream.benchmarks.runner;

import org.jspecify.annotations.NullMarked;
