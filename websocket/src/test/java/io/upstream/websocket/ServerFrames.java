// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A server's frames, built by hand so that they can be wrong. */
final class ServerFrames {
    private ServerFrames() {}

    /** {@code first} is the whole first byte: FIN, RSV and opcode. The length takes its shortest form. */
    static byte[] frame(int first, byte[] payload) {
        int length = payload.length;
        byte[] header;
        if (length < 126) {
            header = octets(first, length);
        } else if (length < 65_536) {
            header = octets(first, 126, length >>> 8, length);
        } else {
            header = octets(first, 127, 0, 0, 0, 0, length >>> 24, length >>> 16, length >>> 8, length);
        }
        return join(header, payload);
    }

    static byte[] binary(byte[] payload) {
        return frame(0x82, payload);
    }

    static byte[] ping(String payload) {
        return frame(0x89, ascii(payload));
    }

    static byte[] close(int code, String reason) {
        return frame(0x88, join(octets(code >>> 8, code), reason.getBytes(StandardCharsets.UTF_8)));
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] octets(int... values) {
        byte[] octets = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            octets[i] = (byte) values[i];
        }
        return octets;
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** Bytes that differ at neighbouring places, with a period that no power of two divides. */
    static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i % 251);
        }
        return bytes;
    }

    static byte[] repeat(int value, int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
