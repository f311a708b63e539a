// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

/**
 * What happens to each connection when one direction has carried so many bytes more: those that there are count from now on, later ones from
 * their beginning.
 *
 * @param bytes 0 for at once
 */
record Mark(Kind kind, long bytes) {
    enum Kind {
        /** Nothing happens. */
        NONE,
        CLOSE,
        RESET,
        /** The rest is held up until the relay is healed. */
        HOLD,
        /** One bit of the byte is turned. */
        FLIP
    }

    static Mark none() {
        return new Mark(Kind.NONE, 0);
    }
}
