// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.util.concurrent.Executor;

/** Event loops that can be made to have no more sockets. */
final class Loops extends MultiThreadIoEventLoopGroup {
    private volatile Supply supply = Supply.ENOUGH;

    private enum Supply {
        ENOUGH,
        NONE
    }

    Loops() {
        super(1, new DefaultThreadFactory("laboratory-loop", true), NioIoHandler.newFactory());
    }

    void exhaust() {
        supply = Supply.NONE;
    }

    void replenish() {
        supply = Supply.ENOUGH;
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory factory, Object... args) {
        return new SingleThreadIoEventLoop(this, executor, factory) {
            @Override
            public ChannelFuture register(Channel channel) {
                return register(new DefaultChannelPromise(channel, this));
            }

            @Override
            public ChannelFuture register(ChannelPromise promise) {
                if (supply == Supply.NONE) {
                    promise.channel().unsafe().closeForcibly();
                    return promise.setFailure(new IOException("Too many open files"));
                }
                return super.register(promise);
            }
        };
    }
}
