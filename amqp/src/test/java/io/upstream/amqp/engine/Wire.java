// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;

/** Raw AMQP as a peer would send it, lawful or not. */
public final class Wire {
    public static final String SASL_HEADER = "414d5150 03010000";
    public static final String AMQP_HEADER = "414d5150 00010000";

    /** From a real hub: the offer EXTERNAL, MSSBCBS, ANONYMOUS, PLAIN. */
    public static final String MECHANISMS = "0000003f 02010000 005340c03201e02f04b3"
            + "00000008 45585445524e414c 00000007 4d535342434253 00000009 414e4f4e594d4f5553 00000005 504c41494e";

    /** From a real hub: ok, "Welcome!". */
    public static final String OUTCOME = "0000001a 02010000 005344c00d025000a008 57656c636f6d6521";

    /** As a real hub's: container DeviceGateway_…, localhost, 65536, 8191, 240000. */
    public static final String OPEN = "0000005b 02000000 005310c04e0aa12e"
            + hexOfText("DeviceGateway_0123456789abcdef0123456789abcdef")
            + "a109" + hexOfText("localhost") + "7000010000 601fff 700003a980 4040404040";

    /** From a real hub: remote channel 0, window 5000. */
    public static final String BEGIN =
            "00000025 02000000 005311c01808 600000 5201 7000001388 70ffffffff 700003ffff 404040";

    private Wire() {}

    public static String hexOfText(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.US_ASCII));
    }

    public static byte[] hex(String... parts) {
        return HexFormat.of().parseHex(String.join("", parts).replace(" ", ""));
    }

    public static byte[] frame(int channel, Object performative, byte... payload) {
        DecoderImpl decoder = new DecoderImpl();
        EncoderImpl encoder = new EncoderImpl(decoder);
        AMQPDefinedTypes.registerAllTypes(decoder, encoder);
        ByteBuffer body = ByteBuffer.allocate(8_192);
        encoder.setByteBuffer(body);
        encoder.writeObject(performative);
        body.flip();
        ByteBuf frame = Unpooled.buffer();
        frame.writeInt(8 + body.remaining() + payload.length)
                .writeByte(2)
                .writeByte(0)
                .writeShort(channel)
                .writeBytes(body)
                .writeBytes(payload);
        return bytes(frame);
    }

    public static byte[] join(byte[]... parts) {
        ByteBuf all = Unpooled.buffer();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return bytes(all);
    }

    /** Borrows. */
    public static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), bytes);
        return bytes;
    }
}
