// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** A link on which the sink receives: its credit, and the begun delivery when one comes in several transfers. */
final class AmqpLink {
    /** Far above any window, so that no sender ever waits for it. */
    static final int CREDIT = 10_000;

    private final int handle;
    private final boolean cbs;
    private int credit;
    private long deliveryCount;
    private long partId;
    private @Nullable ByteBuf part;

    AmqpLink(int handle, boolean cbs, long deliveryCount) {
        this.handle = handle;
        this.cbs = cbs;
        this.deliveryCount = deliveryCount;
    }

    boolean isCbs() {
        return cbs;
    }

    boolean hasPart() {
        return part != null && part.isReadable();
    }

    /** Keeps a part of a delivery; gives the delivery's id, which only its first transfer needs to carry. */
    long part(ByteBuf in, int from, int end, long deliveryId) {
        if (part == null) {
            part = Unpooled.directBuffer(4_096);
        }
        if (!part.isReadable()) {
            partId = deliveryId;
        }
        part.writeBytes(in, from, end - from);
        return partId;
    }

    /** The delivery that was kept, from index 0. */
    ByteBuf whole() {
        return part == null ? Unpooled.EMPTY_BUFFER : part;
    }

    void clearPart() {
        if (part != null) {
            part.clear();
        }
    }

    /** Counts a delivery and gives new credit when half is used. */
    void delivered(ByteBuf answers, int channel, long nextIncoming) {
        deliveryCount++;
        if (--credit < CREDIT / 2) {
            grant(answers, channel, nextIncoming);
        }
    }

    /** Writes a flow that sets the credit to {@link #CREDIT}. */
    void grant(ByteBuf answers, int channel, long nextIncoming) {
        credit = CREDIT;
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, channel);
        int list = AmqpWriter.beginList(answers, 0x13, 7);
        AmqpWriter.uint(answers, nextIncoming);
        AmqpWriter.uint(answers, AmqpSession.WINDOW);
        AmqpWriter.uint(answers, 1);
        AmqpWriter.uint(answers, AmqpSession.WINDOW);
        AmqpWriter.uint(answers, handle);
        AmqpWriter.uint(answers, deliveryCount);
        AmqpWriter.uint(answers, CREDIT);
        AmqpWriter.endList(answers, list);
        AmqpWriter.endFrame(answers, frame);
    }

    void release() {
        if (part != null) {
            part.release();
            part = null;
        }
    }
}
