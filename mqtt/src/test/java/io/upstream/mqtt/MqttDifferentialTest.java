// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.util.ResourceLeakDetector;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.frame.WriteBatch;
import java.net.URLEncoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Ours against Netty's codec, in both directions, bit for bit, with frames cut anywhere. {@code -Dupstream.differential.messages=1000000}
 * runs as many messages each way; a failure names the seed, which {@code -Dupstream.differential.seed} takes.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class MqttDifferentialTest {
    private static final int MESSAGES = Integer.getInteger("upstream.differential.messages", 20_000);
    private static final Where WHERE = new Where("mqtt", "hub h:8883");
    private static final String TELEMETRY = "devices/d/messages/events/";
    private static final String CLOUD = "devices/é-1/messages/devicebound/";

    private final long seed = Long.getLong("upstream.differential.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final RandomMessages messages = new RandomMessages(random);
    private final EmbeddedChannel encoder = new EmbeddedChannel(MqttEncoder.INSTANCE);
    private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();

    /** One buffer in many is watched: to watch every access to each takes a minute. */
    @BeforeEach
    void watchSomeBuffers() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    }

    @AfterEach
    void watchAllBuffers() {
        encoder.finishAndReleaseAll();
        ResourceLeakDetector.setLevel(level);
    }

    @Test
    void writesWhatNettyWritesAndReads() {
        EmbeddedChannel decoder = new EmbeddedChannel(new MqttDecoder(1 << 20));
        List<ByteBuf> parts = new ArrayList<>();
        WriteBatch batch = new WriteBatch(UnpooledByteBufAllocator.DEFAULT, parts::add);
        PublishEncoder heads = new PublishEncoder(new Dialect(TELEMETRY, true, true, new CloudTopic(CLOUD)));
        MqttFrameWriter writer = new MqttFrameWriter(heads, batch);
        byMessages(atATime -> {
            List<MqttMessage> expected = new ArrayList<>();
            for (int i = 0; i < atATime; i++) {
                expected.add(write(writer));
            }
            batch.handOver();
            ByteBuf ours = Unpooled.wrappedBuffer(parts.toArray(new ByteBuf[0]));
            parts.clear();
            ByteBuf theirs = encode(expected);
            assertTrue(ByteBufUtil.equals(theirs, ours), "the bytes differ");
            theirs.release();
            feed(ours, decoder);
            for (MqttMessage packet : expected) {
                assertSame(packet, decoder.readInbound());
            }
            assertNull(decoder.readInbound());
        });
        decoder.finishAndReleaseAll();
    }

    /** Writes a packet with ours and gives it as Netty's. */
    private MqttMessage write(MqttFrameWriter writer) {
        int packetId = random.nextInt(1, 65_536);
        if (random.nextInt(5) == 0) {
            writer.pubAck(packetId);
            return Packets.pubAck(packetId);
        }
        Telemetry message = messages.next(40_000);
        boolean duplicate = random.nextInt(4) == 0;
        try {
            writer.publish(message, packetId, duplicate);
        } catch (UpstreamException e) {
            throw new AssertionError(message.toString(), e);
        }
        return publish(MqttQoS.AT_LEAST_ONCE, duplicate, false, TELEMETRY + bag(message), packetId, message);
    }

    /** As the hub documents it, by other means than ours. */
    private static String bag(Telemetry message) {
        List<String> pairs = new ArrayList<>();
        for (Map.Entry<SystemProperty, String> entry : message.system().entrySet()) {
            String name = encodedName(entry.getKey());
            pairs.add(name + "=" + escape(entry.getValue()));
        }
        for (Map.Entry<String, String> entry : message.properties().entrySet()) {
            pairs.add(escape(entry.getKey()) + "=" + escape(entry.getValue()));
        }
        return String.join("&", pairs);
    }

    private static String encodedName(SystemProperty property) {
        return switch (property) {
            case MESSAGE_ID -> "%24.mid";
            case CORRELATION_ID -> "%24.cid";
            case USER_ID -> "%24.uid";
            case TO -> "%24.to";
            case CONTENT_TYPE -> "%24.ct";
            case CONTENT_ENCODING -> "%24.ce";
            case EXPIRY_TIME -> "%24.exp";
            case CREATION_TIME -> "%24.ctime";
            case OUTPUT_NAME -> "%24.on";
            case INTERFACE_ID -> "%24.ifid";
            case COMPONENT -> "%24.sub";
            case MESSAGE_SCHEMA -> "%24.schema";
            case ACK -> "iothub-ack";
            default -> throw new AssertionError(property);
        };
    }

    private static String escape(String text) {
        return URLEncoder.encode(text, UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~");
    }

    private static void assertSame(MqttMessage expected, MqttMessage read) {
        assertTrue(read.decoderResult().isSuccess());
        assertEquals(expected.fixedHeader().messageType(), read.fixedHeader().messageType());
        if (read instanceof MqttPublishMessage publish) {
            assertEquals(
                    ((MqttPublishMessage) expected).variableHeader().topicName(),
                    publish.variableHeader().topicName());
            publish.release();
        }
    }

    @Test
    void readsWhatNettyWrites() {
        Expectations expected = new Expectations();
        EmbeddedChannel reader = new EmbeddedChannel();
        reader.pipeline().addLast(new MqttFrameReader(reader, WHERE, expected.cloud, expected));
        byMessages(atATime -> {
            List<MqttMessage> packets = new ArrayList<>();
            for (int i = 0; i < atATime; i++) {
                packets.add(anyInbound(expected));
            }
            feed(encode(packets), reader);
            assertEquals(0, expected.due.size(), "packets that were not heard");
        });
        reader.finishAndReleaseAll();
    }

    private MqttMessage anyInbound(Expectations expected) {
        int packetId = random.nextInt(1, 65_536);
        return switch (random.nextInt(12)) {
            case 0, 1, 2, 3 -> {
                expected.due.add("pubAck " + packetId);
                yield Packets.pubAck(packetId);
            }
            case 4 -> {
                int code = random.nextInt(3);
                expected.due.add("subAck " + packetId + " " + code);
                yield Packets.subAck(packetId, code);
            }
            case 5 -> {
                expected.due.add("pingResp");
                yield MqttMessage.PINGRESP;
            }
            default -> anyPublish(expected, packetId);
        };
    }

    private MqttMessage anyPublish(Expectations expected, int packetId) {
        Telemetry message = messages.next(40_000);
        MqttQoS qos = random.nextBoolean() ? MqttQoS.AT_LEAST_ONCE : MqttQoS.AT_MOST_ONCE;
        boolean duplicate = qos == MqttQoS.AT_LEAST_ONCE && random.nextInt(10) == 0;
        String topic = anyTopic(message);
        expected.due.add(qos == MqttQoS.AT_MOST_ONCE ? 0 : packetId);
        expected.due.add(topic);
        expected.due.add(message);
        return publish(qos, duplicate, random.nextInt(20) == 0, topic, packetId, message);
    }

    private String anyTopic(Telemetry message) {
        return switch (random.nextInt(10)) {
            case 0 -> "x" + messages.text(0, 40).replaceAll("[\0#+]", "");
            case 1 -> CLOUD.substring(0, random.nextInt(1, CLOUD.length()));
            case 2 -> "devices/other/messages/devicebound/" + bag(message);
            default -> CLOUD + bag(message);
        };
    }

    /** Compares what is heard with what is due. */
    private static final class Expectations implements PacketListener {
        private final Queue<Object> due = new ArrayDeque<>();
        private final CloudTopic cloud = new CloudTopic(CLOUD);

        @Override
        public PacketListener connAck(int code, boolean sessionPresent) {
            throw new AssertionError("a CONNACK");
        }

        @Override
        public void publish(PublishView heard) {
            assertEquals(due.poll(), heard.packetId());
            String topic = (String) due.remove();
            assertEquals(topic, heard.topic(0));
            Telemetry message = (Telemetry) due.remove();
            assertTrue(ByteBufUtil.equals(Unpooled.wrappedBuffer(message.payload()), heard.payload()), "the payload");
            assertEquals(message.size(), heard.payloadLength());
            boolean bare = CLOUD.equals(topic + "/");
            assertEquals(topic.startsWith(CLOUD) || bare, cloud.bagAt(heard) >= 0);
            if (topic.startsWith(CLOUD)) {
                PropertyBag bag = PropertyBag.read(heard.topic(cloud.bagAt(heard)));
                assertEquals(message.system(), bag.system());
                assertEquals(message.properties(), bag.properties());
            }
        }

        @Override
        public void pubAck(int packetId) {
            assertEquals(due.poll(), "pubAck " + packetId);
        }

        @Override
        public void subAck(int packetId, int code) {
            assertEquals(due.poll(), "subAck " + packetId + " " + code);
        }

        @Override
        public void pingResp() {
            assertEquals(due.poll(), "pingResp");
        }
    }

    private static MqttPublishMessage publish(
            MqttQoS qos, boolean duplicate, boolean retained, String topic, int packetId, Telemetry message) {
        return new MqttPublishMessage(
                new MqttFixedHeader(MqttMessageType.PUBLISH, duplicate, qos, retained, 0),
                new MqttPublishVariableHeader(topic, packetId),
                Unpooled.wrappedBuffer(message.payload()));
    }

    private ByteBuf encode(List<MqttMessage> packets) {
        encoder.writeOutbound(packets.toArray());
        List<ByteBuf> parts = new ArrayList<>();
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            parts.add(part);
        }
        return Unpooled.wrappedBuffer(parts.size(), parts.toArray(new ByteBuf[0]));
    }

    /** In pieces of any size, as they come from a socket or out of WebSocket frames. */
    private void feed(ByteBuf stream, EmbeddedChannel reader) {
        while (stream.isReadable()) {
            int most = random.nextInt(4) == 0 ? 8 : 4_000;
            reader.writeInbound(stream.readRetainedSlice(Math.min(stream.readableBytes(), 1 + random.nextInt(most))));
        }
        stream.release();
    }

    private void byMessages(Consumer<Integer> run) {
        int done = 0;
        try {
            while (done < MESSAGES) {
                int atATime = random.nextInt(1, 60);
                run.accept(atATime);
                done += atATime;
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("after " + done + " messages with upstream.differential.seed=" + seed, e);
        }
    }
}
