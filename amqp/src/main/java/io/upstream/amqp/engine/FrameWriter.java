// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.upstream.Telemetry;
import io.upstream.frame.WriteBatch;
import org.jspecify.annotations.Nullable;

/** The frames of which there are many, written straight into the batch (AMQP 1.0 sections 2.3 and 2.7). */
final class FrameWriter {
    /** What every peer takes (section 2.7.1). */
    static final int MIN_MAX_FRAME_SIZE = 512;

    /** The header of a frame and the transfer in front of its payload. */
    static final int TRANSFER_HEAD = 29;

    /** The same for a batch, whose message format is not the usual one. */
    static final int BATCH_HEAD = TRANSFER_HEAD + 4;

    /** The same for all frames of a delivery but the first. */
    static final int CONTINUATION_HEAD = 21;

    /** The most that comes before the bytes of a data section. */
    static final int DATA_HEAD = 8;

    private static final int SMALL_DATA_HEAD = 5;
    private static final int SMALL = 0xff;
    private static final int HEADER = 8;
    private static final int FLOW_ROOM = 64;
    private static final int DISPOSITION_ROOM = 32;

    private final WriteBatch batch;
    private int maxFrameSize = MIN_MAX_FRAME_SIZE;
    private long written;

    FrameWriter(WriteBatch batch) {
        this.batch = batch;
    }

    WriteBatch batch() {
        return batch;
    }

    /** The longest frame that the peer takes. */
    int maxFrameSize() {
        return maxFrameSize;
    }

    void setMaxFrameSize(int size) {
        maxFrameSize = size;
    }

    /** How many frames and protocol headers were written so far. */
    long written() {
        return written;
    }

    /** A protocol header (section 2.2). */
    void protocolHeader(long header) {
        batch.room(Long.BYTES).writeLong(header);
        written++;
    }

    /** An empty frame: we are still there. */
    void empty() {
        begin(HEADER, HEADER, 0);
    }

    private ByteBuf begin(int room, int frameSize, int channel) {
        written++;
        return batch.room(room).writeLong((long) frameSize << 32 | 0x0200_0000 | channel);
    }

    /**
     * The only or first transfer of a delivery, unsettled, tagged with its id, up to its payload.
     *
     * @param room how many bytes of payload are about to be written into the buffer
     * @param payload how many bytes of payload the frame has
     */
    ByteBuf transfer(int room, int payload, int channel, int handle, int deliveryId, boolean more) {
        int head = TRANSFER_HEAD + (more ? 1 : 0);
        ByteBuf out = begin(head + room, head + payload, channel);
        // 0x00 0x53 0x14 descriptor, 0xc0 list of 5 fields (6 with "more"), handle
        out.writeLong((more ? 0x00_53_14_c0_11_06_52_00L : 0x00_53_14_c0_10_05_52_00L) | handle);
        // 0x70 delivery id, 0xa0 0x04 delivery tag: the same four bytes, 0x43 message format 0, not settled
        out.writeLong(0x70L << 56 | (deliveryId & 0xffff_ffffL) << 24 | 0xa0_04_00 | deliveryId >>> 24);
        out.writeInt(deliveryId << 8 | 0x43);
        AmqpWriter.bool(out, false);
        if (more) {
            AmqpWriter.bool(out, true);
        }
        return out;
    }

    /** As {@link #transfer}, in {@link EngineSender#BATCH_FORMAT}. */
    ByteBuf batchTransfer(int room, int payload, int channel, int handle, int deliveryId, boolean more) {
        int head = BATCH_HEAD + (more ? 1 : 0);
        ByteBuf out = begin(head + room, head + payload, channel);
        out.writeLong((more ? 0x00_53_14_c0_15_06_52_00L : 0x00_53_14_c0_14_05_52_00L) | handle);
        out.writeLong(0x70L << 56 | (deliveryId & 0xffff_ffffL) << 24 | 0xa0_04_00 | deliveryId >>> 24);
        out.writeInt(deliveryId << 8 | 0x70).writeInt(EngineSender.BATCH_FORMAT);
        AmqpWriter.bool(out, false);
        if (more) {
            AmqpWriter.bool(out, true);
        }
        return out;
    }

    /**
     * A message that fits one frame.
     *
     * @param size of the message
     * @param sections all that comes before the data section
     * @param data whose payload becomes the data section; null for none
     */
    void message(int channel, int handle, int deliveryId, int size, byte[] sections, @Nullable Telemetry data) {
        boolean linked = data != null && data.size() >= WriteBatch.LINK_FROM;
        ByteBuf out = transfer(linked ? sections.length + DATA_HEAD : size, size, channel, handle, deliveryId, false);
        out.writeBytes(sections);
        if (data != null) {
            dataHead(out, data.size());
            batch.payload(data);
        }
    }

    static int dataHeadLength(int length) {
        return length <= SMALL ? SMALL_DATA_HEAD : DATA_HEAD;
    }

    /** What comes before the bytes of a data section (section 3.2.6): descriptor, and the type and length of a binary. */
    private static void dataHead(ByteBuf out, int length) {
        if (length <= SMALL) {
            out.writeInt(0x00_53_75_a0).writeByte(length);
        } else {
            out.writeLong(dataHead(length));
        }
    }

    /** The same, the first byte in the highest bits. */
    static long dataHead(int length) {
        return length <= SMALL ? 0x00_53_75_a0L << 32 | (long) length << 24 : 0x00_53_75_b0L << 32 | length;
    }

    /** A further transfer of a delivery, up to its payload. */
    ByteBuf continuation(int room, int payload, int channel, int handle, boolean more) {
        ByteBuf out = begin(CONTINUATION_HEAD + room, CONTINUATION_HEAD + payload, channel);
        out.writeLong(0x00_53_14_c0_08_06_52_00L | handle);
        out.writeInt(0x40_40_40_42); // delivery id and tag and message format left out, not settled
        AmqpWriter.bool(out, more);
        return out;
    }

    /** Settles all from {@code first} to {@code last}. */
    void disposition(int channel, boolean asReceiver, int first, int last, Outcome outcome) {
        ByteBuf out = begin(DISPOSITION_ROOM, 0, channel);
        int start = out.writerIndex() - HEADER;
        out.writeInt(0x00_53_15_c0);
        int list = out.writerIndex();
        out.writeShort(5);
        AmqpWriter.bool(out, asReceiver);
        AmqpWriter.uint(out, first);
        if (last == first) {
            out.writeByte(AmqpWriter.NULL);
        } else {
            AmqpWriter.uint(out, last);
        }
        AmqpWriter.bool(out, true); // settled
        if (outcome == Outcome.UNKNOWN) {
            out.writeByte(AmqpWriter.NULL);
        } else {
            out.writeInt(0x00_53_00_45 | outcome.code << 8); // a list without fields
        }
        finish(out, start, list);
    }

    /**
     * The state of a session's windows, and of a link if {@code link} is not null.
     *
     * @param answer whether it answers a drain
     */
    void flow(EngineSession session, boolean answer, @Nullable EngineLink link) {
        ByteBuf out = begin(FLOW_ROOM, 0, session.channel());
        int start = out.writerIndex() - HEADER;
        out.writeInt(0x00_53_13_c0);
        int list = out.writerIndex();
        out.writeShort(link == null ? 4 : 9);
        if (session.hasBegun()) {
            AmqpWriter.uint(out, session.windows().nextIncomingId());
        } else {
            out.writeByte(AmqpWriter.NULL);
        }
        AmqpWriter.uint(out, session.windows().incoming());
        AmqpWriter.uint(out, session.windows().nextOutgoingId());
        AmqpWriter.uint(out, Windows.OUTGOING);
        if (link != null) {
            AmqpWriter.uint(out, link.handle());
            if (link.knowsDeliveryCount()) {
                AmqpWriter.uint(out, link.deliveryCount());
            } else {
                out.writeByte(AmqpWriter.NULL);
            }
            AmqpWriter.uint(out, link.linkCredit());
            AmqpWriter.uint(out, 0); // available
            AmqpWriter.bool(out, answer);
        }
        finish(out, start, list);
    }

    private static void finish(ByteBuf out, int start, int list) {
        out.setInt(start, out.writerIndex() - start);
        out.setByte(list, out.writerIndex() - list - 1);
    }

    /** Begins a frame of which there are few. Its size is set by {@link #finishCold}. */
    ByteBuf beginCold(int room, int type, int channel) {
        ByteBuf out = begin(room, 0, channel);
        out.setByte(out.writerIndex() - 3, type);
        return out;
    }

    /** Gives the size of the frame that begins at {@code start}. */
    static int finishCold(ByteBuf out, int start) {
        int size = out.writerIndex() - start;
        out.setInt(start, size);
        return size;
    }
}
