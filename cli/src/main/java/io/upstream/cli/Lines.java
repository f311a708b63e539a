// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into lines without looking at its encoding. A line ends with LF or CR LF, which are not part of it; the last one
 * may end with the stream. An empty line is a line. Confined to one thread.
 */
final class Lines {
    private static final int BUFFER = 64 << 10;

    private final InputStream in;
    private final int limit;
    private final byte[] buffer = new byte[BUFFER];
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int position;
    private int end;
    private long number;

    /** @param limit the most bytes that a line may have */
    Lines(InputStream in, int limit) {
        this.in = in;
        this.limit = limit;
    }

    /**
     * One line.
     *
     * @param number from 1
     * @param bytes null if there were more than the limit, which were read and dropped
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Line(long number, byte @Nullable [] bytes) {}

    /** The next line, or null at the end of the stream; blocks. */
    @Nullable
    Line next() throws IOException {
        line.reset();
        boolean any = false;
        boolean tooLong = false;
        while (fill()) {
            any = true;
            int feed = indexOfLineFeed();
            int stop = feed < 0 ? end : feed;
            // one more than the limit: the last byte may be the CR of the line's end
            if (tooLong || (long) line.size() + (stop - position) > limit + 1L) {
                tooLong = true;
                line.reset();
            } else {
                line.write(buffer, position, stop - position);
            }
            position = stop;
            if (feed >= 0) {
                position++;
                return cut(tooLong, true);
            }
        }
        return any ? cut(tooLong, false) : null;
    }

    private boolean fill() throws IOException {
        if (position < end) {
            return true;
        }
        position = 0;
        end = Math.max(0, in.read(buffer));
        return end > 0;
    }

    private int indexOfLineFeed() {
        for (int i = position; i < end; i++) {
            if (buffer[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private Line cut(boolean tooLong, boolean fed) {
        number++;
        if (tooLong) {
            return new Line(number, null);
        }
        byte[] bytes = line.toByteArray();
        if (fed && bytes.length > 0 && bytes[bytes.length - 1] == '\r') {
            bytes = java.util.Arrays.copyOf(bytes, bytes.length - 1);
        }
        return new Line(number, bytes.length > limit ? null : bytes);
    }
}
