// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Bytes that a hub in its right mind does not send. */
final class Wire {
    private static final HexFormat HEX = HexFormat.of();
    private static final int PINGS = 500;

    private final Column column;

    Wire(Column column) {
        this.column = column;
    }

    private static byte[] bytes(String hex) {
        return HEX.parseHex(hex.replace(" ", ""));
    }

    /** In a WebSocket frame of a server, if that is what carries them (RFC 6455 section 5.2). */
    private byte[] carried(byte[] payload) {
        if (!column.isWebSocket()) {
            return payload;
        }
        byte[] frame = new byte[payload.length + 2];
        frame[0] = (byte) 0x82;
        frame[1] = (byte) payload.length;
        System.arraycopy(payload, 0, frame, 2, payload.length);
        return frame;
    }

    private List<byte[]> carried(String... hex) {
        List<byte[]> all = new ArrayList<>();
        for (String each : hex) {
            all.add(carried(bytes(each)));
        }
        return all;
    }

    /** For the first message of the connection, which is settled for long, and for one that will never be sent. */
    List<byte[]> strangeAcknowledgements() {
        return column.isMqtt()
                ? carried("4002 0001", "4002 fffe", "4002 0001 4002 0001")
                : carried(
                        disposition(1, "43", "43"),
                        disposition(1, "43", "43"),
                        disposition(1, "707ffffff0", "707ffffff0"));
    }

    /** Of a receiver, settled, accepted (AMQP 1.0 section 2.7.6). */
    private static String disposition(int channel, String first, String last) {
        String fields = "41" + first + last + "41" + "00532445";
        String list = "005315c0" + hex2(fields.length() / 2 + 1) + "05" + fields;
        return "000000" + hex2(8 + list.length() / 2) + "0200" + "00" + hex2(channel) + list;
    }

    private static String hex2(int value) {
        return HEX.toHexDigits((byte) value);
    }

    /** What breaks the protocol in one packet. */
    List<byte[]> malformed() {
        List<byte[]> all = column.isMqtt()
                ? carried(
                        "36 05 0001 61 0001", // QoS 3
                        "30 ff ff ff ff 7f", // a length of five bytes
                        "f0 00", // packet type 15
                        "30 03 0005 61", // a topic longer than its packet
                        "90 03 0001 81", // a SUBACK with an unknown code
                        "20 02 00 00") // another CONNACK
                : carried(
                        "00000004 02000000", // shorter than its header
                        "00000009 01000000 00", // a header shorter than eight bytes
                        "7fffffff 02000000", // larger than agreed
                        "0000000c 02000000 00 53 77 45", // no such performative
                        "00000010 02000000 00 53 14 c0 03 02 43 43", // a transfer on a channel that is not begun
                        "0000000c 02000000 00 53 10 45"); // another open, without its fields
        if (column.isWebSocket()) {
            all.add(bytes("8b00")); // opcode 11
            all.add(bytes("8280 00000000")); // masked by the server
            all.add(bytes("c200")); // an extension that was not agreed
            all.add(bytes("897e 007e")); // a ping of 126 bytes
        }
        return all;
    }

    /** A flood of pings, pongs that nobody asked for, a text, and three ways to close. */
    static List<byte[]> webSocketFrames() {
        ByteArrayOutputStream pings = new ByteArrayOutputStream();
        for (int i = 0; i < PINGS; i++) {
            pings.writeBytes(bytes("890470696e67"));
        }
        return List.of(
                pings.toByteArray(),
                bytes("8a0470696e67"),
                bytes("810474657874"),
                bytes("880203e9"),
                bytes("880203f3"),
                bytes("8800"));
    }
}
