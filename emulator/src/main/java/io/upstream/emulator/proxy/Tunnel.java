// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.upstream.emulator.proxy.Misbehaviour.CutAfterBytes;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Two joined connections on one event loop. A side whose peer cannot take more stops reading; the end of one direction is passed on
 * while the other still flows; a reset on one side becomes a reset on the other.
 */
final class Tunnel {
    private final Channel client;
    private final Channel target;
    private final AccessLog.Entry entry;
    private final @Nullable CutAfterBytes cut;
    private final TunnelTimer timer;
    private State state = State.CARRYING;
    private int endedDirections;

    private enum State {
        CARRYING,
        /** Swallows everything, and tells nobody. */
        DEAD
    }

    Tunnel(Channel client, Channel target, AccessLog.Entry entry, Faults faults) {
        this.client = client;
        this.target = target;
        this.entry = entry;
        this.cut = faults.find(CutAfterBytes.class);
        this.timer = new TunnelTimer(faults, this::end, () -> state = State.DEAD);
    }

    /** Both connections must be open, with no other handler that consumes bytes. */
    void open() {
        entry.opened();
        client.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        target.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        client.pipeline().addLast(new Side(target, entry.up));
        target.pipeline().addLast(new Side(client, entry.down));
        client.closeFuture().addListener(f -> timer.stop());
        timer.start(client.eventLoop());
        client.closeFuture().addListener(f -> closeAfterFlush(target));
        target.closeFuture().addListener(f -> closeAfterFlush(client));
        client.config().setAutoRead(true);
        target.config().setAutoRead(true);
    }

    void end(Ending ending) {
        entry.closed();
        end(client, ending);
        end(target, ending);
    }

    static void end(Channel channel, Ending ending) {
        if (ending == Ending.RST && channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        channel.close();
    }

    private void closeAfterFlush(Channel channel) {
        entry.closed();
        if (state == State.DEAD) {
            return; // the proxy's own end closes what is left
        }
        if (channel.isActive()) {
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        } else {
            channel.close();
        }
    }

    private final class Side extends ChannelInboundHandlerAdapter {
        private final Channel peer;
        private final AtomicLong carried;

        Side(Channel peer, AtomicLong carried) {
            this.peer = peer;
            this.carried = carried;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf bytes = (ByteBuf) msg;
            if (state == State.DEAD) {
                bytes.release();
                return;
            }
            timer.carried();
            long room = cut == null ? Long.MAX_VALUE : cut.bytes() - carried.get();
            if (bytes.readableBytes() < room) {
                carried.addAndGet(bytes.readableBytes());
                peer.write(bytes);
            } else if (cut != null) {
                bytes.writerIndex(bytes.readerIndex() + (int) Math.max(0, room));
                carried.addAndGet(bytes.readableBytes());
                Ending ending = cut.ending();
                peer.writeAndFlush(bytes).addListener(f -> end(ending));
            } else {
                bytes.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            peer.flush();
            if (!peer.isWritable()) {
                ctx.channel().config().setAutoRead(false);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            peer.config().setAutoRead(ctx.channel().isWritable());
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event != ChannelInputShutdownEvent.INSTANCE || state == State.DEAD) {
                return;
            }
            boolean both = ++endedDirections == 2;
            peer.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> {
                if (both) {
                    end(Ending.FIN);
                } else if (peer instanceof DuplexChannel duplex) {
                    duplex.shutdownOutput();
                }
            });
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (state == State.DEAD) {
                ctx.close();
            } else {
                end(Ending.RST);
            }
        }
    }
}
