// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The server's side of RFC 6455 after the upgrade: unmasks in place, whatever the pieces that frames come in, and hands the content of data
 * frames on as a stream.
 */
final class WebSocketFrames implements SinkProtocol {
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int LONGEST_CONTROL = 125;

    private final SinkProtocol inner;
    private final ByteBuf header = Unpooled.buffer(14, 14);
    private final ByteBuf control = Unpooled.buffer(LONGEST_CONTROL, LONGEST_CONTROL);
    private final ByteBuf innerAnswers = Unpooled.directBuffer(4_096);
    private int opcode;
    private int mask;
    private long remaining;
    private boolean inFrame;
    private boolean closed;

    WebSocketFrames(SinkProtocol inner) {
        this.inner = inner;
    }

    @Override
    public void feed(ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        while (in.isReadable()) {
            if (!inFrame) {
                inFrame = completesHeader(in);
            } else {
                content(in);
            }
            if (inFrame && remaining == 0) {
                inFrame = false;
                endOfFrame(answers);
            }
        }
    }

    private boolean completesHeader(ByteBuf in) throws ProtocolViolation {
        header.writeByte(in.readByte());
        if (header.readableBytes() < 2) {
            return false;
        }
        int length = header.getUnsignedByte(1) & 0x7F;
        int extended = length == 127 ? 8 : length == 126 ? 2 : 0;
        int missing = 6 + extended - header.readableBytes();
        header.writeBytes(in, Math.min(missing, in.readableBytes()));
        if (header.readableBytes() < 6 + extended) {
            return false;
        }
        if (header.getByte(1) >= 0) {
            throw new ProtocolViolation("a WebSocket frame without a mask");
        }
        opcode = header.getByte(0) & 0x0F;
        remaining = extended == 8 ? header.getLong(2) : extended == 2 ? header.getUnsignedShort(2) : length;
        mask = header.getInt(2 + extended);
        header.clear();
        if (opcode >= CLOSE && remaining > LONGEST_CONTROL) {
            throw new ProtocolViolation("a WebSocket control frame of " + remaining + " bytes");
        }
        return true;
    }

    private void content(ByteBuf in) throws ProtocolViolation {
        int length = (int) Math.min(remaining, in.readableBytes());
        unmask(in, length);
        remaining -= length;
        if (opcode >= CLOSE) {
            in.readBytes(control, length);
            return;
        }
        int end = in.writerIndex();
        in.writerIndex(in.readerIndex() + length);
        inner.feed(in, innerAnswers);
        in.writerIndex(end);
    }

    /** The mask turns with the bytes, so that the next piece of the same frame goes on where this one ended. */
    private void unmask(ByteBuf in, int length) {
        int index = in.readerIndex();
        int end = index + length;
        long wide = (mask & 0xFFFF_FFFFL) << 32 | (mask & 0xFFFF_FFFFL);
        for (; index + Long.BYTES <= end; index += Long.BYTES) {
            in.setLong(index, in.getLong(index) ^ wide);
        }
        for (; index < end; index++) {
            in.setByte(index, in.getByte(index) ^ (mask >>> 24));
            mask = Integer.rotateLeft(mask, 8);
        }
    }

    private void endOfFrame(ByteBuf answers) {
        if (opcode == PING) {
            write(answers, PONG, control);
        } else if (opcode == CLOSE) {
            write(answers, CLOSE, control);
            closed = true;
        }
        control.clear();
    }

    @Override
    public void endOfRead(ByteBuf answers) {
        inner.endOfRead(innerAnswers);
        if (innerAnswers.isReadable()) {
            write(answers, 2, innerAnswers);
            innerAnswers.clear();
        }
    }

    private static void write(ByteBuf answers, int opcode, ByteBuf content) {
        int length = content.readableBytes();
        answers.writeByte(0x80 | opcode);
        if (length < 126) {
            answers.writeByte(length);
        } else if (length < 65_536) {
            answers.writeByte(126).writeShort(length);
        } else {
            answers.writeByte(127).writeLong(length);
        }
        answers.writeBytes(content, content.readerIndex(), length);
    }

    @Override
    public boolean isOver() {
        return closed;
    }

    @Override
    public void release() {
        header.release();
        control.release();
        innerAnswers.release();
        inner.release();
    }
}
