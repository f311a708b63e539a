// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.upstream.emulator.proxy.Misbehaviour.CloseOn407;
import io.upstream.emulator.proxy.Misbehaviour.CutAfterAnswer;
import io.upstream.emulator.proxy.Misbehaviour.CutBeforeAnswer;
import io.upstream.emulator.proxy.Misbehaviour.DelayAnswer;
import io.upstream.emulator.proxy.Misbehaviour.Garble;
import io.upstream.emulator.proxy.Misbehaviour.GlueBehindAnswer;
import io.upstream.emulator.proxy.Misbehaviour.Refuse;
import io.upstream.emulator.proxy.Misbehaviour.Silence;
import io.upstream.emulator.proxy.Misbehaviour.SplitAnswer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client connection until its tunnel stands: reads requests, decides, answers. Then it leaves the pipeline. */
final class ProxyFrontend extends ChannelInboundHandlerAdapter {
    private static final int MAX_HEAD_BYTES = 16 * 1024;
    private static final int REQUEST_DEADLINE_SECONDS = 60;
    private static final int CONNECT_TIMEOUT_MILLIS = 10_000;
    private static final byte[] NOTHING = {};

    private enum State {
        READING,
        /** The request is complete, its answer not begun: the target connects, or a delay runs. */
        WAITING,
        WRITING,
        /** Joined with a target, told to be silent, or closed. */
        DONE
    }

    private final ConnectProxy proxy;
    private final ByteBuf head = Unpooled.buffer(512);
    private State state = State.READING;
    private Faults faults = Faults.NONE;
    private @Nullable Tunnel tunnel;
    private @Nullable Channel target;
    private @Nullable Future<?> deadline;

    ProxyFrontend(ConnectProxy proxy) {
        this.proxy = proxy;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        awaitRequest(ctx);
    }

    private void awaitRequest(ChannelHandlerContext ctx) {
        state = State.READING;
        head.clear();
        deadline = ctx.executor().schedule(() -> ctx.close(), REQUEST_DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        ByteBuf bytes = (ByteBuf) msg;
        try {
            switch (state) {
                case READING -> read(ctx, bytes);
                // Real proxies differ in what they do with bytes that come before the answer; a client must not send
                // them.
                case WAITING -> malformed(ctx, "bytes follow the request before it is answered");
                case WRITING -> ctx.close();
                case DONE -> {}
            }
        } finally {
            bytes.release();
        }
    }

    private void read(ChannelHandlerContext ctx, ByteBuf bytes) {
        int from = Math.max(0, head.writerIndex() - 3);
        head.writeBytes(bytes, Math.min(bytes.readableBytes(), MAX_HEAD_BYTES + 1 - head.writerIndex()));
        int end = endOfHead(from);
        if (end < 0 && head.writerIndex() <= MAX_HEAD_BYTES) {
            return;
        }
        cancelDeadline();
        state = State.WAITING;
        faults = proxy.faults();
        if (end < 0) {
            malformed(ctx, "the request is longer than " + MAX_HEAD_BYTES + " bytes");
        } else if (end + 4 < head.writerIndex() || bytes.isReadable()) {
            malformed(ctx, "bytes follow the request before it is answered");
        } else {
            try {
                decide(ctx, ConnectRequest.parse(head.toString(0, end, StandardCharsets.ISO_8859_1)));
            } catch (ConnectRequest.Malformed e) {
                malformed(ctx, String.valueOf(e.getMessage()));
            }
        }
    }

    /** The index of the empty line's first CR, or -1. */
    private int endOfHead(int from) {
        for (int i = from; i + 3 < head.writerIndex(); i++) {
            if (head.getInt(i) == 0x0d0a0d0a) {
                return i;
            }
        }
        return -1;
    }

    private void malformed(ChannelHandlerContext ctx, String reason) {
        log(ctx, "-", null, 400);
        write(
                ctx,
                Answer.refusal(
                        400,
                        "<html><body><h1>Bad Request</h1><p>" + reason + "</p></body></html>\n",
                        Answer.Then.CLOSE));
    }

    private void decide(ChannelHandlerContext ctx, ConnectRequest request) {
        if (misbehaves(ctx, request)) {
            return;
        }
        String user = proxy.rules().userOf(request.authorization());
        if (user == null && proxy.rules().asksForCredentials()) {
            log(ctx, request.authority(), null, 407);
            answer(ctx, faults.has(CloseOn407.class) ? Answer.closingChallenge() : Answer.challenge());
        } else if (!proxy.rules().allows(request.port())) {
            log(ctx, request.authority(), user, 403);
            answer(ctx, Answer.refusal(403, null, Answer.Then.NEXT_REQUEST));
        } else {
            connect(ctx, request, user);
        }
    }

    private boolean misbehaves(ChannelHandlerContext ctx, ConnectRequest request) {
        CutBeforeAnswer cut = faults.find(CutBeforeAnswer.class);
        Garble garble = faults.find(Garble.class);
        Refuse refuse = faults.find(Refuse.class);
        if (faults.has(Silence.class)) {
            state = State.DONE;
            log(ctx, request.authority(), null, 0);
        } else if (cut != null) {
            state = State.DONE;
            log(ctx, request.authority(), null, 0);
            Tunnel.end(ctx.channel(), cut.ending());
        } else if (garble != null) {
            log(ctx, request.authority(), null, 0);
            answer(ctx, Answer.raw(garble.bytes()));
        } else if (refuse != null) {
            log(ctx, request.authority(), null, refuse.status());
            answer(ctx, Answer.refusal(refuse.status(), refuse.body(), Answer.Then.NEXT_REQUEST));
        } else {
            return false;
        }
        return true;
    }

    private void connect(ChannelHandlerContext ctx, ConnectRequest request, @Nullable String user) {
        var connecting = new Bootstrap()
                .group(ctx.channel().eventLoop())
                .channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(proxy.rules().destination(request));
        target = connecting.channel();
        proxy.track(connecting.channel());
        connecting.addListener(f -> {
            if (state != State.WAITING || !ctx.channel().isActive()) {
                connecting.channel().close();
            } else if (f.isSuccess()) {
                AccessLog.Entry granted = log(ctx, request.authority(), user, 200);
                // Known before the client can know of it: whoever has read the 200 may cut it.
                tunnel = new Tunnel(ctx.channel(), connecting.channel(), granted, faults);
                proxy.opened(tunnel, ctx.channel());
                GlueBehindAnswer glue = faults.find(GlueBehindAnswer.class);
                answer(ctx, Answer.established(glue == null ? NOTHING : glue.bytes()));
            } else {
                int status = f.cause() instanceof ConnectTimeoutException ? 504 : 503;
                log(ctx, request.authority(), user, status);
                answer(ctx, Answer.refusal(status, null, Answer.Then.CLOSE));
            }
        });
    }

    private AccessLog.Entry log(ChannelHandlerContext ctx, String authority, @Nullable String user, int status) {
        return proxy.log().add((InetSocketAddress) ctx.channel().remoteAddress(), authority, user, status);
    }

    private void answer(ChannelHandlerContext ctx, Answer answer) {
        DelayAnswer delay = faults.find(DelayAnswer.class);
        if (delay == null) {
            write(ctx, answer);
        } else {
            deadline = ctx.executor()
                    .schedule(() -> write(ctx, answer), delay.delay().toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void write(ChannelHandlerContext ctx, Answer answer) {
        if (state != State.WAITING) {
            return;
        }
        cancelDeadline();
        state = State.WRITING;
        if (faults.has(SplitAnswer.class)) {
            drip(ctx, answer, 0);
        } else {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(answer.bytes)).addListener(f -> written(ctx, answer));
        }
    }

    private void drip(ChannelHandlerContext ctx, Answer answer, int index) {
        if (index == answer.bytes.length) {
            written(ctx, answer);
        } else if (ctx.channel().isActive()) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(answer.bytes, index, 1));
            int next = index + 1;
            if (next == answer.bytes.length) {
                // At once: the client may speak as soon as it has the last byte.
                written(ctx, answer);
            } else {
                ctx.executor().schedule(() -> drip(ctx, answer, next), 1, TimeUnit.MILLISECONDS);
            }
        }
    }

    private void written(ChannelHandlerContext ctx, Answer answer) {
        if (state != State.WRITING) {
            return;
        }
        switch (answer.then) {
            case NEXT_REQUEST -> awaitRequest(ctx);
            case CLOSE -> ctx.close();
            case TUNNEL -> join(ctx);
        }
    }

    private void join(ChannelHandlerContext ctx) {
        Tunnel granted = tunnel;
        CutAfterAnswer cut = faults.find(CutAfterAnswer.class);
        if (cut != null || granted == null) {
            Tunnel.end(ctx.channel(), cut == null ? Misbehaviour.Ending.FIN : cut.ending());
            return;
        }
        state = State.DONE;
        granted.open();
        target = null;
        ctx.pipeline().remove(this);
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        state = State.DONE;
        cancelDeadline();
        if (target != null) {
            target.close();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        head.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
