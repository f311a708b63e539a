// SPDX-License-Identifier: Apache-2.0
/**
 * Shows what goes over one connection, frame by frame: kinds, numbers, flags and sizes; never a payload, a topic, a name that the peer gives or
 * anything that proves who somebody is. {@link io.upstream.trace.WireTrace} puts handlers between the layers, only while the logger {@code
 * io.upstream.wire} is at TRACE when the connection is attempted.
 */
@NullMarked
package io.upstream.trace;

import org.jspecify.annotations.NullMarked;
