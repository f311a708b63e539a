// SPDX-License-Identifier: Apache-2.0
/**
 * Frames on the way to and from a byte stream, without a copy or an object that is not needed: {@link io.upstream.frame.WriteBatch} collects
 * what one turn of the event loop has to say, {@link io.upstream.frame.FrameAccumulator} cuts what arrives. Both know no protocol, hold a
 * buffer only while there is something in it, and are confined to one event loop. {@link io.upstream.frame.FlatProperties} finds out which
 * messages have the same properties, so that those are encoded once, and
 * {@link io.upstream.frame.SmallMap} holds those of a message that was received.
 */
@NullMarked
package io.upstream.frame;

import org.jspecify.annotations.NullMarked;
