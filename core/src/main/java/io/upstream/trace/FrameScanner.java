// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

import io.netty.buffer.ByteBuf;

/**
 * Cuts a stream into frames that have a header of some length and tell the length of their body. Keeps the header and the first bytes of the
 * body, as many as the subclass wants to see, and skips the rest.
 */
abstract class FrameScanner implements Scanner {
    private final byte[] head;
    private final int beginning;
    private int filled;
    private long toSkip;
    private State state = State.HEAD;

    /** Of the body, how many are still to be kept. */
    private int wanted;

    private int headLength;
    private long bodyLength;

    private enum State {
        HEAD,
        BODY,
        /** This is no protocol that can be followed any further. */
        LOST
    }

    /** What {@link #headLength} gives while it cannot tell. */
    static final int MORE = 0;

    /** Likewise, when it never will. */
    static final int NONSENSE = -1;

    /**
     * Begins with a header.
     *
     * @param most that a header may take
     * @param beginning how many bytes of the body are kept at most
     */
    FrameScanner(int most, int beginning) {
        head = new byte[most + beginning];
        this.beginning = beginning;
    }

    /** How long the header is, of which {@code filled} bytes are there; {@link #MORE} or {@link #NONSENSE}. */
    abstract int headLength(byte[] head, int filled);

    /** How long the body is, of which {@code head} has the header. */
    abstract long bodyLength(byte[] head, int headLength);

    /** A frame: header and the beginning of its body, {@code kept} bytes of that. */
    abstract void frame(byte[] head, int headLength, int kept, long bodyLength);

    @Override
    public final void scan(ByteBuf bytes) {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        while (at < end && state != State.LOST) {
            if (toSkip > 0) {
                int skipped = (int) Math.min(toSkip, end - at);
                toSkip -= skipped;
                at += skipped;
            } else {
                head[filled++] = bytes.getByte(at++);
                take();
            }
        }
    }

    private void take() {
        if (state == State.HEAD) {
            headLength = headLength(head, filled);
            if (headLength == NONSENSE || (headLength == MORE && filled == head.length - beginning)) {
                state = State.LOST;
                return;
            }
            if (headLength == MORE) {
                return;
            }
            bodyLength = bodyLength(head, headLength);
            if (bodyLength < 0) {
                state = State.LOST;
                return;
            }
            wanted = (int) Math.min(beginning, bodyLength);
            state = State.BODY;
        } else {
            wanted--;
        }
        if (wanted == 0) {
            int kept = filled - headLength;
            toSkip = bodyLength - kept;
            filled = 0;
            state = State.HEAD;
            frame(head, headLength, kept, bodyLength);
        }
    }

    static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xFF;
    }

    static int u16(byte[] bytes, int at) {
        return u8(bytes, at) << 8 | u8(bytes, at + 1);
    }

    static long u32(byte[] bytes, int at) {
        return (long) u16(bytes, at) << 16 | u16(bytes, at + 2);
    }
}
