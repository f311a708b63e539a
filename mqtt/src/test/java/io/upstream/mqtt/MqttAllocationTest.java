// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.frame.WriteBatch;
import io.upstream.testing.AllocationMeter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the hot paths leave on the heap, in bytes for each packet. */
class MqttAllocationTest {
    private static final Where WHERE = new Where("mqtt", "hub h:8883");
    private static final String CLOUD = "devices/dev-1/messages/devicebound/";
    private static final Dialect HUB = new Dialect("devices/dev-1/messages/events/", true, true, new CloudTopic(CLOUD));
    private static final int PACKETS = 64;

    private static Telemetry kind() {
        return Telemetry.of(new byte[0])
                .contentType("application/json")
                .contentEncoding("utf-8")
                .property("site", "hall 7")
                .property("line", "press")
                .property("alert", "false");
    }

    private static double bytesPerPublish(Telemetry... messages) {
        WriteBatch batch = new WriteBatch(PooledByteBufAllocator.DEFAULT, ByteBuf::release);
        MqttFrameWriter writer = new MqttFrameWriter(new PublishEncoder(HUB), batch);
        return AllocationMeter.bytesPerOperation(500, () -> {
                    for (int i = 0; i < PACKETS; i++) {
                        write(writer, messages[i % messages.length], 1 + i);
                    }
                    batch.handOver();
                })
                / PACKETS;
    }

    private static void write(MqttFrameWriter writer, Telemetry message, int packetId) {
        try {
            writer.publish(message, packetId, false);
            writer.pubAck(packetId);
        } catch (UpstreamException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"64, 0", "1024, 0", "8191, 0"})
    void writesASmallMessageWithoutGarbage(int size, double bytes) {
        assertEquals(bytes, bytesPerPublish(kind().withPayload(new byte[size])));
    }

    @Test
    void writesMessagesOfSeveralKindsWithoutGarbage() {
        Telemetry other = kind().system(SystemProperty.OUTPUT_NAME, "o").withPayload(new byte[100]);
        assertEquals(0, bytesPerPublish(kind().withPayload(new byte[64]), other, Telemetry.json("{}")));
    }

    /** Views of the payload, 176 bytes, and nothing that depends on its size. */
    @ParameterizedTest
    @CsvSource({"16384", "200000"})
    void linksALargeMessageForAFewSmallObjects(int size) {
        double bytes = bytesPerPublish(kind().withPayload(new byte[size]));
        assertTrue(bytes <= 180, bytes + " bytes");
    }

    private static double bytesPerPacket(byte[] stream, PacketListener listener, int packets) {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline().addLast(new MqttFrameReader(channel, WHERE, HUB.cloudTopic(), listener));
        List<ByteBuf> in = new ArrayList<>(1); // made where no leak is looked for, or each access would be written down
        double bytes = AllocationMeter.bytesPerOperation(500, () -> {
            if (in.isEmpty()) {
                in.add(channel.alloc().directBuffer(stream.length).writeBytes(stream));
            }
            ByteBuf read = in.get(0).readerIndex(0);
            channel.pipeline().fireChannelRead(read.retain());
        });
        in.get(0).release();
        channel.finishAndReleaseAll();
        return bytes / packets;
    }

    @Test
    void readsAPubackWithoutGarbage() {
        ByteBuf stream = Unpooled.buffer();
        for (int i = 1; i <= PACKETS; i++) {
            stream.writeInt(0x4002_0000 | i);
        }
        Ear ear = new Ear();
        assertEquals(0, bytesPerPacket(bytes(stream), ear, PACKETS));
        assertTrue(ear.sum > 0);
    }

    @ParameterizedTest
    @CsvSource({"0", "64", "1024", "16384"})
    void showsAPublishWithoutGarbage(int size) {
        ByteBuf stream = Unpooled.buffer();
        for (int i = 1; i <= PACKETS; i++) {
            byte[] topic = (CLOUD + "%24.mid=0a1b2c&%24.to=%2Fdevices%2Fdev-1&k=v").getBytes(UTF_8);
            int remaining = 2 + topic.length + 2 + size;
            stream.writeByte(0x32);
            for (int rest = remaining; ; rest >>>= 7) {
                stream.writeByte(rest > 0x7F ? rest | 0x80 : rest);
                if (rest <= 0x7F) {
                    break;
                }
            }
            stream.writeShort(topic.length).writeBytes(topic).writeShort(i).writeZero(size);
        }
        Ear ear = new Ear();
        assertEquals(0, bytesPerPacket(bytes(stream), ear, PACKETS));
        assertTrue(ear.sum > 0);
    }

    private static byte[] bytes(ByteBuf stream) {
        byte[] bytes = new byte[stream.readableBytes()];
        stream.readBytes(bytes);
        return bytes;
    }

    /** Looks at everything a session looks at before it decides to keep a message. */
    private static final class Ear implements PacketListener {
        private long sum;

        @Override
        public PacketListener connAck(int code, boolean sessionPresent) {
            return this;
        }

        @Override
        public void publish(PublishView message) {
            assertEquals(CLOUD.length(), HUB.cloudTopic().bagAt(message));
            sum += message.packetId() + message.payloadLength();
        }

        @Override
        public void pubAck(int packetId) {
            sum += packetId;
        }

        @Override
        public void subAck(int packetId, int code) {
            sum += code;
        }

        @Override
        public void pingResp() {
            sum++;
        }
    }
}
