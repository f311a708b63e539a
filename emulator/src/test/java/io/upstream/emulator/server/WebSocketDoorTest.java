// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebSocketDoorTest {
    private static final String PATH = "/$iothub/websocket";
    /** The example of RFC 6455 section 1.3. */
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private final EmbeddedChannel channel = new EmbeddedChannel();

    WebSocketDoorTest() {
        new WebSocketDoor(Map.of("mqtt", echo("M"), "AMQPWSB10", echo("A"))).install(channel.pipeline());
    }

    @AfterEach
    void release() {
        channel.finishAndReleaseAll();
    }

    /** Answers each buffer with the head's name and the buffer. */
    private static ProtocolHead echo(String name) {
        return pipeline -> pipeline.addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ByteBuf prefix = Unpooled.copiedBuffer(name, StandardCharsets.US_ASCII);
                ctx.writeAndFlush(Unpooled.wrappedBuffer(prefix, (ByteBuf) message));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                PATH,
                PATH + "?iothub-no-client-cert=true",
                "/%24iothub/websocket",
                "https://hub.example" + PATH + "?iothub-no-client-cert=true",
                "wss://hub.example:443" + PATH
            })
    void opensAtItsPathInEitherForm(String target) {
        String response = request(target, "mqtt");
        assertTrue(response.startsWith("HTTP/1.1 101 Switching Protocols\r\n"), response);
        assertTrue(response.toLowerCase(Locale.ROOT).contains("connection: upgrade\r\n"), response);
        assertTrue(response.toLowerCase(Locale.ROOT).contains("sec-websocket-protocol: mqtt\r\n"), response);
        assertTrue(response.contains(ACCEPT), response);
        assertFalse(response.contains("extensions"), response);
    }

    @ParameterizedTest
    @CsvSource({
        "/,404",
        "/$iothub,404",
        "/$iothub/websocket/,404",
        "https://hub.example,404",
        "https://hub.example/?/$iothub/websocket,404"
    })
    void isNowhereElse(String target, int status) {
        assertRefused(status, request(target, "mqtt"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"amqp", "MQTT", "mqtt5", ""})
    void refusesAnUnknownSubprotocol(String subprotocol) {
        assertRefused(400, request(PATH, subprotocol));
    }

    @Test
    void takesTheFirstSubprotocolThatItKnows() {
        assertTrue(request(PATH, "soap, AMQPWSB10, mqtt").contains("AMQPWSB10\r\n"));
        assertEquals("820241" + "78", exchange("8281" + "00000000" + "78"));
    }

    @ParameterizedTest
    @CsvSource({
        "Upgrade: websocket,Upgrade: h2c,400",
        "Connection: Upgrade,Connection: close,400",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==,X: y,400",
        "Sec-WebSocket-Version: 13,Sec-WebSocket-Version: 12,426",
        "GET ,POST ,400",
        "HTTP/1.1,HTTP/9,400"
    })
    void refusesARequestThatIsNoUpgrade(String part, String instead, int status) {
        assertRefused(status, send(text(PATH, "mqtt").replace(part, instead)));
    }

    @Test
    void closesWhenNoRequestComes() {
        channel.advanceTimeBy(60, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertFalse(channel.isActive());
    }

    @Test
    void carriesBytesWhateverTheFrames() {
        request(PATH, "mqtt");
        assertEquals("82044d" + "616263", exchange("8283" + "00000000" + "616263"));
        assertEquals("82024d" + "61", exchange("0281" + "00000000" + "61"));
        assertEquals("82024d" + "62", exchange("8081" + "00000000" + "62"));
        assertEquals("82044d" + "616263", exchange("8283" + "01020304" + "606060"));
    }

    @Test
    void answersPingsBetweenTheFragmentsOfAMessage() {
        request(PATH, "mqtt");
        exchange("0281" + "00000000" + "61");
        assertEquals("8a02" + "6869", exchange("8982" + "00000000" + "6869"));
        assertEquals("82024d" + "62", exchange("8081" + "00000000" + "62"));
    }

    @Test
    void takesTheInvalidStatusOfPahoAsAClose() {
        request(PATH, "mqtt");
        assertTrue(exchange("8884" + "00000000" + "31303030").startsWith("88"));
        assertFalse(channel.isActive());
    }

    @ParameterizedTest
    @CsvSource({"820161,1002", "8181" + "00000000" + "61,1003", "c281" + "00000000" + "61,1002"})
    void closesUponUnmaskedTextOrReservedBits(String frame, int status) {
        request(PATH, "mqtt");
        String answer = exchange(frame);
        assertTrue(answer.startsWith("88"), answer);
        assertEquals(status, Integer.parseInt(answer.substring(4, 8), 16));
        assertFalse(channel.isActive());
    }

    @Test
    void saysGoodbyeWhenTheHeadCloses() {
        request(PATH, "mqtt");
        channel.close();
        ByteBuf goodbye = channel.readOutbound();
        assertEquals(0x88, goodbye.getUnsignedByte(0));
        goodbye.release();
    }

    /** qpid-proton-j-extensions 1.2.4, the layer under Microsoft's SDK, spins for ever upon a read of two bytes. */
    @Test
    void sendsNoFrameForNoBytes() {
        request(PATH, "mqtt");
        boolean[] written = {false};
        channel.writeOneOutbound(Unpooled.EMPTY_BUFFER).addListener(done -> written[0] = done.isSuccess());
        channel.flushOutbound();
        assertEquals("", exchange(""));
        assertTrue(written[0]);
    }

    private String exchange(String hex) {
        channel.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
        channel.runPendingTasks();
        ByteBuf all = Unpooled.buffer();
        drain(all);
        String answer = ByteBufUtil.hexDump(all);
        all.release();
        return answer;
    }

    private void drain(ByteBuf into) {
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            into.writeBytes(part);
            part.release();
        }
    }

    private String request(String target, String subprotocol) {
        return send(text(target, subprotocol));
    }

    private static String text(String target, String subprotocol) {
        return "GET " + target + " HTTP/1.1\r\nHost: hub.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Key: " + KEY + "\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                + (subprotocol.isEmpty() ? "" : "Sec-WebSocket-Protocol: " + subprotocol + "\r\n") + "\r\n";
    }

    private String send(String request) {
        channel.writeInbound(Unpooled.copiedBuffer(request, StandardCharsets.US_ASCII));
        channel.runPendingTasks();
        ByteBuf all = Unpooled.buffer();
        drain(all);
        String response = all.toString(StandardCharsets.US_ASCII);
        all.release();
        return response;
    }

    private void assertRefused(int status, String response) {
        assertTrue(response.startsWith("HTTP/1.1 " + status + " "), response);
        assertFalse(channel.isActive());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/mqtt", "/?iothub-no-client-cert=true", "https://dps.example/mqtt"})
    void hasOtherEntrancesIfToldSo(String target) {
        for (int handlers = 3; handlers > 0; handlers--) {
            channel.pipeline().removeFirst();
        }
        new WebSocketDoor(List.of(
                        Entrance.hub(Map.of("mqtt", echo("M"))), Entrance.provisioning(Map.of("mqtt", echo("P")))))
                .install(channel.pipeline());
        assertTrue(request(target, "mqtt").startsWith("HTTP/1.1 101 "));
    }
}
