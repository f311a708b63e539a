// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a byte stream into whole frames. Frames that arrive whole are shown where they lie; one that arrives in pieces gets a buffer with
 * room for all of it once, into which the pieces are copied. Between frames it holds no buffer. Confined to one thread.
 *
 * @param <X> how the format complains of what no peer may send; after that nothing must be fed any more
 */
public final class FrameAccumulator<X extends Exception> {
    /** Enough for the header of any format here, until it has told the length. */
    private static final int HEADER_ROOM = 16;

    /** A larger buffer is not kept for the next frame, which may be a small one; getting one is little beside copying what it holds. */
    private static final int MAX_SPARE = 16_384;

    /** What a buffer has at least, so that the next small frame fits it too. */
    private static final int SMALL = 2_048;

    private final ByteBufAllocator allocator;
    private final Format<X> format;
    private @Nullable ByteBuf partial;

    /** The buffer of the frame that this feed completed, for the one that it cuts: in a stream of small frames there is one in most. */
    private @Nullable ByteBuf spare;

    /** How long the frame in {@link #partial} will be, or {@link Format#UNKNOWN}. */
    private int expected;

    private Life life = Life.CUTTING;

    private enum Life {
        CUTTING,
        DISCARDED
    }

    /**
     * What a stream is made of.
     *
     * @param <X> how it complains
     */
    public interface Format<X extends Exception> {
        /** The length cannot be told from so few bytes; never with {@value FrameAccumulator#HEADER_ROOM} or more. */
        int UNKNOWN = -1;

        /**
         * Looks at the header at the reader index, which stays. What is wrong with it is thrown here, before memory is spent on it.
         *
         * @return the length of the whole frame, header included; or {@link #UNKNOWN}
         */
        int frameLength(ByteBuf in) throws X;

        /**
         * Is shown a whole frame: it begins at the reader index, and what follows after {@code length} bytes is none of its business.
         * Borrows; may move the indices.
         */
        void frame(ByteBuf in, int length) throws X;

        /**
         * Shows itself whole frames one behind the other, without two calls for each, as long as {@link FrameAccumulator#isCutting()}.
         * It may stop before any frame: what it leaves is asked for by {@link #frameLength}. Borrows; the frames begin at the reader
         * index, which stays.
         *
         * @return how long they were together
         */
        default int run(ByteBuf in) throws X {
            return 0;
        }
    }

    /** Starts between frames. */
    public FrameAccumulator(ByteBufAllocator allocator, Format<X> format) {
        this.allocator = allocator;
        this.format = format;
    }

    /** Shows all frames that {@code in} completes. Takes it, whatever happens. */
    public void feed(ByteBuf in) throws X {
        try {
            complete(in);
            cut(in);
        } catch (Throwable e) {
            discard();
            throw e;
        } finally {
            in.release();
            dropSpare();
        }
    }

    /** Forgets what is incomplete; what is fed from now on is thrown away. May be called while a frame is shown. */
    public void discard() {
        life = Life.DISCARDED;
        drop();
    }

    /** Whether frames are shown: until it is told to discard them. */
    public boolean isCutting() {
        return life == Life.CUTTING;
    }

    private void dropSpare() {
        if (spare != null) {
            spare.release();
            spare = null;
        }
    }

    private void drop() {
        if (partial != null) {
            partial.release();
            partial = null;
        }
    }

    /** Shows the frames that lie in {@code in}, and keeps what is left. */
    private void cut(ByteBuf in) throws X {
        while (life == Life.CUTTING && in.isReadable()) {
            int run = format.run(in);
            int start = in.readerIndex() + run;
            int end = in.writerIndex();
            in.setIndex(start, end);
            if (start == end || life != Life.CUTTING) {
                return;
            }
            int length = format.frameLength(in);
            if (length == Format.UNKNOWN || length > end - start) {
                keep(in, length);
                return;
            }
            format.frame(in, length);
            in.setIndex(start + length, end);
        }
    }

    private void keep(ByteBuf in, int length) {
        int size = length == Format.UNKNOWN ? HEADER_ROOM : length;
        partial = buffer(size).writeBytes(in);
        expected = length;
    }

    /** Goes on with the frame that was cut, if there is one. */
    private void complete(ByteBuf in) throws X {
        while (partial != null && in.isReadable()) {
            ByteBuf frame = partial;
            if (expected == Format.UNKNOWN) {
                frame.writeByte(in.readByte());
                learnLength(frame);
            } else {
                frame.writeBytes(in, Math.min(expected - frame.writerIndex(), in.readableBytes()));
            }
            showIfWhole();
        }
    }

    private void learnLength(ByteBuf header) throws X {
        expected = format.frameLength(header);
        if (expected > header.capacity()) {
            partial = buffer(expected).writeBytes(header);
            header.release();
        }
    }

    private void showIfWhole() throws X {
        ByteBuf frame = partial;
        if (frame == null || frame.writerIndex() != expected) {
            return;
        }
        partial = null; // showing it may discard
        try {
            format.frame(frame, expected);
        } finally {
            setAside(frame);
        }
    }

    /** Whoever keeps a part of the frame holds the buffer: then it is no longer ours to write to. */
    private void setAside(ByteBuf frame) {
        if (frame.refCnt() == 1 && frame.capacity() <= MAX_SPARE && spare == null) {
            spare = frame;
        } else {
            frame.release();
        }
    }

    /** Empty, and with room for so many bytes. */
    private ByteBuf buffer(int size) {
        ByteBuf again = spare;
        if (again == null || again.capacity() < size) {
            return allocator.directBuffer(
                    size > MAX_SPARE ? size : Math.max(SMALL, Integer.highestOneBit(size - 1) << 1));
        }
        spare = null;
        return again.clear();
    }
}
