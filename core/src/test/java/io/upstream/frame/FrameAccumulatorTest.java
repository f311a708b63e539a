// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.testing.AllocationMeter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** With a format of two octets of length, itself counted, and a body. */
class FrameAccumulatorTest {
    private static final int LIMIT = 1_000;

    private final List<Integer> shown = new ArrayList<>();
    private Runnable onFrame = () -> {};
    private final FrameAccumulator<Wrong> accumulator =
            new FrameAccumulator<>(PooledByteBufAllocator.DEFAULT, new FrameAccumulator.Format<>() {
                @Override
                public int frameLength(ByteBuf in) throws Wrong {
                    if (in.readableBytes() < 2) {
                        return UNKNOWN;
                    }
                    int length = in.getUnsignedShort(in.readerIndex());
                    if (length < 2 || length > LIMIT) {
                        throw new Wrong();
                    }
                    return length;
                }

                @Override
                public void frame(ByteBuf in, int length) {
                    byte[] bytes = new byte[length];
                    in.readBytes(bytes);
                    assertArrayEquals(bytes(length), bytes);
                    shown.add(length);
                    onFrame.run();
                }
            });

    private static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        bytes[0] = (byte) (length >> 8);
        bytes[1] = (byte) length;
        for (int i = 2; i < length; i++) {
            bytes[i] = (byte) (length + i);
        }
        return bytes;
    }

    /** In few writes: the leak detector of the tests notes each. */
    private static ByteBuf frames(int... lengths) {
        ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer();
        for (int length : lengths) {
            out.writeBytes(bytes(length));
        }
        return out;
    }

    private static ByteBuf copy(ByteBuf of, int from, int to) {
        return PooledByteBufAllocator.DEFAULT
                .directBuffer(Math.max(1, to - from))
                .writeBytes(of, from, to - from);
    }

    @Test
    void showsTheSameFramesWhereverTheStreamIsCut() throws Exception {
        ByteBuf stream = frames(2, 3, 20, 2, 17, 16, 1_000, 5);
        for (int first = 0; first <= 70; first++) {
            for (int second = first; second <= 70; second++) {
                shown.clear();
                accumulator.feed(copy(stream, 0, first));
                accumulator.feed(copy(stream, first, second));
                accumulator.feed(copy(stream, second, stream.writerIndex()));
                assertEquals(List.of(2, 3, 20, 2, 17, 16, 1_000, 5), shown);
            }
        }
        stream.release();
    }

    @Test
    void showsTheSameFramesInSegmentsOfAnyLength() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        List<Integer> sent = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            int length = random.nextInt(2, LIMIT + 1);
            sent.add(length);
            ByteBuf frame = frames(length);
            while (frame.isReadable()) {
                accumulator.feed(frame.readRetainedSlice(random.nextInt(frame.readableBytes()) + 1));
            }
            frame.release();
        }
        assertEquals(sent, shown);
    }

    @Test
    void complainsBeforeItKeepsAnything() {
        assertThrows(Wrong.class, () -> accumulator.feed(Unpooled.buffer().writeShort(LIMIT + 1)));
    }

    @Test
    void throwsAwayWhatFollowsAComplaint() throws Exception {
        ByteBuf wrong = frames(4).writeShort(1).writeBytes(new byte[10]);
        assertThrows(Wrong.class, () -> accumulator.feed(wrong));
        accumulator.feed(frames(4));

        assertEquals(List.of(4), shown);
        assertEquals(0, wrong.refCnt());
    }

    @Test
    void complainsOfAHeaderThatCameInPieces() throws Exception {
        accumulator.feed(Unpooled.buffer().writeByte(0));
        assertThrows(Wrong.class, () -> accumulator.feed(Unpooled.buffer().writeByte(1)));
    }

    @Test
    void showsNothingMoreOnceAFrameHadItDiscard() throws Exception {
        onFrame = accumulator::discard;
        accumulator.feed(frames(5, 6, 7));
        accumulator.feed(frames(8));

        assertEquals(List.of(5), shown);
    }

    @Test
    void mayBeDiscardedByTheFrameThatCameInPieces() throws Exception {
        ByteBuf stream = frames(50, 6);
        accumulator.feed(stream.readRetainedSlice(10));
        onFrame = accumulator::discard;
        accumulator.feed(stream);

        assertEquals(List.of(50), shown);
    }

    @Test
    void holdsNoBufferOnceItIsDiscarded() throws Exception {
        ByteBuf stream = frames(500);
        accumulator.feed(stream.readRetainedSlice(100));
        accumulator.discard();
        accumulator.feed(stream);

        assertEquals(List.of(), shown);
    }

    /** Each part but the last ends within a frame. */
    private static List<ByteBuf> parts(ByteBuf stream, int length) {
        List<ByteBuf> parts = new ArrayList<>();
        while (stream.isReadable()) {
            parts.add(stream.readRetainedSlice(Math.min(length, stream.readableBytes())));
        }
        stream.release();
        return parts;
    }

    private static FrameAccumulator<RuntimeException> accumulator(Consumer<ByteBuf> frames) {
        return new FrameAccumulator<>(PooledByteBufAllocator.DEFAULT, new FrameAccumulator.Format<>() {
            @Override
            public int frameLength(ByteBuf in) {
                return in.readableBytes() < 2 ? UNKNOWN : in.getUnsignedShort(in.readerIndex());
            }

            @Override
            public void frame(ByteBuf in, int length) {
                frames.accept(in);
            }
        });
    }

    @Test
    void takesOneBufferForAllFramesThatAreCut() {
        List<ByteBuf> buffers = new ArrayList<>();
        FrameAccumulator<RuntimeException> collecting = accumulator(buffers::add);
        List<ByteBuf> parts = parts(frames(100, 300, 200, 100), 150); // in the order cut, whole: 100 | 300 | 200 | 100
        parts.forEach(collecting::feed);

        assertSame(buffers.get(1), buffers.get(2));
        assertEquals(0, buffers.get(1).refCnt(), "between frames it holds no buffer");
    }

    @Test
    void doesNotWriteToAFrameThatIsKept() {
        List<ByteBuf> kept = new ArrayList<>();
        FrameAccumulator<RuntimeException> keeping =
                accumulator(in -> kept.add(in.retainedSlice(in.readerIndex(), in.getUnsignedShort(in.readerIndex()))));
        parts(frames(100, 300, 200, 100), 150).forEach(keeping::feed);

        ByteBuf expected = frames(100, 300, 200, 100);
        for (ByteBuf frame : kept) {
            assertEquals(expected.readSlice(frame.readableBytes()), frame);
            frame.release();
        }
        assertFalse(expected.isReadable());
        expected.release();
    }

    @Test
    void goesOnWhereARunOfFramesEnds() {
        List<String> seen = new ArrayList<>();
        FrameAccumulator<RuntimeException> running =
                new FrameAccumulator<>(PooledByteBufAllocator.DEFAULT, new FrameAccumulator.Format<>() {
                    @Override
                    public int run(ByteBuf in) {
                        int end = in.readerIndex();
                        while (in.writerIndex() - end >= 2 && in.getUnsignedShort(end) == 2) {
                            end += 2;
                        }
                        seen.add("run of " + (end - in.readerIndex()) / 2);
                        return end - in.readerIndex();
                    }

                    @Override
                    public int frameLength(ByteBuf in) {
                        return in.readableBytes() < 2 ? UNKNOWN : in.getUnsignedShort(in.readerIndex());
                    }

                    @Override
                    public void frame(ByteBuf in, int length) {
                        seen.add("frame of " + length);
                    }
                });
        running.feed(frames(2, 2, 7, 2, 2, 2));

        assertEquals(List.of("run of 2", "frame of 7", "run of 3"), seen);
    }

    @Test
    void allocatesNothingForWholeFrames() {
        ByteBuf frames = frames(20, 20, 20, 20);
        ByteBuf stream = Unpooled.copiedBuffer(frames); // on the heap, where no leak is looked for
        frames.release();
        int[] count = new int[1];
        FrameAccumulator<RuntimeException> counting =
                new FrameAccumulator<>(PooledByteBufAllocator.DEFAULT, new FrameAccumulator.Format<>() {
                    @Override
                    public int frameLength(ByteBuf in) {
                        return in.getUnsignedShort(in.readerIndex());
                    }

                    @Override
                    public void frame(ByteBuf in, int length) {
                        count[0]++;
                    }
                });
        double bytes = AllocationMeter.bytesPerOperation(5_000, () -> {
            stream.readerIndex(0);
            counting.feed(stream.retain());
        });
        stream.release();

        assertEquals(0, bytes, 0.5);
    }
}
