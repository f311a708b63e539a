// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.upstream.frame.WriteBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The encoded sections of one message where they lie, in one frame or in several. One object for all messages of a link: good during the
 * call that it is passed to, and for nothing after that. Between messages it holds no buffer.
 */
public final class MessageBytes {
    private static final int FEW = 4;

    /** More are not kept for the next message. */
    private static final int MANY = 16;

    private static final @Nullable ByteBuf[] NO_BUFFERS = new @Nullable ByteBuf[0];
    private static final int[] NO_PLACES = {};

    /** What has come in all frames but the last, owned, and where it lies in them: begin and length of each. */
    private @Nullable ByteBuf[] buffers = NO_BUFFERS;

    private int[] places = NO_PLACES;
    private int count;

    /** The last frame, borrowed. */
    private @Nullable ByteBuf last;

    private int lastAt;
    private int lastLength;
    private int size;

    /**
     * Keeps a part that is not the last. A small one would hold fast a large buffer, of which the peer could make many: it is copied.
     * Borrows {@code in}.
     */
    void keep(ByteBuf in, int at, int length) {
        if (count == buffers.length) {
            int room = Math.max(FEW, count * 2);
            buffers = Arrays.copyOf(buffers, room);
            places = Arrays.copyOf(places, 2 * room);
        }
        boolean linked = length >= WriteBatch.LINK_FROM;
        buffers[count] = linked ? in.retain() : in.alloc().buffer(length).writeBytes(in, at, length);
        places[2 * count] = linked ? at : 0;
        places[2 * count + 1] = length;
        count++;
        size += length;
    }

    /** Shows the last part, borrowed until {@link #release}. */
    void show(ByteBuf in, int at, int length) {
        last = in;
        lastAt = at;
        lastLength = length;
        size += length;
    }

    /** Holds nothing any more. */
    void release() {
        for (int i = 0; i < count; i++) {
            ByteBuf buffer = buffers[i];
            buffers[i] = null;
            if (buffer != null) {
                buffer.release();
            }
        }
        if (buffers.length > MANY) {
            buffers = NO_BUFFERS;
            places = NO_PLACES;
        }
        count = 0;
        size = 0;
        last = null;
    }

    /** In bytes. */
    public int size() {
        return size;
    }

    /** A copy, which may be kept. */
    public byte[] copy() {
        byte[] bytes = new byte[size];
        int at = 0;
        for (int i = 0; i < count; i++) {
            ByteBuf buffer = buffers[i];
            int length = places[2 * i + 1];
            if (buffer != null) {
                buffer.getBytes(places[2 * i], bytes, at, length);
            }
            at += length;
        }
        if (last != null) {
            last.getBytes(lastAt, bytes, at, lastLength);
        }
        return bytes;
    }
}
