// SPDX-License-Identifier: Apache-2.0
/**
 * What the codec benchmarks share: how they are run, where what they write goes, and how their figures become a table. The benchmarks of
 * what a module keeps to itself lie in that module's package; those that need nothing of ours lie here.
 */
@NullMarked
package io.upstream.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
