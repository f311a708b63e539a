// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.testing.Mutants;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a server sends: the same packets are heard however the bytes are cut, and the first violation ends it all. */
class MqttFrameReaderFuzzTest {
    private static final CloudTopic CLOUD = new CloudTopic("devices/d/messages/devicebound/");

    static Stream<byte[]> seeds() {
        String topic = HexFormat.of().formatHex("devices/d/messages/devicebound/%24.mid=1&k=é".getBytes(UTF_8));
        return Stream.of(
                        "20020000 90030001 01 40020001 4002FFFF D000",
                        "3006000174616263 3206000174000961 3A06000174000961",
                        "3035002D" + topic + "616263646566",
                        "3231002D" + topic + "0001",
                        "3297010003612F62" + "0102" + "00".repeat(144))
                .map(hex -> HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    @MethodSource("seeds")
    @FuzzTest
    void hearsTheSameHoweverItIsCut(byte[] input) {
        List<String> whole = heard(List.of(input), Unpooled::wrappedBuffer);
        assertEquals(whole, heard(Mutants.cut(input), Unpooled::wrappedBuffer));
        assertEquals(whole, heard(List.of(input), MqttFrameReaderFuzzTest::direct));
    }

    /** P38: MQTT. */
    @Test
    void hearsMutantsOfPackets() {
        Mutants.feed(seeds(), 3_000, this::hearsTheSameHoweverItIsCut);
    }

    /** Not from a pool, so that what is read behind its end is not by chance what lies there. */
    private static ByteBuf direct(byte[] bytes) {
        return Unpooled.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
    }

    private static List<String> heard(List<byte[]> pieces, Function<byte[], ByteBuf> memory) {
        Recorder recorder = new Recorder();
        EmbeddedChannel channel = new EmbeddedChannel();
        Where where = new Where("mqtt", "hub h:8883");
        channel.pipeline().addLast(new MqttFrameReader(channel, where, CLOUD, recorder));
        for (byte[] piece : pieces) {
            if (!channel.isOpen()) {
                break;
            }
            try {
                channel.writeInbound(memory.apply(piece));
            } catch (Exception e) {
                UpstreamException violation = assertThrows(UpstreamException.class, () -> {
                    throw e;
                });
                assertEquals(FailureKind.PROTOCOL, violation.kind());
                recorder.heard.add(violation.getMessage());
            }
        }
        channel.finishAndReleaseAll();
        return recorder.heard;
    }
}
