// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The opening handshake of RFC 6455 on any path, then WebSocket frames. Grants the first subprotocol that is asked for: {@code mqtt…} is
 * MQTT, everything else AMQP.
 */
final class WebSocketUpgrade implements SinkProtocol {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int END_OF_HEAD = 0x0D0A0D0A;
    private static final int LONGEST_HEAD = 8_192;

    private final Counters counters;
    private final ByteBuf head = Unpooled.buffer(512, LONGEST_HEAD);
    private int lastFour;
    private @Nullable WebSocketFrames frames;

    WebSocketUpgrade(Counters counters) {
        this.counters = counters;
    }

    @Override
    public void feed(ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        while (frames == null && in.isReadable()) {
            if (!head.isWritable(1)) {
                throw new ProtocolViolation("an upgrade request of more than " + LONGEST_HEAD + " bytes");
            }
            byte octet = in.readByte();
            head.writeByte(octet);
            lastFour = (lastFour << 8) | (octet & 0xFF);
            if (lastFour == END_OF_HEAD) {
                upgrade(head.toString(StandardCharsets.ISO_8859_1), answers);
            }
        }
        if (frames != null) {
            frames.feed(in, answers);
        }
    }

    private void upgrade(String request, ByteBuf answers) throws ProtocolViolation {
        Map<String, String> fields = new HashMap<>();
        request.lines().skip(1).filter(line -> line.contains(":")).forEach(line -> {
            int colon = line.indexOf(':');
            fields.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        });
        String key = fields.get("sec-websocket-key");
        if (key == null) {
            throw new ProtocolViolation("a request that is no WebSocket upgrade");
        }
        String protocol = fields.getOrDefault("sec-websocket-protocol", "")
                .split(",", -1)[0]
                .strip();
        String answer =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                        + accept(key) + "\r\n"
                        + (protocol.isEmpty() ? "" : "Sec-WebSocket-Protocol: " + protocol + "\r\n") + "\r\n";
        answers.writeCharSequence(answer, StandardCharsets.ISO_8859_1);
        frames = new WebSocketFrames(
                protocol.toLowerCase(Locale.ROOT).startsWith("mqtt") ? new MqttSink(counters) : new AmqpSink(counters));
    }

    private static String accept(String key) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            return Base64.getEncoder().encodeToString(sha1.digest((key + GUID).getBytes(StandardCharsets.ISO_8859_1)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-1", e);
        }
    }

    @Override
    public void endOfRead(ByteBuf answers) {
        if (frames != null) {
            frames.endOfRead(answers);
        }
    }

    @Override
    public boolean isOver() {
        return frames != null && frames.isOver();
    }

    @Override
    public void release() {
        head.release();
        if (frames != null) {
            frames.release();
        }
    }
}
