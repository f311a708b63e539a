// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The stage in an attempt over loopback sockets, against Netty's own WebSocket server. */
class WebSocketConnectTest {
    private static final String PATH = "/$iothub/websocket";

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(2).build();
    private final BlockingQueue<Object> atServer = new LinkedBlockingQueue<>();
    private final Bytes bytes = new Bytes();

    @AfterEach
    void closeTheRuntime() {
        runtime.close();
    }

    @Test
    void carriesBytesBothWaysThroughNettysServer() throws Exception {
        Channel client = connect(serve(new NettyServer(PATH)), PATH).get(10, TimeUnit.SECONDS);
        byte[] sent = ServerFrames.pattern(200_000);
        for (int at = 0; at < sent.length; at += 40_000) {
            client.write(Unpooled.copiedBuffer(sent, at, 40_000));
        }
        client.flush();
        assertArrayEquals(sent, bytes.await(sent.length));
        client.close().get(10, TimeUnit.SECONDS);
        assertEquals("close 1000", atServer.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void answersThePingOfNettysServer() throws Exception {
        Channel client = connect(serve(new NettyServer(PATH)), PATH).get(10, TimeUnit.SECONDS);
        client.writeAndFlush(Unpooled.copiedBuffer("ping me", StandardCharsets.US_ASCII));
        assertEquals("pong heart", atServer.poll(10, TimeUnit.SECONDS));
        client.close().get(10, TimeUnit.SECONDS);
    }

    @Test
    void tellsTheLayerAboveWhyNettysServerCloses() throws Exception {
        Channel client = connect(serve(new NettyServer(PATH)), PATH).get(10, TimeUnit.SECONDS);
        client.writeAndFlush(Unpooled.copiedBuffer("close me", StandardCharsets.US_ASCII));
        Throwable error = bytes.error.get(10, TimeUnit.SECONDS);
        assertEquals(
                FailureKind.SERVER_ERROR,
                assertInstanceOf(UpstreamException.class, error).kind());
        assertTrue(String.valueOf(error.getMessage()).contains("saying 'out of order'"), error::getMessage);
        assertTrue(client.closeFuture().await(10, TimeUnit.SECONDS));
    }

    @Test
    void failsTheAttemptAtAPathThatTheServerDoesNotHave() throws Exception {
        CompletableFuture<Channel> attempt = connect(serve(new NettyServer("/elsewhere")), PATH);
        ExecutionException thrown = assertThrows(ExecutionException.class, () -> attempt.get(10, TimeUnit.SECONDS));
        UpstreamException error = assertInstanceOf(UpstreamException.class, thrown.getCause());
        assertEquals(FailureKind.WS_REJECTED, error.kind());
        assertTrue(String.valueOf(error.getMessage()).contains("404"), error::getMessage);
    }

    @Test
    void passesOnBytesThatAreGluedToThe101() throws Exception {
        byte[] frames = ServerFrames.join(
                ServerFrames.ping("early"), ServerFrames.binary(ServerFrames.ascii("glued")), new byte[] {(byte) 0x82});
        Channel client = connect(serve(new GluingServer(frames)), PATH).get(10, TimeUnit.SECONDS);
        assertArrayEquals(ServerFrames.ascii("glued"), bytes.await(5));
        client.close().get(10, TimeUnit.SECONDS);
    }

    @Test
    void failsTheAttemptWhenTheGluedBytesBreakTheRules() throws Exception {
        byte[] masked = ServerFrames.octets(0x82, 0x81, 1, 2, 3, 4, 5);
        CompletableFuture<Channel> attempt = connectAndWait(serve(new GluingServer(masked)));
        ExecutionException thrown = assertThrows(ExecutionException.class, () -> attempt.get(10, TimeUnit.SECONDS));
        UpstreamException error = assertInstanceOf(UpstreamException.class, thrown.getCause());
        assertEquals(FailureKind.PROTOCOL, error.kind());
        assertEquals("websocket", error.stage());
    }

    private CompletableFuture<Channel> connect(HostPort server, String path) {
        return attempt(server, path, new LayerAbove(CompletableFuture.completedFuture(null)));
    }

    /** The layer above never gets as far as being established. */
    private CompletableFuture<Channel> connectAndWait(HostPort server) {
        return attempt(server, PATH, new LayerAbove(new CompletableFuture<>()));
    }

    private CompletableFuture<Channel> attempt(HostPort server, String path, ConnectStage above) {
        return ConnectAttempt.start(
                        runtime,
                        Duration.ofSeconds(20),
                        () -> ConnectPlan.to(server)
                                .then(new WebSocketStage(server, path, "mqtt"))
                                .then(above))
                .outcome()
                .toCompletableFuture();
    }

    private HostPort serve(ChannelHandler child) throws Exception {
        Channel listening = new ServerBootstrap()
                .group(runtime.unwrap(EventLoopGroup.class))
                .channel(NioServerSocketChannel.class)
                .childHandler(child)
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        return new HostPort("127.0.0.1", ((InetSocketAddress) listening.localAddress()).getPort());
    }

    private final class LayerAbove implements ConnectStage {
        private final CompletionStage<Void> up;

        LayerAbove(CompletionStage<Void> up) {
            this.up = up;
        }

        @Override
        public String name() {
            return "mqtt";
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            PipelineNames.append(channel.pipeline(), PipelineNames.CODEC, bytes);
            return up;
        }
    }

    /** Collects what the frames' handler passes up. */
    private static final class Bytes extends ChannelInboundHandlerAdapter {
        final CompletableFuture<Throwable> error = new CompletableFuture<>();
        private final BlockingQueue<Byte> received = new LinkedBlockingQueue<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            byte[] copy = new byte[in.readableBytes()];
            in.readBytes(copy);
            in.release();
            for (byte octet : copy) {
                received.add(octet);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            error.complete(cause);
            if (ctx.pipeline().context(PipelineNames.GUARD) != null) {
                ctx.fireExceptionCaught(cause);
            }
        }

        byte[] await(int count) throws InterruptedException {
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++) {
                Byte next = received.poll(10, TimeUnit.SECONDS);
                assertTrue(next != null, "bytes missing from " + i);
                bytes[i] = next;
            }
            return bytes;
        }
    }

    /** Sends binary frames back, cut in two fragments; pings and closes when it is asked to. */
    private final class NettyServer extends ChannelInitializer<Channel> {
        private final WebSocketServerProtocolConfig config;

        NettyServer(String path) {
            config = WebSocketServerProtocolConfig.newBuilder()
                    .websocketPath(path)
                    .subprotocols("mqtt")
                    .allowExtensions(true)
                    .maxFramePayloadLength(1 << 20)
                    .handleCloseFrames(false)
                    .dropPongFrames(false)
                    .build();
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline()
                    .addLast(
                            new HttpServerCodec(),
                            new HttpObjectAggregator(65_536),
                            new WebSocketServerProtocolHandler(config),
                            new Echo(),
                            new NotFound());
        }
    }

    private final class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            if (frame instanceof PongWebSocketFrame) {
                atServer.add("pong " + frame.content().toString(StandardCharsets.US_ASCII));
            } else if (frame instanceof CloseWebSocketFrame close) {
                atServer.add("close " + close.statusCode());
                ctx.writeAndFlush(close.retain()).addListener(done -> ctx.close());
            } else if (frame.content().toString(StandardCharsets.US_ASCII).equals("ping me")) {
                ctx.writeAndFlush(new PingWebSocketFrame(Unpooled.copiedBuffer("heart", StandardCharsets.US_ASCII)));
            } else if (frame.content().toString(StandardCharsets.US_ASCII).equals("close me")) {
                ctx.writeAndFlush(new CloseWebSocketFrame(1011, "out of order"));
            } else {
                int half = frame.content().readableBytes() / 2;
                ctx.write(new BinaryWebSocketFrame(false, 0, frame.content().readRetainedSlice(half)));
                ctx.writeAndFlush(
                        new ContinuationWebSocketFrame(true, 0, frame.content().retainedSlice()));
            }
        }
    }

    private static final class NotFound extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            ctx.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND));
        }
    }

    /** Answers the upgrade and speaks on in the same segment. */
    private static final class GluingServer extends ChannelInitializer<Channel> {
        private final byte[] frames;

        GluingServer(byte[] frames) {
            this.frames = frames;
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                private final StringBuilder request = new StringBuilder();

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
                    ByteBuf in = (ByteBuf) message;
                    request.append(in.toString(StandardCharsets.ISO_8859_1));
                    in.release();
                    if (request.indexOf("\r\n\r\n") > 0) {
                        byte[] head = answer(request.toString()).getBytes(StandardCharsets.US_ASCII);
                        request.setLength(0);
                        ctx.writeAndFlush(Unpooled.wrappedBuffer(head, frames));
                    }
                }
            });
        }

        private static String answer(String request) throws Exception {
            String field = "Sec-WebSocket-Key: ";
            int start = request.indexOf(field) + field.length();
            String key = request.substring(start, request.indexOf("\r\n", start));
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            return StageFixture.OK.replace("{accept}", Base64.getEncoder().encodeToString(digest));
        }
    }
}
