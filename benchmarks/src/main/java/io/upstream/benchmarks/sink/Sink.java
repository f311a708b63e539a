// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.upstream.benchmarks.load.Way;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.ServerCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The listeners, on any free loopback port, and the one thread behind them. Takes the well-known ports on an address of its own in
 * 127.0.0.0/8 as well when asked, for clients that know no others.
 */
public final class Sink implements AutoCloseable {
    private static final int CLOSE_SECONDS = 5;

    private final Counters counters = new Counters();
    private final EventLoopGroup loop;
    private final SslContext tls;
    private final Map<Way, Integer> ports = new EnumMap<>(Way.class);

    /**
     * Listens.
     *
     * @param ca issues the certificate, for {@code localhost} and {@code hostName}
     * @throws IOException if a port cannot be bound
     */
    public Sink(EmulatorCa ca, String hostName) throws IOException {
        IoHandlerFactory io = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        loop = new MultiThreadIoEventLoopGroup(1, io);
        ServerCertificate certificate = ca.issueForLoopback(hostName);
        tls = SslContextBuilder.forServer(certificate.key(), certificate.chain().toArray(X509Certificate[]::new))
                .sslProvider(provider())
                .protocols("TLSv1.3", "TLSv1.2")
                .build();
        for (Way way : Way.values()) {
            ports.put(way, listen(way, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
        }
    }

    static SslProvider provider() {
        return OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
    }

    /** Where {@code way} begins. */
    public int port(Way way) {
        return Objects.requireNonNull(ports.get(way));
    }

    /** How many messages came through whole, in order and once. */
    public long intact() {
        return counters.intactCount();
    }

    /** How many did not. */
    public long damaged() {
        return counters.damagedCount();
    }

    /** What happened since the start, as one JSON object. */
    public String counters() {
        return counters.toJson();
    }

    /** Listens on the port that cannot be chosen; says why not if it is refused. */
    Optional<String> listenAt(Way way, InetAddress address) {
        try {
            listen(way, new InetSocketAddress(address, way.wellKnownPort()));
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private int listen(Way way, InetSocketAddress address) throws IOException {
        Class<? extends ServerChannel> type =
                Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        var bound = new ServerBootstrap()
                .group(loop)
                .channel(type)
                .option(ChannelOption.SO_BACKLOG, 1_024)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (way != Way.MQTT) {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                        }
                        channel.pipeline().addLast(new Door(protocol(way), counters));
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "cannot listen on " + address + ": " + bound.cause().getMessage(), bound.cause());
        }
        return ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    private SinkProtocol protocol(Way way) {
        return switch (way) {
            case MQTT, MQTT_TLS -> new MqttSink(counters);
            case AMQP_TLS -> new AmqpSink(counters);
            case MQTT_WS, AMQP_WS -> new WebSocketUpgrade(counters);
        };
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
