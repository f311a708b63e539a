// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ResourceLeakDetector;
import io.upstream.UpstreamException.Where;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Valid packets in unusual pieces; a limit that counted the pieces, not the packet, refused them once (netty#16776). */
class MqttLargeStreamTest implements PacketListener {
    private static final int LARGE = 70_000;
    private static final byte[] PAYLOAD = new byte[LARGE];

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
    private final ByteBuf expected = Unpooled.wrappedBuffer(PAYLOAD);
    private final Set<Integer> ids = new HashSet<>();
    private int publishes;
    private int pubAcks;

    static {
        new SplittableRandom(1).nextBytes(PAYLOAD);
    }

    /** There are thousands of buffers here, and one that leaked would be the reader's only one. */
    @BeforeEach
    void watchNoSingleBuffer() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        channel.pipeline()
                .addLast(new MqttFrameReader(
                        channel,
                        new Where("mqtt", "hub h:8883"),
                        new CloudTopic("devices/d/messages/devicebound/"),
                        this));
    }

    @AfterEach
    void close() {
        assertFalse(channel.finishAndReleaseAll());
        ResourceLeakDetector.setLevel(level);
    }

    @Override
    public PacketListener connAck(int code, boolean sessionPresent) {
        throw new AssertionError("no CONNACK was sent");
    }

    @Override
    public void publish(PublishView message) {
        ids.add(message.packetId());
        assertTrue(ByteBufUtil.equals(expected.slice(0, message.payload().readableBytes()), message.payload()));
        publishes++;
    }

    @Override
    public void pubAck(int packetId) {
        pubAcks++;
    }

    @Override
    public void subAck(int packetId, int code) {
        throw new AssertionError("no SUBACK was sent");
    }

    @Override
    public void pingResp() {
        throw new AssertionError("no PINGRESP was sent");
    }

    private static void writePublish(ByteBuf out, int packetId, int payload) {
        int remaining = 2 + 1 + 2 + payload;
        out.writeByte(0x32);
        for (int left = remaining; ; left >>>= 7) {
            out.writeByte(left > 127 ? (left & 127) | 128 : left);
            if (left <= 127) {
                break;
            }
        }
        out.writeShort(1).writeByte('t').writeShort(packetId).writeBytes(PAYLOAD, 0, payload);
    }

    @Test
    void hearsTwoHundredPacketsOfOneBuffer() {
        ByteBuf all = Unpooled.directBuffer();
        for (int i = 1; i <= 200; i++) {
            writePublish(all, i, i == 100 ? LARGE : i);
            all.writeInt(0x4002_0000 | i);
        }
        byte[] stream = ByteBufUtil.getBytes(all);
        channel.writeInbound(all);
        assertEquals(200, publishes);
        assertEquals(200, pubAcks);

        publishes = 0;
        for (int at = 0; at < stream.length; at += 101) {
            channel.writeInbound(Unpooled.wrappedBuffer(stream, at, Math.min(101, stream.length - at)));
        }
        assertEquals(200, publishes);
        assertEquals(400, pubAcks);
    }

    /** At each byte of its head and its end and around what fits into two octets, and at every 29th of the rest. */
    @Test
    void hearsALargePublishWhereverItIsCut() {
        ByteBuf packet = Unpooled.buffer();
        writePublish(packet, 0, LARGE);
        byte[] stream = ByteBufUtil.getBytes(packet);
        int idAt = 1 + 3 + 2 + 1;
        int cuts = 0;
        for (int cut = 0; cut <= stream.length; cut += isEdge(cut, stream.length) ? 1 : 29) {
            cuts++;
            stream[idAt] = (byte) (cuts >>> 8);
            stream[idAt + 1] = (byte) cuts;
            channel.writeInbound(Unpooled.wrappedBuffer(stream, 0, cut));
            channel.writeInbound(Unpooled.wrappedBuffer(stream, cut, stream.length - cut));
        }
        assertEquals(cuts, publishes);
        assertEquals(cuts, ids.size(), "each with its own id");
    }

    private static boolean isEdge(int cut, int length) {
        return cut < 100 || cut > length - 100 || Math.abs(cut - 65_536) < 40;
    }

    /** What was decoded from its beginning at each read took a time that grew by the square (CVE-2026-44248). */
    @Test
    void readsTheLargestPacketThatTricklesInOneByteAtATime() {
        ByteBuf packet = Unpooled.buffer();
        writePublish(packet, 1, LARGE);
        byte[] stream = ByteBufUtil.getBytes(packet);
        for (int at = 0; at < stream.length; at++) {
            channel.writeInbound(Unpooled.wrappedBuffer(stream, at, 1));
        }
        assertEquals(1, publishes);
    }
}
