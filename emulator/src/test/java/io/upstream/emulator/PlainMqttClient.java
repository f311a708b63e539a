// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.MessageToMessageCodec;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of nothing but Netty's own parts, which shares no mistake with this project. */
final class PlainMqttClient implements AutoCloseable {
    private static final int LIMIT_SECONDS = 20;

    private final BlockingQueue<MqttMessage> received = new LinkedBlockingQueue<>();
    private final CountDownLatch ready = new CountDownLatch(1);
    private final Channel channel;

    private PlainMqttClient(EventLoopGroup loops, IotHubEmulator hub, SslContext tls, boolean webSocket)
            throws InterruptedException {
        int port = webSocket ? hub.wsPort() : hub.mqttPort();
        channel = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel opened) {
                        ChannelPipeline pipeline = opened.pipeline();
                        pipeline.addLast(tls.newHandler(opened.alloc(), "localhost", port));
                        if (webSocket) {
                            pipeline.addLast(
                                    new HttpClientCodec(),
                                    new HttpObjectAggregator(65_536),
                                    upgrade(port),
                                    new Frames());
                        }
                        pipeline.addLast(new MqttDecoder(1_000_000), MqttEncoder.INSTANCE, new Inbox());
                    }
                })
                .connect(hub.host(), port)
                .sync()
                .channel();
        if (webSocket && !ready.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("no upgrade within " + LIMIT_SECONDS + " s");
        }
    }

    static PlainMqttClient connect(EventLoopGroup loops, IotHubEmulator hub, boolean webSocket)
            throws IOException, InterruptedException {
        return connect(loops, hub, webSocket, SslContextBuilder.forClient());
    }

    /** @param tls may bring a client certificate; whom to trust is added here */
    static PlainMqttClient connect(EventLoopGroup loops, IotHubEmulator hub, boolean webSocket, SslContextBuilder tls)
            throws IOException, InterruptedException {
        SslContext context = tls.trustManager(hub.trustBundle().toFile())
                .endpointIdentificationAlgorithm("HTTPS")
                .build();
        return new PlainMqttClient(loops, hub, context, webSocket);
    }

    private static WebSocketClientProtocolHandler upgrade(int port) {
        return new WebSocketClientProtocolHandler(
                URI.create("wss://localhost:" + port + "/$iothub/websocket"),
                WebSocketVersion.V13,
                "mqtt",
                true,
                new DefaultHttpHeaders(),
                1_048_576);
    }

    void send(MqttMessage message) {
        channel.writeAndFlush(message);
    }

    MqttMessage receive() throws InterruptedException {
        MqttMessage message = received.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (message == null) {
            throw new AssertionError("no packet within " + LIMIT_SECONDS + " s");
        }
        return message;
    }

    void awaitClose() {
        if (!channel.closeFuture().awaitUninterruptibly(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("not closed within " + LIMIT_SECONDS + " s");
        }
    }

    @Override
    public void close() {
        channel.close().awaitUninterruptibly(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private final class Inbox extends SimpleChannelInboundHandler<MqttMessage> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, MqttMessage message) {
            received.add(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
                ready.countDown();
            }
            ReferenceCountUtil.release(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close(); // a reset is one of the ways in which the hub ends a connection
        }
    }

    private static final class Frames extends MessageToMessageCodec<BinaryWebSocketFrame, ByteBuf> {
        @Override
        protected void encode(ChannelHandlerContext ctx, ByteBuf bytes, List<Object> out) {
            out.add(new BinaryWebSocketFrame(bytes.retain()));
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, BinaryWebSocketFrame frame, List<Object> out) {
            out.add(frame.content().retain());
        }
    }
}
