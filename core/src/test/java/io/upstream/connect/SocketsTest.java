// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringChannelOption;
import io.upstream.Polling;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SocketsTest {
    /** P12: bytes that the peer's machine does not confirm end a connection after 30 s, where the transport is native. */
    @ParameterizedTest
    @EnumSource(
            value = Polling.class,
            names = {"EPOLL", "IO_URING"})
    void giveUpAPeerThatConfirmsNothing(Polling polling) throws Exception {
        assumeTrue(polling == Polling.EPOLL ? Epoll.isAvailable() : IoUring.isAvailable());
        ChannelOption<Integer> limit =
                polling == Polling.EPOLL ? EpollChannelOption.TCP_USER_TIMEOUT : IoUringChannelOption.TCP_USER_TIMEOUT;
        try (UpstreamRuntime runtime =
                        UpstreamRuntime.builder().threads(1).polling(polling).build();
                ServerSocket peer = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            EventLoop loop = runtime.unwrap(EventLoopGroup.class).next();
            Channel channel = Sockets.on(loop, Duration.ofSeconds(10))
                    .connect(InetAddress.getLoopbackAddress(), peer.getLocalPort())
                    .sync()
                    .channel();
            assertEquals(30_000, channel.config().getOption(limit));
            channel.close().sync();
        }
    }
}
