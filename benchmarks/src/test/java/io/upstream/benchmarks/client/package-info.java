// SPDX-License-Identifier: Apache-2.0
/** Tests of {@code io.upstream.benchmarks.client}. */
@NullMarked
package io.upstream.benchmarks.client;

import org.jspecify.annotations.NullMarked;
