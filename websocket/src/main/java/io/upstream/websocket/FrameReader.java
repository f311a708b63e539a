// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;

/**
 * Finds frames in the bytes from the server (RFC 6455 §5.2), however those are cut. Holds no buffer: of an incomplete frame it keeps
 * the header's fields and, for a control frame, the payload of at most 125 bytes. Confined to one thread.
 *
 * <pre>
 *   FIRST ─► SECOND ─┬─► LENGTH ─┬─► PAYLOAD ─► FIRST
 *                    └───────────┘
 * </pre>
 */
final class FrameReader {
    /**
     * A frame holds at most the largest MQTT packet of a hub (256 KiB of payload, a topic of 64 KiB and headers). A message has no limit
     * of its own: its bytes are passed on as they arrive and nothing of it is kept, so a limit would only cut streams that are sent as
     * one endless message.
     */
    static final long MAX_FRAME_BYTES = 327_700;

    static final int MAX_CONTROL_BYTES = 125;
    private static final int TWO_BYTE_LENGTH = 126;
    /** The first nine bits of a final, binary, unmasked frame. */
    private static final int WHOLE_MESSAGE = 0x8200;

    private static final int WHOLE_MESSAGE_BITS = 0xFF80;
    private static final int EIGHT_BYTE_LENGTH = 127;
    private static final byte[] EMPTY = new byte[0];

    /** What {@link #next} came upon. */
    enum Found {
        /** The bytes are used up. */
        NOTHING,
        /** {@link #chunk} bytes of payload stand at the reader index: the caller reads them before it asks again. */
        DATA,
        PING,
        PONG,
        CLOSE
    }

    private enum Part {
        FIRST,
        SECOND,
        LENGTH,
        PAYLOAD
    }

    private Part part = Part.FIRST;
    private int opcode;
    private boolean fin;
    private boolean insideMessage;
    private int lengthBytes;
    private int lengthBytesLeft;
    private long remaining;
    private int chunk;
    private byte[] control = EMPTY;

    /** Goes on to the next thing in {@code in}, which it borrows. After a violation it must not be called again. */
    Found next(ByteBuf in) throws FrameViolation {
        if (part == Part.FIRST) {
            usualHeader(in);
        }
        while (part != Part.PAYLOAD) {
            if (!in.isReadable()) {
                return Found.NOTHING;
            }
            header(in.readByte());
        }
        return Opcode.isControl(opcode) ? control(in) : data(in);
    }

    /** How many bytes of payload the last {@link Found#DATA} announced. */
    int chunk() {
        return chunk;
    }

    /** The payload of the control frame found last; given to the caller. */
    byte[] controlPayload() {
        return control;
    }

    /** What nearly every frame begins with, in one step: a whole message of less than 64 KiB whose header is not cut. */
    private void usualHeader(ByteBuf in) {
        if (insideMessage || in.readableBytes() < 2) {
            return;
        }
        int at = in.readerIndex();
        int start = in.getShort(at);
        int length = start & 0x7F;
        if ((start & WHOLE_MESSAGE_BITS) != WHOLE_MESSAGE || length > TWO_BYTE_LENGTH) {
            return;
        }
        if (length == TWO_BYTE_LENGTH) {
            length = in.readableBytes() < 4 ? 0 : in.getUnsignedShort(at + 2);
            if (length < TWO_BYTE_LENGTH) {
                return;
            }
            in.skipBytes(2);
        }
        in.skipBytes(2);
        opcode = Opcode.BINARY;
        fin = true;
        begin(length);
    }

    private Found data(ByteBuf in) {
        if (remaining > 0 && !in.isReadable()) {
            return Found.NOTHING;
        }
        chunk = (int) Math.min(remaining, in.readableBytes());
        remaining -= chunk;
        if (remaining == 0) {
            part = Part.FIRST;
        }
        return Found.DATA;
    }

    private Found control(ByteBuf in) {
        int count = (int) Math.min(remaining, in.readableBytes());
        in.readBytes(control, control.length - (int) remaining, count);
        remaining -= count;
        if (remaining > 0) {
            return Found.NOTHING;
        }
        part = Part.FIRST;
        return switch (opcode) {
            case Opcode.PING -> Found.PING;
            case Opcode.PONG -> Found.PONG;
            default -> Found.CLOSE;
        };
    }

    private void header(byte octet) throws FrameViolation {
        switch (part) {
            case FIRST -> first(octet);
            case SECOND -> second(octet);
            default -> length(octet);
        }
    }

    private void first(int octet) throws FrameViolation {
        fin = (octet & 0x80) != 0;
        opcode = octet & 0x0F;
        if ((octet & 0x70) != 0) {
            throw broken("a frame with reserved bits, but no extension was agreed on");
        }
        switch (opcode) {
            case Opcode.BINARY -> {
                if (insideMessage) {
                    throw broken("a new message inside a fragmented one");
                }
                insideMessage = !fin;
            }
            case Opcode.CONTINUATION -> {
                if (!insideMessage) {
                    throw broken("a continuation without a beginning");
                }
                insideMessage = !fin;
            }
            case Opcode.TEXT ->
                throw insideMessage
                        ? broken("a new message inside a fragmented one")
                        : new FrameViolation(
                                CloseReason.UNSUPPORTED_DATA, "a text frame, where only binary ones belong");
            case Opcode.CLOSE, Opcode.PING, Opcode.PONG -> {
                if (!fin) {
                    throw broken("a fragmented control frame");
                }
            }
            default -> throw broken("a frame with the reserved opcode " + opcode);
        }
        part = Part.SECOND;
    }

    private void second(int octet) throws FrameViolation {
        if ((octet & 0x80) != 0) {
            throw broken("a masked frame, which only clients may send");
        }
        int length = octet & 0x7F;
        if (Opcode.isControl(opcode) && length > MAX_CONTROL_BYTES) {
            throw broken("a control frame of more than " + MAX_CONTROL_BYTES + " bytes");
        }
        if (length < TWO_BYTE_LENGTH) {
            begin(length);
        } else {
            remaining = 0;
            lengthBytes = length == EIGHT_BYTE_LENGTH ? Long.BYTES : Short.BYTES;
            lengthBytesLeft = lengthBytes;
            part = Part.LENGTH;
        }
    }

    private void length(int octet) throws FrameViolation {
        if (lengthBytesLeft == Long.BYTES && octet < 0) {
            throw broken("a frame length with the highest bit set");
        }
        remaining = (remaining << Byte.SIZE) | (octet & 0xFF);
        lengthBytesLeft--;
        if (lengthBytesLeft > 0) {
            return;
        }
        long least = lengthBytes == Short.BYTES ? TWO_BYTE_LENGTH : 1L << Short.SIZE;
        if (remaining < least) {
            throw broken("a frame length of " + remaining + " in " + lengthBytes + " bytes, more than it needs");
        }
        if (remaining > MAX_FRAME_BYTES) {
            throw new FrameViolation(
                    CloseReason.TOO_BIG,
                    "a frame of " + remaining + " bytes, more than " + MAX_FRAME_BYTES + " are not accepted");
        }
        begin(remaining);
    }

    private void begin(long length) {
        remaining = length;
        part = Part.PAYLOAD;
        if (Opcode.isControl(opcode)) {
            control = length == 0 ? EMPTY : new byte[(int) length];
        }
    }

    private static FrameViolation broken(String message) {
        return new FrameViolation(CloseReason.PROTOCOL_ERROR, message);
    }
}
