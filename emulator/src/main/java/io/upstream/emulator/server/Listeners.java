// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The sockets and threads of one emulator. Closing it leaves neither. */
public final class Listeners implements AutoCloseable {
    private static final int THREADS = Math.max(2, Runtime.getRuntime().availableProcessors());
    private static final int BACKLOG = 1_024;
    private static final int CLOSE_SECONDS = 10;
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private final String host;
    private final InetAddress address;
    private final Threads threads = new Threads();
    private final EventLoopGroup loops;
    // Not on Netty's global executor: its thread would outlive the emulator for a while.
    private final ChannelGroup channels = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, true);

    /**
     * Makes the threads; listens nowhere yet.
     *
     * @throws UnknownHostException if the host has no address
     */
    public Listeners(String host) throws UnknownHostException {
        this.host = host;
        this.address = InetAddress.getByName(host);
        this.loops = new MultiThreadIoEventLoopGroup(THREADS, threads, NioIoHandler.newFactory());
    }

    public EventLoopGroup loops() {
        return loops;
    }

    /**
     * Listens on a port.
     *
     * @param name what to call the port in an error
     * @param port 0 for any
     * @param accepted sees each new connection on its event loop and adds its handlers
     * @return the port
     * @throws IOException if the port cannot be bound, which the message names
     */
    public int listen(String name, int port, Consumer<Channel> accepted) throws IOException {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(initializer(accepted))
                .bind(new InetSocketAddress(address, port))
                .awaitUninterruptibly();
        Throwable cause = bound.cause();
        if (cause != null) {
            throw new IOException(
                    "the " + name + " port " + port + " on " + host + " cannot be bound (" + cause.getMessage()
                            + "); free it or choose another, 0 for any",
                    cause);
        }
        channels.add(bound.channel());
        return ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    private ChannelHandler initializer(Consumer<Channel> accepted) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channels.add(channel);
                accepted.accept(channel);
            }
        };
    }

    /**
     * Closes every socket, then ends the threads; returns when both are gone or some ten seconds have passed. Not to be called on one of
     * those threads.
     */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        threads.join();
    }

    /** Remembers its threads, for a loop counts as terminated a moment before its thread ends. */
    private static final class Threads extends DefaultThreadFactory {
        private final List<Thread> made = new CopyOnWriteArrayList<>();

        Threads() {
            super("upstream-emulator", true);
        }

        @Override
        protected Thread newThread(Runnable task, String name) {
            Thread thread = super.newThread(task, name);
            made.add(thread);
            return thread;
        }

        void join() {
            try {
                for (Thread thread : made) {
                    thread.join(TimeUnit.SECONDS.toMillis(1));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
