// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

/** Which way bytes go. */
public enum Direction {
    /** From whoever has connected to the relay's target. */
    UP,
    /** From the target to whoever has connected. */
    DOWN
}
