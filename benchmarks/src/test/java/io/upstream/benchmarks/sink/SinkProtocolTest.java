// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import static io.upstream.benchmarks.sink.Wire.amqpFrame;
import static io.upstream.benchmarks.sink.Wire.amqpHello;
import static io.upstream.benchmarks.sink.Wire.amqpMessage;
import static io.upstream.benchmarks.sink.Wire.amqpTransfer;
import static io.upstream.benchmarks.sink.Wire.hex;
import static io.upstream.benchmarks.sink.Wire.join;
import static io.upstream.benchmarks.sink.Wire.mqttConnect;
import static io.upstream.benchmarks.sink.Wire.mqttPublish;
import static io.upstream.benchmarks.sink.Wire.payload;
import static io.upstream.benchmarks.sink.Wire.webSocket;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the three protocols of the sink make of bytes, whole and cut at every place. */
class SinkProtocolTest {
    private static final byte[] UPGRADE = String.join(
                    "\r\n",
                    "GET https://h/$iothub/websocket HTTP/1.1",
                    "Host: h",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    "Sec-WebSocket-Protocol: mqtt",
                    "",
                    "")
            .getBytes(StandardCharsets.US_ASCII);

    private final Counters counters = new Counters();

    /** A conversation: what the peer says, how much of it counts, and what the sink's last words are. */
    private static final class Talk {
        private final String name;
        private final Function<Counters, SinkProtocol> protocol;
        private final byte[] said;
        private final int intact;
        private final int damaged;
        private final byte[] ending;

        private Talk(
                String name,
                Function<Counters, SinkProtocol> protocol,
                byte[] said,
                int intact,
                int damaged,
                byte[] ending) {
            this.name = name;
            this.protocol = protocol;
            this.said = said;
            this.intact = intact;
            this.damaged = damaged;
            this.ending = ending;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Talk> talks() {
        byte[] damagedPayload = payload(0);
        damagedPayload[700] ^= 1;
        byte[] message = amqpMessage(payload(0));
        byte[] publish = mqttPublish(1, payload(0));
        return List.of(
                new Talk(
                        "MQTT with a ping in between",
                        MqttSink::new,
                        join(mqttConnect(), mqttPublish(1, payload(0)), hex("C000"), mqttPublish(2, payload(1))),
                        2,
                        0,
                        hex("20020000 40020001 D000 40020002")),
                new Talk(
                        "MQTT, a message twice and one damaged",
                        MqttSink::new,
                        join(mqttPublish(1, payload(0)), mqttPublish(2, payload(0)), mqttPublish(3, damagedPayload)),
                        1,
                        2,
                        hex("40020001 40020002 40020003")),
                new Talk(
                        "MQTT, one message overtakes another",
                        MqttSink::new,
                        join(mqttPublish(1, payload(1)), mqttPublish(2, payload(0)), mqttPublish(3, payload(2))),
                        3,
                        0,
                        hex("40020001 40020002 40020003")),
                new Talk(
                        "MQTT subscriptions",
                        MqttSink::new,
                        hex("82 08 0007 0003 612F23 01 A2 07 0008 0003 612F23"),
                        0,
                        0,
                        hex("9003 0007 00 B002 0008")),
                new Talk(
                        "MQTT in WebSocket frames that cut packets",
                        WebSocketUpgrade::new,
                        join(
                                UPGRADE,
                                webSocket(2, mqttConnect()),
                                webSocket(2, Arrays.copyOfRange(publish, 0, 501)),
                                webSocket(9, hex("0102")),
                                webSocket(0, Arrays.copyOfRange(publish, 501, publish.length))),
                        1,
                        0,
                        hex("40020001")),
                new Talk(
                        "AMQP, two messages",
                        AmqpSink::new,
                        join(
                                amqpHello(),
                                amqpTransfer(0, false, message),
                                amqpTransfer(1, false, amqpMessage(payload(1)))),
                        2,
                        0,
                        hex("00532445")),
                new Talk(
                        "AMQP, a message in three transfers",
                        AmqpSink::new,
                        join(
                                amqpHello(),
                                amqpTransfer(0, true, Arrays.copyOfRange(message, 0, 10)),
                                amqpTransfer(0, true, Arrays.copyOfRange(message, 10, 600)),
                                amqpTransfer(0, false, Arrays.copyOfRange(message, 600, message.length))),
                        1,
                        0,
                        hex("00532445")),
                new Talk(
                        "AMQP with SASL",
                        AmqpSink::new,
                        join(
                                hex("414D5150 03 010000"),
                                saslFrame("00 53 41 C0 0C 01 A3 09 414E4F4E594D4F5553"),
                                amqpHello()),
                        0,
                        0,
                        hex("70 00002710")));
    }

    private static byte[] saslFrame(String body) {
        byte[] frame = amqpFrame(0, hex(body));
        frame[5] = 1;
        return frame;
    }

    @ParameterizedTest
    @MethodSource("talks")
    void understandsTheWhole(Talk talk) throws ProtocolViolation {
        assertHears(talk, List.<byte[]>of(talk.said));
    }

    @ParameterizedTest
    @MethodSource("talks")
    void understandsItCutAtEveryByte(Talk talk) throws ProtocolViolation {
        for (int cut = 1; cut < talk.said.length; cut++) {
            assertHears(
                    talk,
                    List.of(
                            Arrays.copyOfRange(talk.said, 0, cut),
                            Arrays.copyOfRange(talk.said, cut, talk.said.length)));
        }
    }

    @ParameterizedTest
    @MethodSource("talks")
    void understandsItByteByByte(Talk talk) throws ProtocolViolation {
        assertHears(
                talk,
                IntStream.range(0, talk.said.length)
                        .mapToObj(i -> new byte[] {talk.said[i]})
                        .toList());
    }

    private static void assertHears(Talk talk, List<byte[]> pieces) throws ProtocolViolation {
        Counters counters = new Counters();
        SinkProtocol protocol = talk.protocol.apply(counters);
        ByteBuf answers = Unpooled.buffer();
        for (byte[] piece : pieces) {
            ByteBuf in = Unpooled.wrappedBuffer(piece.clone());
            protocol.feed(in, answers);
            assertEquals(0, in.readableBytes());
            in.release();
        }
        protocol.endOfRead(answers);
        protocol.release();
        assertEquals(talk.intact, counters.intactCount());
        assertEquals(talk.damaged, counters.damagedCount());
        byte[] all = Wire.drained(answers);
        assertArrayEquals(talk.ending, Arrays.copyOfRange(all, all.length - talk.ending.length, all.length));
    }

    @Test
    void acceptsARangeOfTransfersAtOnce() throws ProtocolViolation {
        AmqpSink sink = new AmqpSink(counters);
        ByteBuf answers = Unpooled.buffer();
        sink.feed(Unpooled.wrappedBuffer(amqpHello()), answers);
        answers.clear();
        for (int i = 0; i < 5; i++) {
            byte[] transfer = amqpTransfer(i, false, amqpMessage(payload(i)));
            ByteBuf in = Unpooled.directBuffer().writeBytes(transfer);
            sink.feed(in, answers);
            in.release();
        }
        sink.endOfRead(answers);
        sink.release();
        assertArrayEquals(
                amqpFrame(0, hex("00 53 15 C0 11 05 41 70 00000000 70 00000004 41 00 53 24 45")),
                Wire.drained(answers));
    }

    @Test
    void grantsATokenUnderTheIdOfTheRequest() throws ProtocolViolation {
        AmqpSink sink = new AmqpSink(counters);
        ByteBuf answers = Unpooled.buffer();
        byte[] link = hex("A1 04 24636273");
        byte[] fromCbs =
                join(hex("00 53 12 C0 1B 07 A1 01 72 43 41 40 40 00 53 28 C0 07 01"), link, hex("00 53 29 45"));
        byte[] toCbs = join(hex("00 53 12 C0 1C 07 A1 01 73 52 01 42 40 40 00 53 28 45 00 53 29 C0 07 01"), link);
        byte[] transfer = hex(
                "00 53 14 C0 0A 05 52 01 43 A0 01 00 43 41 00 53 73 C0 0A 01 A1 07 6D6573736167 65 00 53 77 A1 01 74");
        sink.feed(
                Unpooled.wrappedBuffer(
                        join(amqpHello(), amqpFrame(0, fromCbs), amqpFrame(0, toCbs), amqpFrame(0, transfer))),
                answers);
        sink.release();
        String said = answers.toString(StandardCharsets.ISO_8859_1);
        assertEquals(1, said.split("status-code", -1).length - 1);
        assertEquals(1, said.split("message", -1).length - 1);
    }

    static List<byte[]> nonsense() {
        return List.of(
                hex("F0 00"),
                hex("30 04 0001 61 62"),
                hex("32 04 00FF 0001"),
                hex("10 FF FF FF FF FF"),
                hex("82 02 0001"));
    }

    @ParameterizedTest
    @MethodSource("nonsense")
    void refusesWhatIsNoMqtt(byte[] bytes) {
        MqttSink sink = new MqttSink(counters);
        assertThrows(ProtocolViolation.class, () -> sink.feed(Unpooled.wrappedBuffer(bytes), Unpooled.buffer()));
        sink.release();
    }

    @Test
    void refusesTransfersWithoutALink() {
        AmqpSink sink = new AmqpSink(counters);
        byte[] transfer = amqpTransfer(0, false, amqpMessage(payload(0)));
        assertThrows(ProtocolViolation.class, () -> sink.feed(Unpooled.wrappedBuffer(transfer), Unpooled.buffer()));
        sink.release();
    }
}
