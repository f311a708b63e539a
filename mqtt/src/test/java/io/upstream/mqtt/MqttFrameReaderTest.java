// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MqttFrameReaderTest {
    private static final Where WHERE = new Where("mqtt", "hub h:8883");

    @Test
    void readsWhatNettyWritesAtEverySplit() {
        byte[] stream = stream(
                Packets.connAck(0),
                Packets.publish(0, "devices/d/messages/devicebound/a=é", "zero"),
                Packets.publish(9, "t", ""),
                Packets.publish(65_535, "t", "x".repeat(200)),
                Packets.pubAck(1),
                Packets.pubAck(65_535),
                Packets.pubAck(2),
                Packets.subAck(7, 1),
                MqttMessage.PINGRESP);
        List<String> expected = List.of(
                "connAck 0",
                "publish devices/d/messages/devicebound/a=é after 31 0 zero",
                "publish t 9 ",
                "publish t 65535 " + "x".repeat(200),
                "pubAck 1",
                "pubAck 65535",
                "pubAck 2",
                "subAck 7 1",
                "pingResp");
        for (int split = 0; split < stream.length; split++) {
            assertEquals(expected, read(stream, split, Unpooled.buffer()));
            assertEquals(expected, read(stream, split, Unpooled.directBuffer()));
        }
    }

    @Test
    void readsOneByteAtATime() {
        Recorder recorder = new Recorder();
        EmbeddedChannel channel = channel(recorder);
        for (byte octet : stream(Packets.publish(9, "t", "abc"), MqttMessage.PINGRESP)) {
            channel.writeInbound(Unpooled.copiedBuffer(new byte[] {octet}));
        }
        assertEquals(List.of("publish t 9 abc", "pingResp"), recorder.heard);
        assertFalse(channel.finishAndReleaseAll());
    }

    @Test
    void asksForNoMoreBytesWhileReadingIsPaused() {
        AtomicInteger asked = new AtomicInteger();
        ChannelOutboundHandlerAdapter socket = new ChannelOutboundHandlerAdapter() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                asked.incrementAndGet();
            }
        };
        Recorder recorder = new Recorder();
        EmbeddedChannel channel = channel(recorder);
        channel.pipeline().addFirst(socket);
        channel.config().setAutoRead(false);
        asked.set(0);

        channel.writeInbound(Unpooled.wrappedBuffer(stream(Packets.publish(9, "t", "abc"), Packets.pubAck(1))));

        assertEquals(2, recorder.heard.size());
        assertEquals(0, asked.get());
        assertFalse(channel.finishAndReleaseAll());
    }

    /** P30: What Netty's own decoder takes, swallows or waits for in silence is in here beside what it refuses. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "type 0, 0000",
        "CONNECT from a server, 100C00044D5154540400000A0000",
        "CONNECT already at its first octet, 10FF",
        "SUBSCRIBE from a server, 8206000100017400",
        "UNSUBSCRIBE from a server, A2050001000174",
        "UNSUBACK that nobody asked for, B0020001",
        "PUBREC, 50020001",
        "PUBREL, 62020001",
        "PUBCOMP, 70020001",
        "PINGREQ from a server, C000",
        "DISCONNECT from a server, E000",
        "type 15, F000",
        "CONNACK with header flags, 21020000",
        "CONNACK with reserved flags, 2002FF00",
        "CONNACK with code 6, 20020006",
        "CONNACK without content, 2000",
        "CONNACK of one byte, 200100",
        "CONNACK of three bytes, 2003000000",
        "PUBLISH of QoS 3, 3606000174000161",
        "PUBLISH of QoS 2, 3406000174000161",
        "PUBLISH of QoS 0 with DUP, 380400017461",
        "PUBLISH with an empty topic, 32050000000161",
        "PUBLISH with a topic longer than itself, 3205FFFF740001",
        "PUBLISH without room for its packet id, 3205000374000161",
        "PUBLISH with packet id 0, 3206000174000061",
        "PUBLISH too short for a topic, 300100",
        "PUBLISH with a wildcard, 32060001230001FF",
        "PUBLISH with a wildcard among others, 3011000F6162632B6465666768696A6B6C6D6E",
        "PUBLISH with NUL among others, 3012000F616263646566676869006A6B6C6D6EFF",
        "PUBLISH with a wildcard beside é, 300C000961626364C3A96566232A",
        "PUBLISH with half a character at its end, 300C000A616263646566676869C3",
        "PUBLISH with NUL in its topic, 32060001000001FF",
        "PUBLISH with an overlong NUL in its topic, 32060002C0800001",
        "PUBLISH with a surrogate in its topic, 30050003EDA080",
        "PUBLISH over the limit, 32918014",
        "PUBACK without content, 4000",
        "PUBACK with packet id 0, 40020000",
        "PUBACK with header flags, 42020001",
        "PUBACK of three bytes, 4003000100",
        "SUBACK without codes, 90020001",
        "SUBACK with two codes, 900400010000",
        "SUBACK with packet id 0, 9003000000",
        "SUBACK with header flags, 9203000100",
        "PINGRESP with content, D00100",
        "PINGRESP with header flags, D100",
        "remaining length of five octets, 32FFFFFFFF01"
    })
    void refusesWhatNoServerMaySend(String what, String hex) {
        byte[] bad = HexFormat.of().parseHex(hex);
        Recorder recorder = new Recorder();
        EmbeddedChannel channel = channel(recorder);
        ByteBuf glued = Unpooled.directBuffer().writeBytes(bad).writeBytes(stream(MqttMessage.PINGRESP));
        UpstreamException cause = assertThrows(UpstreamException.class, () -> channel.writeInbound(glued));
        assertEquals(FailureKind.PROTOCOL, cause.kind());
        assertTrue(cause.getMessage().contains("hub h:8883"), cause.getMessage());
        channel.writeInbound(Unpooled.wrappedBuffer(stream(MqttMessage.PINGRESP)));
        assertEquals(List.of(), recorder.heard, "after a violation nothing is read any more");
        channel.finishAndReleaseAll();
    }

    /** P30: at the cap. */
    @Test
    void takesThePacketThatIsJustNotTooLarge() {
        int payload = MqttFrameReader.MAX_PACKET - 4 - 3 - 2;
        assertEquals(
                1,
                read(stream(Packets.publish(1, "t", "x".repeat(payload))), 0, Unpooled.buffer())
                        .size());
    }

    /** Both parts in memory of the kind of {@code first}. */
    private static List<String> read(byte[] stream, int split, ByteBuf first) {
        Recorder recorder = new Recorder();
        EmbeddedChannel channel = channel(recorder);
        ByteBuf second = first.isDirect() ? Unpooled.directBuffer() : Unpooled.buffer();
        channel.writeInbound(first.writeBytes(stream, 0, split));
        channel.writeInbound(second.writeBytes(stream, split, stream.length - split));
        assertFalse(channel.finishAndReleaseAll());
        assertEquals(0, first.refCnt());
        assertEquals(0, second.refCnt());
        return recorder.heard;
    }

    @Test
    void tellsNothingOfARunOnceItIsDiscarded() {
        Recorder recorder = new Recorder();
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline().addLast(reader(channel, new Once(recorder, channel)));
        byte[] stream = stream(Packets.pubAck(1), Packets.pubAck(2), Packets.publish(9, "t", "abc"));
        channel.pipeline().fireChannelRead(Unpooled.directBuffer().writeBytes(stream));

        assertEquals(List.of("pubAck 1"), recorder.heard);
        channel.finishAndReleaseAll();
    }

    /** Wants to be told one PUBACK and no more. */
    private record Once(Recorder recorder, EmbeddedChannel channel) implements PacketListener {
        @Override
        public PacketListener connAck(int code, boolean sessionPresent) {
            return recorder;
        }

        @Override
        public void publish(PublishView message) {
            recorder.publish(message);
        }

        @Override
        public void pubAck(int packetId) {
            recorder.pubAck(packetId);
            channel.pipeline().removeFirst();
        }

        @Override
        public void subAck(int packetId, int code) {
            recorder.subAck(packetId, code);
        }

        @Override
        public void pingResp() {
            recorder.pingResp();
        }
    }

    private static EmbeddedChannel channel(PacketListener listener) {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.pipeline().addLast(reader(channel, listener));
        return channel;
    }

    private static MqttFrameReader reader(EmbeddedChannel channel, PacketListener listener) {
        return new MqttFrameReader(channel, WHERE, new CloudTopic("devices/d/messages/devicebound/"), listener);
    }

    private static byte[] stream(MqttMessage... packets) {
        EmbeddedChannel netty = new EmbeddedChannel(MqttEncoder.INSTANCE);
        netty.writeOutbound((Object[]) packets);
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = netty.readOutbound(); part != null; part = netty.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        return ByteBufUtil.getBytes(all);
    }
}
