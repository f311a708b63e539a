// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.http;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.PercentText;
import io.upstream.emulator.provisioning.Admission;
import io.upstream.emulator.provisioning.Provisioning;
import io.upstream.emulator.provisioning.ProvisioningAnswer;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.RegistrationAddress;
import io.upstream.emulator.server.PeerCertificates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests of one connection, each at once. */
final class RegistrationHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(RegistrationHandler.class);

    private final Provisioning provisioning;

    RegistrationHandler(Provisioning provisioning) {
        this.provisioning = provisioning;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        boolean keepAlive =
                HttpUtil.isKeepAlive(request) && request.decoderResult().isSuccess();
        FullHttpResponse response = response(answer(ctx, request));
        HttpUtil.setKeepAlive(response, keepAlive);
        ChannelFuture written = ctx.writeAndFlush(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private ProvisioningAnswer answer(ChannelHandlerContext ctx, FullHttpRequest request) {
        try {
            if (request.decoderResult().isFailure()) {
                throw new ProvisioningException(ProvisioningError.MALFORMED, "the request is not HTTP/1.1");
            }
            return route(ctx, request);
        } catch (ProvisioningException e) {
            LOG.debug("{} is refused: {} {}", ctx.channel(), e.error(), e.getMessage());
            return e.answer();
        }
    }

    private ProvisioningAnswer route(ChannelHandlerContext ctx, FullHttpRequest request) throws ProvisioningException {
        QueryStringDecoder target = new QueryStringDecoder(request.uri());
        List<String> path = segments(target.rawPath());
        RegistrationAddress address =
                path.size() < 3 ? null : RegistrationAddress.parse(String.join("/", path.subList(0, 3)));
        if (address == null) {
            throw nothing();
        }
        HttpMethod method = method(path);
        if (method == null) {
            throw nothing();
        }
        if (!request.method().equals(method)) {
            throw new ProvisioningException(
                    ProvisioningError.METHOD_NOT_ALLOWED, "this path takes " + method + " only");
        }
        if (!target.parameters().containsKey("api-version")) {
            throw new ProvisioningException(ProvisioningError.MALFORMED, "the query has no api-version");
        }
        Admission admission = admit(ctx, request, address);
        if (method.equals(HttpMethod.GET)) {
            return provisioning.operation(admission, path.get(4));
        }
        requireJson(request);
        return method.equals(HttpMethod.PUT)
                ? provisioning.register(admission, ByteBufUtil.getBytes(request.content()))
                : provisioning.lookUp(admission);
    }

    private static List<String> segments(String path) throws ProvisioningException {
        List<String> segments = new ArrayList<>();
        try {
            for (String each : path.substring(1).split("/", -1)) {
                segments.add(PercentText.decode(each));
            }
            return segments;
        } catch (HubException e) {
            throw new ProvisioningException(ProvisioningError.MALFORMED, String.valueOf(e.getMessage()));
        }
    }

    /** The one that the path takes. */
    private static @Nullable HttpMethod method(List<String> path) {
        if (path.size() == 3) {
            return HttpMethod.POST;
        }
        String verb = path.get(3).toLowerCase(Locale.ROOT);
        if (path.size() == 4 && verb.equals("register")) {
            return HttpMethod.PUT;
        }
        return path.size() == 5 && verb.equals("operations") ? HttpMethod.GET : null;
    }

    private static ProvisioningException nothing() {
        return new ProvisioningException(ProvisioningError.REGISTRATION_NOT_FOUND, "there is nothing at this path");
    }

    private Admission admit(ChannelHandlerContext ctx, FullHttpRequest request, RegistrationAddress address)
            throws ProvisioningException {
        String token = request.headers().get(HttpHeaderNames.AUTHORIZATION);
        return token == null
                ? provisioning.admit(address, PeerCertificates.of(ctx.channel()))
                : provisioning.admit(address, token);
    }

    private static void requireJson(FullHttpRequest request) throws ProvisioningException {
        CharSequence type = HttpUtil.getMimeType(request);
        if (type != null && !"application/json".contentEquals(type.toString().toLowerCase(Locale.ROOT))) {
            throw new ProvisioningException(ProvisioningError.MEDIA_TYPE, "the Content-Type must be application/json");
        }
    }

    private static FullHttpResponse response(ProvisioningAnswer answer) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(answer.status()),
                Unpooled.wrappedBuffer(answer.json()));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "application/json; charset=utf-8")
                .set(HttpHeaderNames.CONTENT_LENGTH, answer.json().length);
        Duration retryAfter = answer.retryAfter();
        if (retryAfter != null) {
            response.headers().set(HttpHeaderNames.RETRY_AFTER, retryAfter.toSeconds());
        }
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed: {}", ctx.channel(), cause.toString());
        ctx.close();
    }
}
