// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;

/**
 * Two joined connections on one event loop. A side whose peer cannot take more stops reading; the end of one direction is passed on
 * while the other still flows; a reset on one side becomes a reset on the other. Who joins them may look at what goes through, put it off or
 * keep it back. Confined to the event loop, but for {@link #end} and {@link #reset}.
 */
public class Joint {
    private final Side up;
    private final Side down;
    private State state = State.CARRYING;
    private int endedDirections;

    private enum State {
        CARRYING,
        /** Swallows everything, and tells nobody. */
        DEAD
    }

    /** Nothing is carried before {@link #open}. */
    protected Joint(Channel client, Channel target) {
        up = new Side(client, target);
        down = new Side(target, client);
    }

    /** Both connections must be open, with no other handler that consumes bytes. */
    public void open() {
        for (Side side : new Side[] {up, down}) {
            side.from.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            side.from.pipeline().addLast(side);
        }
        for (Side side : new Side[] {up, down}) {
            side.from.closeFuture().addListener(f -> {
                if (state == State.CARRYING) {
                    gone(side);
                }
            });
            side.read();
        }
    }

    /** From the client to the target. */
    public final Side up() {
        return up;
    }

    /** From the target to the client. */
    public final Side down() {
        return down;
    }

    /** Has come from one side. Takes the bytes; unless overridden they are passed on at once. */
    protected void carry(Side from, ByteBuf bytes) {
        from.pass(bytes);
    }

    /** One side says no more. */
    protected void ended(Side from) {
        from.passEnd();
    }

    /** The connection of one side is gone. */
    protected void gone(Side from) {
        from.passGoing();
    }

    /** Whether more may be read from a side whose peer takes it. */
    protected boolean mayRead(Side from) {
        return true;
    }

    /** From now on everything is swallowed, and neither side is told of anything, not even that the other has closed. */
    public final void die() {
        state = State.DEAD;
        up.read();
        down.read();
    }

    public final boolean isDead() {
        return state == State.DEAD;
    }

    /** Closes both connections in good order. */
    public void end() {
        up.from.close();
        down.from.close();
    }

    /** Resets both connections. */
    public void reset() {
        // Both before either: the end of one is passed on to the other in good order.
        up.from.config().setOption(ChannelOption.SO_LINGER, 0);
        down.from.config().setOption(ChannelOption.SO_LINGER, 0);
        reset(up.from);
        reset(down.from);
    }

    /** Resets a connection: the peer's next read or write fails. */
    public static void reset(Channel channel) {
        if (channel.isOpen()) {
            Cut.cut(channel);
        }
    }

    /** One direction: what comes from one of the connections and goes to the other. */
    public final class Side extends ChannelInboundHandlerAdapter {
        private final Channel from;
        private final Channel to;

        private Side(Channel from, Channel to) {
            this.from = from;
            this.to = to;
        }

        private Side opposite() {
            return this == up ? down : up;
        }

        /** Takes the bytes; they leave with the next {@link #flush}. */
        public void pass(ByteBuf bytes) {
            to.write(bytes);
        }

        /** Takes the bytes, sends them, and then does something. */
        public void passLast(ByteBuf bytes, Runnable then) {
            to.writeAndFlush(bytes).addListener(f -> then.run());
        }

        public void flush() {
            to.flush();
        }

        /** Lets the other side know that there is no more, once it has what was passed before. */
        public void passEnd() {
            boolean both = ++endedDirections == 2;
            to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(f -> {
                if (both) {
                    end();
                } else if (to instanceof DuplexChannel duplex) {
                    duplex.shutdownOutput();
                }
            });
        }

        /** Closes the other side, once it has what was passed before. */
        public void passGoing() {
            if (to.isActive()) {
                to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            } else {
                to.close();
            }
        }

        /** Reads on, or stops reading: as its peer and {@link Joint#mayRead} allow. */
        public void read() {
            from.config().setAutoRead(isDead() || (to.isWritable() && mayRead(this)));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf bytes = (ByteBuf) msg;
            if (isDead()) {
                bytes.release();
            } else {
                carry(this, bytes);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            flush();
            read();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            opposite().read();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event != ChannelInputShutdownEvent.INSTANCE) {
                return;
            }
            if (isDead()) {
                ctx.close();
            } else {
                ended(this);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (isDead()) {
                ctx.close();
            } else {
                reset();
            }
        }
    }
}
