// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.Telemetry;
import io.upstream.testing.AllocationMeter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteBatchTest {
    private final List<ByteBuf> wire = new ArrayList<>();
    private final WriteBatch batch = new WriteBatch(PooledByteBufAllocator.DEFAULT, wire::add);

    @AfterEach
    void release() {
        batch.discard();
        wire.forEach(ByteBuf::release);
    }

    private List<Integer> sizes() {
        return wire.stream().map(ByteBuf::readableBytes).toList();
    }

    @Test
    void collectsWhatFitsIntoOneRecord() {
        for (int i = 0; i < 16; i++) {
            batch.room(1_024).writeZero(1_024);
        }
        assertEquals(List.of(), sizes());

        assertTrue(batch.handOver());
        assertEquals(List.of(WriteBatch.RECORD), sizes());
    }

    @Test
    void handsAFullBufferOverWhenMoreIsToBeWritten() {
        batch.room(16_000).writeZero(16_000);
        batch.room(1_000).writeZero(1_000);
        batch.handOver();

        assertEquals(List.of(16_000, 1_000), sizes());
    }

    @Test
    void lendsABufferOfItsOwnSizeToALongFrame() {
        ByteBuf out = batch.room(70_000);
        assertEquals(70_000, out.writableBytes());
        out.writeZero(70_000);
        batch.room(1).writeByte(1);
        batch.handOver();

        assertEquals(List.of(70_000, 1), sizes());
    }

    @Test
    void copiesASmallPayloadBehindItsHead() {
        byte[] payload = {1, 2, 3};
        batch.room(1).writeByte(0);
        batch.payload(Telemetry.of(payload));
        payload[0] = 9; // too late to matter
        batch.handOver();

        assertEquals(Unpooled.wrappedBuffer(new byte[] {0, 1, 2, 3}), wire.get(0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void linksALargePayloadInItsPlace(boolean direct) {
        int size = WriteBatch.LINK_FROM;
        ByteBuffer payload = direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
        batch.room(1).writeByte(1);
        batch.payload(Telemetry.of(payload));
        batch.room(1).writeByte(2);
        payload.put(0, (byte) 7); // not copied: it shows
        batch.handOver();

        assertEquals(List.of(1, size, 1), sizes());
        assertEquals(7, wire.get(1).getByte(0));
    }

    @Test
    void writesTheHeadsOfLinkedPayloadsIntoOneBuffer() {
        ByteBuf out = batch.room(1);
        for (int i = 0; i < 3; i++) {
            assertSame(out, batch.room(1).writeByte(i));
            batch.payload(Telemetry.of(new byte[WriteBatch.LINK_FROM]));
        }
        assertFalse(batch.handOver());
        assertEquals(List.of(1, WriteBatch.LINK_FROM, 1, WriteBatch.LINK_FROM, 1, WriteBatch.LINK_FROM), sizes());
        assertEquals(2, wire.get(4).getByte(0));
        assertEquals(3, out.refCnt(), "held by what lies in it, and no longer by the batch");
    }

    @Test
    void takesAnotherBufferWhenHeadsHaveFilledOne() {
        batch.room(WriteBatch.RECORD).writeZero(WriteBatch.RECORD - 1);
        batch.payload(Telemetry.of(new byte[WriteBatch.LINK_FROM]));
        batch.room(2).writeShort(7);
        batch.handOver();

        assertEquals(List.of(WriteBatch.RECORD - 1, WriteBatch.LINK_FROM, 2), sizes());
    }

    @Test
    void keepsAnEmptyPayloadEmpty() {
        batch.payload(Telemetry.of(new byte[0]));
        assertFalse(batch.handOver());
    }

    @Test
    void takesBackWhatIsNotToBeWritten() {
        ByteBuf out = batch.room(10);
        out.writeByte(1).writerIndex(0);
        assertFalse(batch.handOver());
        assertEquals(0, out.refCnt(), "an empty batch holds no buffer");
    }

    @Test
    void forgetsWhatIsDiscarded() {
        ByteBuf out = batch.room(10).writeByte(1);
        batch.discard();
        batch.discard();

        assertEquals(0, out.refCnt());
        assertFalse(batch.handOver());
    }

    @Test
    void lendsTheSameBufferWhileThereIsRoom() {
        ByteBuf out = batch.room(10);
        assertSame(out, batch.room(WriteBatch.RECORD));
    }

    @Test
    void allocatesNothingForSmallMessages() {
        Telemetry message = Telemetry.of(new byte[1_024]);
        WriteBatch released = new WriteBatch(PooledByteBufAllocator.DEFAULT, ByteBuf::release);
        double bytes = AllocationMeter.bytesPerOperation(5_000, () -> {
            released.room(64).writeLong(1);
            released.payload(message);
        });
        AllocationMeter.bytesPerOperation(1, released::handOver);

        assertTrue(bytes < 16, bytes + " bytes per message"); // a record's buffer, shared by fifteen, is recycled
    }
}
