// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.server.Cut;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A relay's listener, its one thread and its connections: who comes is joined with the target, or received in another way. */
final class Door implements AutoCloseable {
    private static final int CLOSE_SECONDS = 5;
    private static final int CONNECT_TIMEOUT_MILLIS = 10_000;
    /** A port can be in use for a moment by a connection that got it in the moment between two listeners. */
    private static final long REBIND_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final FaultRelay relay;
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("fault-relay", true), NioIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final ChannelGroup channels = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, true);
    private final ChannelGroup clients = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, false);
    private final Set<Conversation> conversations = new LinkedHashSet<>();
    private final Set<Channel> joining = new HashSet<>();
    private final AtomicLong accepted = new AtomicLong();
    private final RandomGenerator.SplittableGenerator random;
    private final @Nullable SslContext server;
    private final @Nullable SslContext client;
    private final String peerName;
    private final InetSocketAddress address;
    private volatile InetSocketAddress target;
    private Reception reception = Reception.JOIN;
    private byte[] greeting = {};
    private @Nullable Future<?> flap;
    private Channel listener;
    /** Keeps the port while nobody listens on it. */
    private @Nullable Socket keeper;

    enum Reception {
        JOIN,
        SILENCE,
        GREET,
        REPEL
    }

    Door(FaultRelay relay, FaultRelay.Builder from) throws IOException {
        this.relay = relay;
        target = from.target;
        random = new SplittableRandom(from.seed);
        server = from.server;
        client = from.client;
        peerName = from.peerName;
        try {
            listener = bind(new InetSocketAddress(from.host, from.port));
        } catch (IOException e) {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw e;
        }
        address = (InetSocketAddress) listener.localAddress();
    }

    private Channel bind(InetSocketAddress where) throws IOException {
        var bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        receive(channel);
                    }
                })
                .bind(where)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen on loopback port " + where.getPort(), bound.cause());
        }
        channels.add(bound.channel());
        return bound.channel();
    }

    InetSocketAddress address() {
        return address;
    }

    void target(InetSocketAddress next) {
        target = next;
    }

    long accepted() {
        return accepted.get();
    }

    int live() {
        return clients.size();
    }

    /** As they are now, to be asked for on the loop only: what is done to one may end it, and it leaves the set at once. */
    List<Conversation> conversations() {
        return List.copyOf(conversations);
    }

    /** Runs a task on the loop and waits for it. */
    void run(Runnable task) {
        loop.submit(task).syncUninterruptibly();
    }

    void forEach(Consumer<Conversation> action) {
        run(() -> conversations().forEach(action));
    }

    /** What is joined, or about to be, is joined with nobody from now on. */
    void forget() {
        run(() -> {
            joining.clear();
            conversations().forEach(Conversation::die);
        });
    }

    // Who comes

    private void receive(Channel channel) {
        accepted.incrementAndGet();
        channels.add(channel);
        clients.add(channel);
        switch (reception) {
            case JOIN -> join(channel);
            case SILENCE -> {} // not read: not even its end is seen
            case GREET -> {
                channel.config().setAutoRead(true);
                loop.execute(() -> channel.writeAndFlush(Unpooled.wrappedBuffer(greeting))
                        .addListener(ChannelFutureListener.CLOSE));
            }
            case REPEL -> loop.execute(() -> Cut.cut(channel));
        }
    }

    private void join(Channel from) {
        var connecting = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel to) {
                        channels.add(to);
                        if (client != null) {
                            to.pipeline().addLast(client.newHandler(to.alloc(), peerName, 0));
                        }
                    }
                })
                .connect(target);
        joining.add(from);
        from.closeFuture().addListener(f -> joining.remove(from));
        connecting.addListener(done -> {
            Channel to = connecting.channel();
            if (!done.isSuccess()) {
                Cut.cut(from);
            } else if (!from.isActive()) {
                Cut.cut(to);
            } else if (joining.remove(from)) {
                open(from, to);
            }
        });
    }

    private void open(Channel from, Channel to) {
        if (server != null) {
            from.pipeline().addLast(server.newHandler(from.alloc()));
        }
        Conversation conversation = new Conversation(from, to, relay, random.split());
        conversations.add(conversation);
        from.closeFuture().addListener(f -> conversations.remove(conversation));
        conversation.open();
    }

    void receive(Reception how, byte @Nullable [] words) {
        run(() -> {
            reception = how;
            greeting = words == null ? greeting : words;
        });
    }

    void cutAll(Ending ending) {
        run(() -> {
            for (Conversation each : Set.copyOf(conversations)) {
                if (ending == Ending.RST) {
                    each.reset();
                } else {
                    each.end();
                }
            }
            // and those that are joined with nobody
            Set.copyOf(clients).forEach(each -> end(each, ending));
        });
    }

    private static void end(Channel channel, Ending ending) {
        if (ending == Ending.RST) {
            Cut.cut(channel);
        } else {
            channel.close();
        }
    }

    // Whether anybody listens

    synchronized void refuse() throws IOException {
        if (keeper == null) {
            listener.close().awaitUninterruptibly();
            keeper = again(this::keep);
        }
    }

    private Socket keep() throws IOException {
        Socket socket = new Socket();
        try {
            socket.setReuseAddress(true);
            socket.bind(address);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Listens again, and joins whoever comes. */
    synchronized void open() throws IOException {
        run(() -> {
            if (flap != null) {
                flap.cancel(false);
                flap = null;
            }
            reception = Reception.JOIN;
        });
        Socket kept = keeper;
        if (kept != null) {
            keeper = null;
            kept.close();
            listener = again(() -> bind(address));
        }
    }

    @FunctionalInterface
    private interface Binding<T> {
        T bind() throws IOException;
    }

    private static <T> T again(Binding<T> binding) throws IOException {
        long end = System.nanoTime() + REBIND_NANOS;
        while (true) {
            try {
                return binding.bind();
            } catch (IOException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
        }
    }

    void flap(Duration down, Duration up) {
        run(() -> goDown(down, up));
    }

    private void goDown(Duration down, Duration up) {
        reception = Reception.REPEL;
        Set.copyOf(conversations).forEach(Conversation::reset);
        flap = loop.schedule(
                () -> {
                    reception = Reception.JOIN;
                    flap = loop.schedule(() -> goDown(down, up), up.toNanos(), TimeUnit.NANOSECONDS);
                },
                down.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        channels.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        Socket kept = keeper;
        if (kept != null) {
            try {
                kept.close();
            } catch (IOException e) {
                throw new IllegalStateException("a socket that was never connected cannot be closed", e);
            }
        }
        loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
