// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

/**
 * Frames of AMQP 1.0: protocol headers, then channel, performative and size. Of transfers, dispositions, flows, detaches and begins also the
 * numbers that stand at their beginning; names, addresses and messages are left out.
 */
final class AmqpScanner extends FrameScanner {
    private static final int FRAME_HEADER = 8;
    private static final int BEGINNING = 40;
    private static final int SMALL_ULONG = 0x53;
    private static final int ULONG = 0x80;

    private final Sink sink;

    AmqpScanner(Sink sink) {
        super(FRAME_HEADER, BEGINNING);
        this.sink = sink;
    }

    private static boolean isProtocolHeader(byte[] head) {
        return head[0] == 'A' && head[1] == 'M' && head[2] == 'Q' && head[3] == 'P';
    }

    @Override
    int headLength(byte[] head, int filled) {
        return filled == FRAME_HEADER ? FRAME_HEADER : MORE;
    }

    @Override
    long bodyLength(byte[] head, int headLength) {
        return isProtocolHeader(head) ? 0 : u32(head, 0) - FRAME_HEADER;
    }

    @Override
    void frame(byte[] head, int headLength, int kept, long bodyLength) {
        if (isProtocolHeader(head)) {
            sink.line("AMQP protocol header, protocol " + u8(head, 4) + ", version " + u8(head, 5) + "." + u8(head, 6)
                    + "." + u8(head, 7));
            return;
        }
        int body = headLength + Math.max(0, u8(head, 4) * 4 - FRAME_HEADER); // an extended header is for nobody
        String size = ", " + (headLength + bodyLength) + " B";
        String channel = u8(head, 5) == 1 ? "SASL" : "AMQP channel=" + u16(head, 6);
        sink.line(
                bodyLength == 0
                        ? channel + " empty frame" + size
                        : channel + " " + performative(head, body, headLength + kept) + size);
    }

    private static String performative(byte[] head, int at, int end) {
        long code = -1;
        int next = at;
        if (at + 2 < end && head[at] == 0 && u8(head, at + 1) == SMALL_ULONG) {
            code = u8(head, at + 2);
            next = at + 3;
        } else if (at + 9 < end && head[at] == 0 && u8(head, at + 1) == ULONG) {
            code = u32(head, at + 6);
            next = at + 10;
        }
        return name(code) + fields(code, new Fields(head, next, end));
    }

    private static String name(long code) {
        return switch ((int) code) {
            case 0x10 -> "open";
            case 0x11 -> "begin";
            case 0x12 -> "attach";
            case 0x13 -> "flow";
            case 0x14 -> "transfer";
            case 0x15 -> "disposition";
            case 0x16 -> "detach";
            case 0x17 -> "end";
            case 0x18 -> "close";
            case 0x40 -> "mechanisms";
            case 0x41 -> "init";
            case 0x42 -> "challenge";
            case 0x43 -> "response";
            case 0x44 -> "outcome";
            default -> "unknown performative";
        };
    }

    private static String fields(long code, Fields fields) {
        return switch ((int) code) {
            case 0x11 -> fields.next("remote-channel");
            case 0x13 ->
                fields.next("next-incoming")
                        + fields.next("incoming-window")
                        + fields.next("next-outgoing")
                        + fields.next("outgoing-window")
                        + fields.next("handle")
                        + fields.next("delivery-count")
                        + fields.next("credit");
            case 0x14 -> fields.next("handle") + fields.next("delivery");
            case 0x15 -> fields.next("receiver") + fields.next("first") + fields.next("last") + fields.next("settled");
            case 0x16 -> fields.next("handle") + fields.next("closed");
            case 0x44 -> fields.next("code");
            default -> "";
        };
    }

    /** The fields of a list, one after the other, as far as they are numbers or truth values (AMQP 1.0 part 1, §1.6). */
    private static final class Fields {
        private final byte[] bytes;
        private final int end;
        private int at;
        private long left;

        private Fields(byte[] bytes, int at, int end) {
            this.bytes = bytes;
            this.end = end;
            int constructor = at < end ? u8(bytes, at) : 0;
            if (constructor == 0xC0 && at + 2 < end) {
                left = u8(bytes, at + 2);
                this.at = at + 3;
            } else if (constructor == 0xD0 && at + 8 < end) {
                left = u32(bytes, at + 5);
                this.at = at + 9;
            }
        }

        /** With its name; empty for null, and for all that come after what is no number. */
        private String next(String name) {
            if (left == 0 || at >= end) {
                return "";
            }
            left--;
            int constructor = u8(bytes, at++);
            int width = width(constructor);
            if (width < 0 || at + width > end) {
                left = 0;
                return "";
            }
            String text = text(constructor, at);
            at += width;
            return text.isEmpty() ? "" : " " + name + "=" + text;
        }

        private static int width(int constructor) {
            return switch (constructor) {
                case 0x40, 0x41, 0x42, 0x43, 0x44 -> 0;
                case 0x50, 0x52, 0x53, 0x56 -> 1;
                case 0x60 -> 2;
                case 0x70 -> 4;
                default -> -1;
            };
        }

        private String text(int constructor, int value) {
            return switch (constructor) {
                case 0x41 -> "true";
                case 0x42 -> "false";
                case 0x43, 0x44 -> "0";
                case 0x50, 0x52, 0x53 -> Integer.toString(u8(bytes, value));
                case 0x56 -> u8(bytes, value) == 0 ? "false" : "true";
                case 0x60 -> Integer.toString(u16(bytes, value));
                case 0x70 -> Long.toString(u32(bytes, value));
                default -> "";
            };
        }
    }
}
