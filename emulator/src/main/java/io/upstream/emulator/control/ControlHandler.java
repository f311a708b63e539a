// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.ssl.SslHandler;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.provisioning.ProvisioningService;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers one connection's requests in their order; while an answer takes time, the next request waits. */
final class ControlHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(ControlHandler.class);
    /** What one read may still bring after reading was stopped. */
    private static final int MAX_WAITING = 64;

    private final HubCore hub;
    private final ControlRoutes routes;
    private final ArrayDeque<FullHttpRequest> waiting = new ArrayDeque<>();
    private @Nullable TelemetryStream stream;
    private Phase phase = Phase.IDLE;

    private enum Phase {
        IDLE,
        /** A request has no answer yet. */
        ANSWERING
    }

    ControlHandler(HubCore hub, ProvisioningService provisioning) {
        this.hub = hub;
        this.routes = new ControlRoutes(hub, provisioning);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (stream != null || waiting.size() == MAX_WAITING) {
            // An answer cannot overtake the stream, and waiting for its end may be forever.
            ctx.close();
        } else if (phase == Phase.ANSWERING) {
            waiting.add(request.retain());
            ctx.channel().config().setAutoRead(false);
        } else {
            begin(ctx, request);
        }
    }

    private void begin(ChannelHandlerContext ctx, FullHttpRequest request) {
        boolean keepAlive =
                HttpUtil.isKeepAlive(request) && request.decoderResult().isSuccess();
        CompletionStage<FullHttpResponse> answer = answer(ctx, request);
        if (answer == null) {
            return;
        }
        phase = Phase.ANSWERING;
        answer.whenComplete((response, failure) -> {
            FullHttpResponse complete = failure == null ? response : failed(failure);
            if (ctx.executor().inEventLoop()) {
                finish(ctx, complete, keepAlive);
            } else {
                ctx.executor().execute(() -> finish(ctx, complete, keepAlive));
            }
        });
    }

    private void finish(ChannelHandlerContext ctx, FullHttpResponse response, boolean keepAlive) {
        phase = Phase.IDLE;
        HttpUtil.setKeepAlive(response, keepAlive);
        ChannelFuture written = ctx.writeAndFlush(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
            return;
        }
        FullHttpRequest next = waiting.poll();
        if (next == null) {
            ctx.channel().config().setAutoRead(true);
            return;
        }
        try {
            channelRead0(ctx, next);
        } finally {
            next.release();
        }
    }

    /** Gives {@code null} if a stream answers instead. */
    private @Nullable CompletionStage<FullHttpResponse> answer(ChannelHandlerContext ctx, FullHttpRequest request) {
        try {
            if (request.decoderResult().isFailure()) {
                throw new HubException(HubError.MALFORMED, "the request is not HTTP/1.1");
            }
            if (ctx.pipeline().get(SslHandler.class) != null) {
                authorize(request);
            }
            Route route = Route.of(request.uri());
            if (!routes.isStream(request, route)) {
                return routes.answer(request, route);
            }
            stream = new TelemetryStream(
                    ctx, hub.telemetry(), route, HttpUtil.isKeepAlive(request), () -> stream = null);
            stream.start();
            return null;
        } catch (HubException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void authorize(FullHttpRequest request) throws HubException {
        String token = request.headers().get(HttpHeaderNames.AUTHORIZATION);
        if (token == null) {
            throw new HubException(HubError.UNAUTHORIZED, "the request has no Authorization header");
        }
        hub.authorizeService(token);
    }

    private static FullHttpResponse failed(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof HubException refusal) {
            return Replies.error(refusal);
        }
        LOG.warn("a request failed", failure);
        return Replies.error(new HubException(HubError.INTERNAL, "the emulator failed, see its log"));
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
        releaseWaiting();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        releaseWaiting();
    }

    private void releaseWaiting() {
        waiting.forEach(FullHttpRequest::release);
        waiting.clear();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed: {}", ctx.channel(), cause.toString());
        ctx.close();
    }
}
