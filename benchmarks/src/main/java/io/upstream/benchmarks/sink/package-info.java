// SPDX-License-Identifier: Apache-2.0
/**
 * The other end of the end-to-end comparison, in a process of its own: takes messages over MQTT 3.1.1 and AMQP 1.0, looks whether they are
 * intact and acknowledges them at once. Parses by hand and shares no code with Upstream's codecs. One thread, loopback only; it is no broker,
 * checks no credentials and keeps nothing.
 */
@NullMarked
package io.upstream.benchmarks.sink;

import org.jspecify.annotations.NullMarked;
