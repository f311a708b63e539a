// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

import io.netty.buffer.ByteBuf;

/** Finds frames in one direction of a byte stream, however that is cut. Borrows each buffer and leaves its indices. Confined to one thread. */
interface Scanner {
    /** Goes on with the readable bytes of {@code bytes}. */
    void scan(ByteBuf bytes);

    /** Where lines go. */
    @FunctionalInterface
    interface Sink {
        /**
         * One frame.
         *
         * @param text printable
         */
        void line(String text);
    }
}
