// SPDX-License-Identifier: Apache-2.0
/**
 * The clients of the end-to-end comparison, each in a JVM of its own: Upstream, its peers, and the limit, which is a socket and nothing else.
 * They differ in one class each; the loop that sends, the window, the meters and the clock are the same for all. What all of them share
 * uses the JDK and HdrHistogram only, because a peer's class path has nothing of ours.
 */
@NullMarked
package io.upstream.benchmarks.client;

import org.jspecify.annotations.NullMarked;
