// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The payload within one read from the wire, on its way up. Small pieces are moved together over the headers between them, so that a
 * read with many small frames goes up as one buffer, and the last run is the buffer of the read itself: no slice is made. Confined to
 * one thread.
 */
final class PayloadRun {
    /** Where moving the bytes costs as much as a slice and another walk through the pipeline. */
    static final int MOVED_BYTES = 1_024;

    private @Nullable ByteBuf read;
    private boolean movable;
    private int start;
    private int end;

    /** Takes {@code in}. Bytes are moved only in a buffer that nobody else holds. */
    void begin(ByteBuf in) {
        read = in;
        movable = in.refCnt() == 1 && !in.isReadOnly();
        start = 0;
        end = 0;
    }

    boolean isEmpty() {
        return start == end;
    }

    /** Whether the next {@code count} bytes go up together with those before. */
    boolean accepts(int count) {
        return isEmpty() || (movable && count <= MOVED_BYTES);
    }

    /** Adds the {@code count} bytes at the reader index, which moves behind them; only if the run {@link #accepts} them. */
    void add(int count) {
        ByteBuf in = Objects.requireNonNull(read);
        int at = in.readerIndex();
        in.skipBytes(count);
        if (isEmpty()) {
            start = at;
            end = at;
        } else {
            in.setBytes(end, in, at, count);
        }
        end += count;
    }

    /** Gives a slice of what was added since the last one; more may follow. */
    ByteBuf slice() {
        ByteBuf slice = Objects.requireNonNull(read).retainedSlice(start, end - start);
        start = end;
        return slice;
    }

    /** Gives the buffer of the read, with what was added since the last slice; nothing may follow. */
    ByteBuf last() {
        ByteBuf in = Objects.requireNonNull(read).setIndex(start, end);
        read = null;
        start = end;
        return in;
    }

    /** Releases the buffer of the read, unless it was given. */
    void end() {
        if (read != null) {
            read.release();
            read = null;
        }
    }
}
