// SPDX-License-Identifier: Apache-2.0
/**
 * What both ends of the end-to-end comparison agree on: the ways to the sink and the content of a payload. Uses nothing but the JDK, so
 * that a peer's JVM needs no library of ours.
 */
@NullMarked
package io.upstream.benchmarks.load;

import org.jspecify.annotations.NullMarked;
