// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandler;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringSocketChannel;
import java.time.Duration;

/** How the sockets of all attempts are set up. */
final class Sockets {
    /** A batch is a TLS record of 16 KiB: a socket that is this far behind has sixteen of them to go. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 << 10, 256 << 10);

    /**
     * Up to four full TLS records in one read, and a few hundred bytes where acknowledgements trickle in. Asked for when there is
     * something to read and given back after it: an idle connection holds none.
     */
    private static final RecvByteBufAllocator READS = new AdaptiveRecvByteBufAllocator(512, 2_048, 64 << 10);

    /** Written bytes that the peer's machine does not confirm for so long end the connection: it is dead, and others wait. */
    private static final int UNCONFIRMED_MILLIS = 30_000;

    /** A bootstrap insists on a handler; this one leaves at once. */
    private static final ChannelHandler NO_HANDLER = new ChannelInitializer<>() {
        @Override
        protected void initChannel(Channel channel) {}
    };

    private Sockets() {}

    /** A bootstrap whose channel type suits {@code loop}, for channels with empty pipelines. */
    static Bootstrap on(EventLoop loop, Duration connectLimit) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .handler(NO_HANDLER)
                .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .option(ChannelOption.RECVBUF_ALLOCATOR, READS)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connectLimit.toMillis()));
        if (runs(loop, EpollIoHandler.class)) {
            return bootstrap
                    .channel(EpollSocketChannel.class)
                    .option(EpollChannelOption.TCP_USER_TIMEOUT, UNCONFIRMED_MILLIS);
        } else if (runs(loop, IoUringIoHandler.class)) {
            return bootstrap
                    .channel(IoUringSocketChannel.class)
                    .option(IoUringChannelOption.TCP_USER_TIMEOUT, UNCONFIRMED_MILLIS);
        }
        return bootstrap.channel(NioSocketChannel.class);
    }

    private static boolean runs(EventLoop loop, Class<? extends IoHandler> type) {
        return loop instanceof IoEventLoopGroup io && io.isIoType(type);
    }
}
