// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

/** Control packets of MQTT 3.1.1: the type, the flags of its fixed header, packet ids, return codes, sizes. A topic counts by its length. */
final class MqttScanner extends FrameScanner {
    private static final int FIXED_HEADER = 5;

    /** A topic of a hub, and the packet id behind it. */
    private static final int BEGINNING = 512;

    private static final String[] TYPES = {
        "0",
        "CONNECT",
        "CONNACK",
        "PUBLISH",
        "PUBACK",
        "PUBREC",
        "PUBREL",
        "PUBCOMP",
        "SUBSCRIBE",
        "SUBACK",
        "UNSUBSCRIBE",
        "UNSUBACK",
        "PINGREQ",
        "PINGRESP",
        "DISCONNECT",
        "15"
    };

    private final Sink sink;

    MqttScanner(Sink sink) {
        super(FIXED_HEADER, BEGINNING);
        this.sink = sink;
    }

    @Override
    int headLength(byte[] head, int filled) {
        return filled > 1 && head[filled - 1] >= 0 ? filled : MORE;
    }

    @Override
    long bodyLength(byte[] head, int headLength) {
        long length = 0;
        for (int i = headLength - 1; i > 0; i--) {
            length = (length << 7) | (head[i] & 0x7F);
        }
        return length;
    }

    @Override
    void frame(byte[] head, int headLength, int kept, long bodyLength) {
        int type = u8(head, 0) >>> 4;
        sink.line("MQTT " + TYPES[type] + details(type, head, headLength, kept) + ", " + (headLength + bodyLength)
                + " B");
    }

    private static String details(int type, byte[] head, int at, int kept) {
        return switch (type) {
            case 1 -> connect(head, at, kept);
            case 2 -> kept < 2 ? "" : " code=" + u8(head, at + 1) + " session-present=" + (head[at] & 1);
            case 3 -> publish(u8(head, 0) & 0xF, head, at, kept);
            case 4, 5, 6, 7, 8, 9, 10, 11 ->
                (kept < 2 ? "" : " id=" + u16(head, at)) + (type == 9 ? granted(head, at, kept) : "");
            default -> "";
        };
    }

    private static String granted(byte[] head, int at, int kept) {
        return kept < 3 ? "" : " code=" + u8(head, at + 2);
    }

    /** Protocol name, level, flags, keep-alive (MQTT 3.1.1 §3.1.2); who connects and how it proves itself comes later and is left out. */
    private static String connect(byte[] head, int at, int kept) {
        if (kept < 10) {
            return "";
        }
        int flags = u8(head, at + 7);
        return " level=" + u8(head, at + 6) + " clean=" + (flags >>> 1 & 1) + " keep-alive=" + u16(head, at + 8) + " s"
                + ((flags & 0x80) == 0 ? "" : " user") + ((flags & 0x40) == 0 ? "" : " password");
    }

    private static String publish(int flags, byte[] head, int at, int kept) {
        int qos = flags >>> 1 & 3;
        if (kept < 2) {
            return " qos=" + qos;
        }
        int topic = u16(head, at);
        String id = qos > 0 && kept >= topic + 4 ? " id=" + u16(head, at + 2 + topic) : "";
        return id + " qos=" + qos + ((flags & 8) == 0 ? "" : " dup") + ((flags & 1) == 0 ? "" : " retain")
                + " topic of " + topic + " B";
    }
}
