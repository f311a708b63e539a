// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import io.upstream.UpstreamException.Where;
import io.upstream.benchmarks.codec.CodecBenchmark;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A payload to the client's masked frames and a server's frame to its payload, beside Netty's codec: the step itself, and with the
 * channel's handler around it. {@code ...Limit} is no codec but what the same bytes cost without one.
 */
@State(Scope.Thread)
public class FrameBenchmark extends CodecBenchmark {
    /** Payload in bytes. */
    @Param({"64", "1024", "16384", "262144"})
    public int size;

    private final ByteBufAllocator alloc = PooledByteBufAllocator.DEFAULT;
    private final FrameWriter writer = new FrameWriter(keys());
    private final FrameReader reader = new FrameReader();
    private final EmbeddedChannel ours =
            new EmbeddedChannel(new WebSocketFrames(new Where("websocket", "hub hub.test:443"), keys()), new Sink());
    private final NettyFrames nettys = new NettyFrames();
    private final EmbeddedChannel bare = new EmbeddedChannel(new Sink());
    private long[] plain = {};
    private long[] masked = {};
    private ByteBuf payload = Unpooled.EMPTY_BUFFER;
    private ByteBuf wire = Unpooled.EMPTY_BUFFER;

    private static MaskKeys keys() {
        return new MaskKeys(new byte[MaskKeys.SEED_BYTES]);
    }

    /** What stands above the frames and keeps nothing. */
    private static final class Sink extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }
    }

    /** Checks that everybody finds and writes the same bytes before anything is measured. */
    @Setup(Level.Trial)
    public void prepare() throws Exception {
        byte[] body = new byte[size];
        new SplittableRandom(size).nextBytes(body);
        payload = alloc.directBuffer(size).writeBytes(body);
        wire = serverFrame(body);
        plain = new SplittableRandom(size).longs(size / Long.BYTES).toArray();
        masked = new long[plain.length];
        nettys.channel().pipeline().addLast(new Sink());
        require("our decoder", body, decoded());
        WebSocketFrame frame = nettys.decode(wire.duplicate());
        require("Netty's decoder", body, ByteBufUtil.getBytes(frame.content()));
        frame.release();
        require("our encoder", body, unmasked(encoded()));
        require("our gathering encoder", body, unmasked(gathered()));
        ByteBuf parts = alloc.buffer();
        for (Object part : nettys.encode(payload)) {
            parts.writeBytes((ByteBuf) part);
            ReferenceCountUtil.release(part);
        }
        require("Netty's encoder", body, unmasked(parts));
        writeOurs();
        require("our handler", body, unmasked(drained(ours)));
        writeNettys();
        require("Netty's handler", body, unmasked(drained(nettys.channel())));
    }

    // ---- measured

    /** One frame, or as many as the payload fills records. */
    @Benchmark
    public int encode() {
        int bytes = 0;
        for (int at = 0; at < size; ) {
            at += writer.append(alloc, payload, at, size - at);
            bytes += finish();
        }
        return bytes;
    }

    /** A part of a frame that is finished when it fills a record: what one of many messages of a flush costs. */
    @Benchmark
    public int encodeGathered() {
        int bytes = 0;
        for (int at = 0; at < size; ) {
            at += writer.append(alloc, payload, at, size - at);
            if (writer.isFull()) {
                bytes += finish();
            }
        }
        return bytes;
    }

    /** Nothing but the exclusive-or, on arrays of the heap, where the compiler makes vectors of it. */
    @Benchmark
    public long[] encodeGatheredLimit() {
        long key = plain[0] | 1;
        for (int i = 0; i < plain.length; i++) {
            masked[i] = plain[i] ^ key;
        }
        return masked;
    }

    /** A buffer for each frame, taken from the pool and given back: what {@link #encode} has beside the mask. */
    @Benchmark
    public int encodeLimit() {
        encodeGatheredLimit();
        int bytes = 0;
        for (int at = 0; at < size; at += FrameWriter.RECORD_BYTES - FrameWriter.HEADER_BYTES) {
            ByteBuf frame =
                    alloc.directBuffer(Math.min(FrameWriter.RECORD_BYTES, FrameWriter.HEADER_BYTES + size - at));
            bytes += frame.writerIndex(FrameWriter.HEADER_BYTES).readableBytes();
            frame.release();
        }
        return bytes;
    }

    @Benchmark
    public int encodeByNetty() throws Exception {
        int bytes = 0;
        for (Object part : nettys.encode(payload)) {
            bytes += ((ByteBuf) part).readableBytes();
            ReferenceCountUtil.release(part);
        }
        return bytes;
    }

    @Benchmark
    public int encodeInChannel() {
        writeOurs();
        return drain(ours);
    }

    @Benchmark
    public int encodeInChannelByNetty() {
        writeNettys();
        return drain(nettys.channel());
    }

    /** A channel that passes the payload on as it is. */
    @Benchmark
    public int encodeInChannelLimit() {
        bare.writeAndFlush(payload.retainedDuplicate(), bare.voidPromise());
        return drain(bare);
    }

    /** The payload as a view that is valid until the buffer goes. */
    @Benchmark
    public int decode() throws FrameViolation {
        wire.readerIndex(0);
        reader.next(wire);
        wire.skipBytes(reader.chunk());
        return reader.chunk();
    }

    @Benchmark
    public int decodeAndKeep() throws FrameViolation {
        wire.readerIndex(0);
        reader.next(wire);
        ByteBuf kept = wire.readRetainedSlice(reader.chunk());
        kept.release();
        return reader.chunk();
    }

    @Benchmark
    public int decodeByNetty() throws Exception {
        WebSocketFrame frame = nettys.decode(wire.readerIndex(0));
        int bytes = frame.content().readableBytes();
        frame.release();
        return bytes;
    }

    @Benchmark
    public void decodeInChannel() {
        ours.pipeline().fireChannelRead(wire.retainedDuplicate().readerIndex(0));
    }

    @Benchmark
    public void decodeInChannelByNetty() {
        nettys.channel().pipeline().fireChannelRead(wire.retainedDuplicate().readerIndex(0));
    }

    // ---- how

    private int finish() {
        ByteBuf frame = writer.finish();
        if (frame == null) {
            return 0;
        }
        int bytes = frame.readableBytes();
        frame.release();
        return bytes;
    }

    private void writeOurs() {
        ours.writeAndFlush(payload.retainedDuplicate(), ours.voidPromise());
    }

    private void writeNettys() {
        EmbeddedChannel channel = nettys.channel();
        channel.writeAndFlush(new BinaryWebSocketFrame(payload.retainedDuplicate()), channel.voidPromise());
    }

    private static int drain(EmbeddedChannel channel) {
        int bytes = 0;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            bytes += out.readableBytes();
            out.release();
        }
        return bytes;
    }

    // ---- checked

    private static ByteBuf serverFrame(byte[] body) {
        ByteBuf frame = Unpooled.directBuffer(body.length + 10).writeByte(0x82);
        if (body.length < 126) {
            frame.writeByte(body.length);
        } else if (body.length < 1 << 16) {
            frame.writeByte(126).writeShort(body.length);
        } else {
            frame.writeByte(127).writeLong(body.length);
        }
        return frame.writeBytes(body);
    }

    private byte[] decoded() throws FrameViolation {
        ByteBuf in = wire.duplicate();
        reader.next(in);
        return ByteBufUtil.getBytes(in, in.readerIndex(), reader.chunk());
    }

    private ByteBuf encoded() {
        ByteBuf all = alloc.buffer();
        for (int at = 0; at < size; ) {
            at += writer.append(alloc, payload, at, size - at);
            take(all);
        }
        return all;
    }

    private ByteBuf gathered() {
        ByteBuf all = alloc.buffer();
        for (int at = 0; at < size; ) {
            at += writer.append(alloc, payload, at, Math.min(100, size - at));
            if (writer.isFull()) {
                take(all);
            }
        }
        take(all);
        return all;
    }

    private void take(ByteBuf all) {
        ByteBuf frame = writer.finish();
        if (frame != null) {
            all.writeBytes(frame);
            frame.release();
        }
    }

    private ByteBuf drained(EmbeddedChannel channel) {
        ByteBuf all = alloc.buffer();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            all.writeBytes(out);
            out.release();
        }
        return all;
    }

    /** The payloads of masked frames, by rules of its own. Takes {@code frames}. */
    private static byte[] unmasked(ByteBuf frames) {
        ByteBuf body = Unpooled.buffer();
        while (frames.isReadable()) {
            frames.skipBytes(1);
            int length = frames.readUnsignedByte() & 0x7F;
            if (length == 126) {
                length = frames.readUnsignedShort();
            } else if (length == 127) {
                length = Math.toIntExact(frames.readLong());
            }
            int key = frames.readInt();
            for (int i = 0; i < length; i++) {
                body.writeByte(frames.readByte() ^ (key >>> (24 - 8 * (i % 4))));
            }
        }
        frames.release();
        return ByteBufUtil.getBytes(body);
    }

    private static void require(String who, byte[] expected, byte[] actual) {
        if (!Arrays.equals(expected, actual)) {
            throw new IllegalStateException(who + " makes other bytes");
        }
    }
}
