// SPDX-License-Identifier: Apache-2.0
/**
 * A TCP relay on loopback that does to the bytes what networks do: delays, holes, cuts, resets, narrow lines, flipped bits. It stands in front
 * of any port, is told what to do while it runs, and knows nothing of the protocols that it carries, unless it is given the certificates to
 * look below TLS. Start reading at {@link io.upstream.emulator.relay.FaultRelay}.
 */
@NullMarked
package io.upstream.emulator.relay;

import org.jspecify.annotations.NullMarked;
