// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketHandshakeException;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for the upgrade request, answers it and makes room for the head. */
final class WebSocketUpgrade extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(WebSocketUpgrade.class);
    /** As long as the hub waits for a first MQTT packet. */
    private static final int REQUEST_SECONDS = 60;
    /** Room for the largest message of either protocol in one frame. */
    private static final int MAX_FRAME = 1024 * 1024;

    private final List<Entrance> entrances;
    private final List<HttpApi> apis;
    private @Nullable Future<?> deadline;

    WebSocketUpgrade(List<Entrance> entrances, List<HttpApi> apis) {
        this.entrances = entrances;
        this.apis = apis;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        deadline = ctx.executor().schedule(() -> ctx.close(), REQUEST_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            refuse(ctx, HttpResponseStatus.BAD_REQUEST, "the request is not HTTP/1.1");
            return;
        }
        Entrance entrance = entrance(request);
        if (entrance == null) {
            enterApi(ctx, request);
            return;
        }
        if (!asksForUpgrade(request)) {
            refuse(ctx, HttpResponseStatus.BAD_REQUEST, "the request does not ask for an upgrade to websocket");
            return;
        }
        String subprotocol = subprotocol(request, entrance);
        if (subprotocol == null) {
            refuse(
                    ctx,
                    HttpResponseStatus.BAD_REQUEST,
                    "Sec-WebSocket-Protocol names none of " + entrance.heads().keySet());
            return;
        }
        upgrade(ctx, request, entrance, subprotocol);
    }

    private static boolean asksForUpgrade(FullHttpRequest request) {
        return request.method().equals(HttpMethod.GET)
                && request.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)
                && request.headers().containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true);
    }

    /** All but the hub's own are nothing to a request that does not ask for an upgrade. */
    private @Nullable Entrance entrance(FullHttpRequest request) {
        String path = path(request.uri());
        for (Entrance each : entrances) {
            if (each.paths().contains(path) && (each.paths().contains(Entrance.HUB) || asksForUpgrade(request))) {
                return each;
            }
        }
        return null;
    }

    private void enterApi(ChannelHandlerContext ctx, FullHttpRequest request) {
        for (HttpApi each : apis) {
            if (each.serves(request.uri())) {
                ctx.pipeline().replace(this, null, each.newHandler());
                ctx.fireChannelRead(request.retain());
                return;
            }
        }
        refuse(ctx, HttpResponseStatus.NOT_FOUND, "there is nothing at this path; WebSocket is at " + Entrance.HUB);
    }

    /** Origin form and absolute form (RFC 9112 section 3.2); proton-j's WebSocket layer sends the latter. */
    private static String path(String target) {
        String path = target;
        int scheme = target.indexOf("://");
        if (scheme > 0 && !target.startsWith("/")) {
            int slash = target.indexOf('/', scheme + 3);
            path = slash < 0 ? "/" : target.substring(slash);
        }
        int query = path.indexOf('?');
        return query < 0 ? path : path.substring(0, query);
    }

    private static @Nullable String subprotocol(FullHttpRequest request, Entrance entrance) {
        for (String line : request.headers().getAll(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL)) {
            for (String offered : line.split(",", -1)) {
                if (entrance.heads().containsKey(offered.strip())) {
                    return offered.strip();
                }
            }
        }
        return null;
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request, Entrance entrance, String subprotocol) {
        WebSocketServerHandshaker handshaker = new WebSocketServerHandshakerFactory(
                        "wss://hub" + Entrance.HUB, subprotocol, config())
                .newHandshaker(request);
        if (handshaker == null) {
            FullHttpResponse response = response(
                    new HttpResponseStatus(426, "Upgrade Required"),
                    "only version 13 of the WebSocket protocol is spoken");
            response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13");
            ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        try {
            handshaker.handshake(ctx.channel(), request).addListener(done -> {
                if (done.isSuccess()) {
                    enter(ctx, subprotocol, entrance.heads().get(subprotocol));
                } else {
                    ctx.close();
                }
            });
        } catch (WebSocketHandshakeException e) {
            refuse(ctx, HttpResponseStatus.BAD_REQUEST, "the upgrade request lacks a valid Sec-WebSocket-Key");
        }
    }

    private static WebSocketDecoderConfig config() {
        return WebSocketDecoderConfig.newBuilder()
                .maxFramePayloadLength(MAX_FRAME)
                .expectMaskedFrames(true)
                .allowMaskMismatch(false)
                .allowExtensions(false)
                .closeOnProtocolViolation(true)
                .build();
    }

    private void enter(ChannelHandlerContext ctx, String subprotocol, @Nullable ProtocolHead head) {
        if (head == null || !ctx.channel().isActive()) {
            ctx.close();
            return;
        }
        LOG.debug("{} upgraded to {}", ctx.channel(), subprotocol);
        ctx.pipeline().addLast(new WebSocketBytes());
        head.install(ctx.pipeline());
        ctx.pipeline().remove(this);
    }

    private static void refuse(ChannelHandlerContext ctx, HttpResponseStatus status, String why) {
        LOG.debug("{} refused with {}: {}", ctx.channel(), status, why);
        ctx.writeAndFlush(response(status, why)).addListener(ChannelFutureListener.CLOSE);
    }

    private static FullHttpResponse response(HttpResponseStatus status, String why) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(why + "\n", StandardCharsets.UTF_8));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed before its upgrade: {}", ctx.channel(), cause.toString());
        ctx.close();
    }
}
