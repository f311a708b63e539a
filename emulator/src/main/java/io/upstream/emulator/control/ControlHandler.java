// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers one connection's requests in their order. */
final class ControlHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(ControlHandler.class);
    private static final int NOT_FOUND = 404_000;
    private static final int NOT_ALLOWED = 405_000;

    private final HubCore hub;
    private final IdentityRequests identities;
    private final CloudMessageRequests messages;
    private @Nullable TelemetryStream stream;

    ControlHandler(HubCore hub) {
        this.hub = hub;
        this.identities = new IdentityRequests(hub);
        this.messages = new CloudMessageRequests(hub);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (stream != null) {
            // An answer cannot overtake the stream, and waiting for its end may be forever.
            ctx.close();
            return;
        }
        boolean keepAlive =
                HttpUtil.isKeepAlive(request) && request.decoderResult().isSuccess();
        FullHttpResponse response = answer(ctx, request);
        if (response == null) {
            return;
        }
        HttpUtil.setKeepAlive(response, keepAlive);
        ChannelFuture written = ctx.writeAndFlush(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Gives {@code null} if a stream answers instead. */
    private @Nullable FullHttpResponse answer(ChannelHandlerContext ctx, FullHttpRequest request) {
        try {
            if (request.decoderResult().isFailure()) {
                throw new HubException(HubError.MALFORMED, "the request is not HTTP/1.1");
            }
            return route(ctx, request, Route.of(request.uri()));
        } catch (HubException e) {
            return Replies.error(e);
        } catch (RuntimeException e) {
            LOG.warn("{} {} failed", request.method(), request.uri(), e);
            return Replies.error(new HubException(HubError.INTERNAL, "the emulator failed, see its log"));
        }
    }

    private @Nullable FullHttpResponse route(ChannelHandlerContext ctx, FullHttpRequest request, Route route)
            throws HubException {
        HttpMethod method = request.method();
        HubIdentity identity = route.identity();
        if (identity != null) {
            FullHttpResponse response = identities.answer(method, identity, request.content());
            return response != null ? response : notAllowed("PUT, GET, DELETE");
        }
        if (route.is("devices", "*", "messages", "deviceBound")) {
            return method.equals(HttpMethod.POST)
                    ? messages.send(route.segments().get(1), request)
                    : notAllowed("POST");
        }
        if (route.is("devices", "*", "messages", "deviceBound", "*")) {
            return method.equals(HttpMethod.GET)
                    ? messages.outcome(route.segments().get(1), route.segments().get(4))
                    : notAllowed("GET");
        }
        if (!route.is("telemetry")) {
            return Replies.error(HttpResponseStatus.NOT_FOUND, NOT_FOUND, "there is nothing at this path");
        }
        if (!method.equals(HttpMethod.GET)) {
            return notAllowed("GET");
        }
        stream = new TelemetryStream(ctx, hub.telemetry(), route, HttpUtil.isKeepAlive(request), () -> stream = null);
        stream.start();
        return null;
    }

    private static FullHttpResponse notAllowed(String methods) {
        FullHttpResponse response = Replies.error(
                HttpResponseStatus.METHOD_NOT_ALLOWED, NOT_ALLOWED, "this path takes " + methods + " only");
        response.headers().set("allow", methods);
        return response;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (stream != null) {
            stream.pump();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (stream != null) {
            stream.stop();
        }
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed: {}", ctx.channel(), cause.toString());
        ctx.close();
    }
}
