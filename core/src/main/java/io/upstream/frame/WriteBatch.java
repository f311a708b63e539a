// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.Telemetry;
import io.upstream.spi.PayloadBorrower;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Collects outgoing frames in as few buffers as possible: heads and small payloads one behind the other in a pooled buffer of the size of a
 * TLS record, large payloads as buffers of their own, not copied. Empty, it holds no buffer. Confined to the event loop.
 */
public final class WriteBatch {
    /** What one TLS record holds (RFC 8446 §5.1), and so what is encrypted and written in one piece. */
    public static final int RECORD = 16_384;

    /** From this size on a payload is linked: below, copying it is cheaper than another buffer on the way through TLS. */
    public static final int LINK_FROM = 8_192;

    /** The payload as a buffer, without a copy and without a view that only guards it: nobody behind this changes what it is given. */
    private static final PayloadBorrower<ByteBuf> WRAP = new PayloadBorrower<>() {
        @Override
        public ByteBuf array(byte[] array, int offset, int length) {
            return Unpooled.wrappedBuffer(array, offset, length);
        }

        @Override
        public ByteBuf buffer(ByteBuffer payload) {
            return Unpooled.wrappedBuffer(payload);
        }
    };

    private final ByteBufAllocator allocator;
    private final Consumer<ByteBuf> wire;
    private @Nullable ByteBuf open;

    /**
     * Starts empty.
     *
     * @param wire takes each finished buffer, in order
     */
    public WriteBatch(ByteBufAllocator allocator, Consumer<ByteBuf> wire) {
        this.allocator = allocator;
        this.wire = wire;
    }

    /**
     * Lends the open buffer to be written to at its writer index, until the next call. What must not be written after all is taken back
     * by setting the writer index.
     *
     * @param atLeast how many bytes it has room for; with more than {@link #RECORD} it has exactly that
     */
    public ByteBuf room(int atLeast) {
        ByteBuf out = open;
        if (out != null) {
            if (out.capacity() - out.writerIndex() >= atLeast) {
                return out;
            }
            handOver();
        }
        int size = Math.max(RECORD, atLeast);
        out = allocator.directBuffer(size, size);
        open = out;
        return out;
    }

    /** Adds a payload behind what was written: copied if small, else borrowed until the bytes are through TLS, within the same flush. */
    public void payload(Telemetry message) {
        int size = message.size();
        if (size >= LINK_FROM) {
            link(wrap(message));
        } else if (size > 0) {
            ByteBuf out = room(size);
            int at = out.writerIndex();
            message.writeTo(out.internalNioBuffer(at, size));
            out.writerIndex(at + size);
        }
    }

    /** Gives the payload where it lies, to be read only. */
    public static ByteBuf wrap(Telemetry message) {
        return message.lend(WRAP);
    }

    /** Adds a buffer as it is, behind what was written; what comes after it goes on in the open buffer. Takes it. */
    public void link(ByteBuf whole) {
        ByteBuf before = open;
        if (before != null && before.isReadable()) {
            wire.accept(before.readRetainedSlice(before.readableBytes())); // half the price of another buffer
        }
        wire.accept(whole);
    }

    /**
     * Gives what is collected to the wire: at the end of each turn of the event loop, before the flush.
     *
     * @return whether there was anything
     */
    public boolean handOver() {
        ByteBuf done = open;
        if (done == null) {
            return false;
        }
        open = null;
        if (!done.isReadable()) {
            done.release();
            return false;
        }
        wire.accept(done);
        return true;
    }

    /** Forgets what is collected; for the end of a connection. */
    public void discard() {
        if (open != null) {
            open.release();
            open = null;
        }
    }
}
