// SPDX-License-Identifier: Apache-2.0
/** The AMQP head against proton-j's engine as the client and against raw frames. {@code AmqpPeer} is the client of most tests. */
@NullMarked
package io.upstream.emulator.amqp;

import org.jspecify.annotations.NullMarked;
