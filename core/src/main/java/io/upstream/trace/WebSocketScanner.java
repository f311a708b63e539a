// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

import io.netty.buffer.ByteBuf;

/** The first line of the upgrade, without the query; then frames of RFC 6455 §5.2: opcode, flags, length. Field lines and payloads are left out. */
final class WebSocketScanner implements Scanner {
    private final HttpHead head;
    private final Frames frames;
    private State state = State.HEAD;

    private enum State {
        HEAD,
        FRAMES
    }

    WebSocketScanner(Sink sink) {
        head = new HttpHead("WebSocket ", sink);
        frames = new Frames(sink);
    }

    @Override
    public void scan(ByteBuf bytes) {
        ByteBuf rest = bytes.duplicate();
        if (state == State.HEAD) {
            while (rest.isReadable() && state == State.HEAD) {
                if (head.take(rest.readByte())) {
                    state = State.FRAMES;
                }
            }
        }
        frames.scan(rest);
    }

    private static final class Frames extends FrameScanner {
        private static final int LONGEST_HEADER = 14;
        private final Sink sink;

        private Frames(Sink sink) {
            super(LONGEST_HEADER, 0);
            this.sink = sink;
        }

        @Override
        int headLength(byte[] head, int filled) {
            if (filled < 2) {
                return MORE;
            }
            int length = u8(head, 1) & 0x7F;
            int key = (head[1] & 0x80) == 0 ? 0 : 4;
            int whole = 2 + key + (length == 126 ? 2 : length == 127 ? 8 : 0);
            return filled == whole ? whole : MORE;
        }

        @Override
        long bodyLength(byte[] head, int headLength) {
            int length = u8(head, 1) & 0x7F;
            return length == 126 ? u16(head, 2) : length == 127 ? u32(head, 2) << 32 | u32(head, 6) : length;
        }

        @Override
        void frame(byte[] head, int headLength, int kept, long bodyLength) {
            int first = u8(head, 0);
            sink.line("WebSocket " + opcode(first & 0xF) + ((first & 0x80) == 0 ? " more" : " fin")
                    + ((head[1] & 0x80) == 0 ? "" : " masked") + ", " + bodyLength + " B");
        }

        private static String opcode(int code) {
            return switch (code) {
                case 0 -> "continuation";
                case 1 -> "text";
                case 2 -> "binary";
                case 8 -> "close";
                case 9 -> "ping";
                case 10 -> "pong";
                default -> "opcode " + code;
            };
        }
    }
}
