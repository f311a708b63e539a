// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.time.Duration;

/**
 * How much patience one tunnel is worth, within the deadline of the attempt.
 *
 * @param exchange from a CONNECT to the end of the answer's head; a proxy that resolves and connects first is often slow
 * @param authentication for whoever makes an answer to a 407
 * @param drain for the rest of a 407 whose connection is to be used again
 * @param drainBytes likewise
 */
record TunnelLimits(Duration exchange, Duration authentication, Duration drain, int drainBytes) {
    static final TunnelLimits DEFAULT =
            new TunnelLimits(Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(5), 64 << 10);
}
