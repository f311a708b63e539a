// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.FailureKind;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.frame.WriteBatch;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PublishEncoderTest {
    private static final CloudTopic CLOUD = new CloudTopic("devices/d/messages/devicebound/");
    private static final Dialect HUB = new Dialect("devices/d/messages/events/", true, true, CLOUD);
    private static final Dialect BROKER = new Dialect("devices/d/messages/events/", true, false, CLOUD);
    private static final Dialect OWN_TOPIC = new Dialect("site/a", false, false, CLOUD);

    @Test
    void writesWhatNettyReads() throws UpstreamException {
        Random random = new Random(7);
        for (int i = 0; i < 2_000; i++) {
            Telemetry message = anyMessage(random);
            int packetId = 1 + random.nextInt(65_535);
            byte[] frame = frame(HUB, message, packetId);
            assertSame(message, packetId, decode(frame, frame.length));
        }
    }

    @Test
    void writesWhatNettyReadsAtEverySplit() throws UpstreamException {
        Random random = new Random(8);
        for (int i = 0; i < 20; i++) {
            Telemetry message = anyMessage(random);
            byte[] frame = frame(HUB, message, 77);
            for (int split = 1; split < frame.length; split++) {
                assertSame(message, 77, decode(frame, split));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 95, 96, 97, 16_350, 16_353, 16_354, 16_355, 2_097_120, 2_097_121, 2_097_122, 2_097_123})
    void getsTheRemainingLengthRightAtItsBounds(int size) throws UpstreamException {
        Telemetry message = Telemetry.of(new byte[size]);
        byte[] frame = frame(BROKER, message, 1);
        assertSame(message, 1, decode(frame, frame.length));
    }

    @ParameterizedTest
    @CsvSource({"0,1", "127,1", "128,2", "16383,2", "16384,3", "2097151,3", "2097152,4", "268435455,4"})
    void knowsHowManyOctetsALengthTakes(int length, int octets) {
        assertEquals(octets, PublishHead.lengthOctets(length));
    }

    @Test
    void refusesWhatIsOneByteOverTheHubsLimitAndNamesBoth() throws UpstreamException {
        Telemetry fits = Telemetry.of(new byte[262_144 - 6]).property("k", "vé").messageId("mm");
        assertEquals(262_144, fits.size() + 6);
        frame(HUB, fits, 1);
        Telemetry over = Telemetry.of(new byte[262_144 - 5]).property("k", "vé").messageId("mm");
        UpstreamException refused = refuse(HUB, over);
        assertEquals(FailureKind.TOO_LARGE, refused.kind());
        assertTrue(
                refused.getMessage().contains("262145") && refused.getMessage().contains("262144"));
        frame(BROKER, over, 1);
    }

    @Test
    void refusesATopicThatIsTooLong() throws UpstreamException {
        int room = 65_535 - HUB.telemetryTopic().length() - 2;
        frame(HUB, Telemetry.of(new byte[1]).property("k", "x".repeat(room)), 1);
        UpstreamException refused = refuse(HUB, Telemetry.of(new byte[1]).property("k", "x".repeat(room + 1)));
        assertEquals(FailureKind.INVALID, refused.kind());
        assertTrue(refused.getMessage().contains("65536"), refused.getMessage());
    }

    @Test
    void refusesMoreThanMqttItselfCanSay() {
        ByteBuffer huge = ByteBuffer.allocate(PublishEncoder.FRAME_LIMIT - 20);
        assertEquals(FailureKind.TOO_LARGE, refuse(BROKER, Telemetry.of(huge)).kind());
    }

    @Test
    void refusesTextThatIsNotUnicode() {
        assertEquals(
                FailureKind.INVALID,
                refuse(HUB, Telemetry.of(new byte[1]).property("k", "\ud800")).kind());
    }

    @ParameterizedTest
    @ValueSource(strings = {"SEQUENCE_NUMBER", "ENQUEUED_TIME", "DELIVERY_COUNT"})
    void refusesWhatOnlyTheHubSets(SystemProperty property) {
        assertEquals(
                FailureKind.INVALID,
                refuse(HUB, Telemetry.of(new byte[1]).system(property, "1")).kind());
    }

    @Test
    void leavesSystemPropertiesBehindAtATopicOfTheApplicationsChoiceAndRefusesTheApplicationsOwn()
            throws UpstreamException {
        assertEquals(
                FailureKind.INVALID,
                refuse(OWN_TOPIC, Telemetry.json("{}").property("k", "v")).kind());
        byte[] frame = frame(OWN_TOPIC, Telemetry.json("{}"), 3);
        MqttPublishMessage read = decode(frame, frame.length);
        assertEquals("site/a", read.variableHeader().topicName());
        read.release();
    }

    @Test
    void copiesSmallPayloadsAndLinksLargeOnes() throws UpstreamException {
        for (int size : new int[] {0, WriteBatch.LINK_FROM - 1, WriteBatch.LINK_FROM, 100_000}) {
            java.util.List<ByteBuf> parts = new java.util.ArrayList<>();
            WriteBatch batch = new WriteBatch(UnpooledByteBufAllocator.DEFAULT, parts::add);
            MqttFrameWriter writer = new MqttFrameWriter(new PublishEncoder(HUB), batch);
            Telemetry message = Telemetry.of(bytes(new Random(size), size)).property("k", "v");
            writer.publish(message, 5, false);
            writer.pubAck(0x1234);
            batch.handOver();
            assertEquals(size >= WriteBatch.LINK_FROM ? 3 : 1, parts.size());
            ByteBuf all = Unpooled.wrappedBuffer(parts.toArray(new ByteBuf[0]));
            byte[] bytes = ByteBufUtil.getBytes(all);
            all.release();
            assertSame(message, 5, decode(java.util.Arrays.copyOf(bytes, bytes.length - 4), 9));
            assertEquals("40021234", ByteBufUtil.hexDump(bytes, bytes.length - 4, 4));
        }
    }

    private static Telemetry anyMessage(Random random) {
        Telemetry message = Telemetry.of(bytes(random, random.nextInt(300)));
        List<SystemProperty> system = RandomMessages.SENT;
        for (int i = random.nextInt(4); i > 0; i--) {
            message = message.system(system.get(random.nextInt(system.size())), text(random));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            message = message.property("p" + text(random), text(random));
        }
        return message;
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int[] alphabet = {'a', ' ', '%', '&', '=', '/', '+', '#', '$', 0, 0x7F, 0xE9, 0x7FF, 0x800, 0xFFFF, 0x10FFFF};
        for (int i = random.nextInt(8); i > 0; i--) {
            text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
        return text.toString();
    }

    private static byte[] bytes(Random random, int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private static UpstreamException refuse(Dialect dialect, Telemetry message) {
        PublishEncoder encoder = new PublishEncoder(dialect);
        UpstreamException refused = assertThrows(UpstreamException.class, () -> encoder.head(message, 1));
        assertEquals(
                refused.getMessage(),
                assertThrows(UpstreamException.class, () -> encoder.head(message, 2))
                        .getMessage());
        return refused;
    }

    private static byte[] frame(Dialect dialect, Telemetry message, int packetId) throws UpstreamException {
        ByteBuf out = Unpooled.buffer();
        new PublishEncoder(dialect).head(message, packetId).writeTo(out);
        out.writeBytes(message.payload());
        return ByteBufUtil.getBytes(out);
    }

    private static MqttPublishMessage decode(byte[] frame, int split) {
        EmbeddedChannel netty = new EmbeddedChannel(new MqttDecoder(3 << 20));
        netty.writeInbound(Unpooled.copiedBuffer(frame, 0, split));
        netty.writeInbound(Unpooled.copiedBuffer(frame, split, frame.length - split));
        MqttPublishMessage read = netty.readInbound();
        netty.finishAndReleaseAll();
        return read;
    }

    private static void assertSame(Telemetry message, int packetId, MqttPublishMessage read) {
        assertTrue(read.decoderResult().isSuccess());
        assertEquals(MqttQoS.AT_LEAST_ONCE, read.fixedHeader().qosLevel());
        assertEquals(packetId, read.variableHeader().packetId());
        String topic = read.variableHeader().topicName();
        assertTrue(topic.startsWith(HUB.telemetryTopic()));
        PropertyBag bag = PropertyBag.read(topic.substring(HUB.telemetryTopic().length()));
        assertEquals(message.system(), bag.system());
        assertEquals(message.properties(), bag.properties());
        assertEquals(Unpooled.wrappedBuffer(message.payload()), read.payload());
        read.release();
    }
}
