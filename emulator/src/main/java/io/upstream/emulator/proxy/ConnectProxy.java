// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * An HTTP CONNECT proxy (RFC 9110 section 9.3.6) on the loopback interface that answers as squid does, and misbehaves on request.
 *
 * <pre>{@code
 * try (ConnectProxy proxy = ConnectProxy.builder().credentials("user", "secret").allowPorts(443).start()) {
 *     proxy.misbehave(new Misbehaviour.DelayAnswer(Duration.ofSeconds(2)), new Misbehaviour.SplitAnswer());
 *     ...
 *     assertEquals(200, proxy.accessLog().get(0).status());
 * }
 * }</pre>
 *
 * <p>It is stricter than the proxies of the field: a target that is not {@code host:port}, a Host field that differs from it, and bytes
 * that come before the answer are refused with 400. All methods may be called from any thread but an event loop's.
 */
public final class ConnectProxy implements AutoCloseable {
    private static final int CLOSE_SECONDS = 5;

    private final ProxyRules rules;
    private final AccessLog log;
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("connect-proxy", true), NioIoHandler.newFactory());
    // Closes what is added after its own closing, so that a connection accepted meanwhile does not outlive the proxy.
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final Set<Tunnel> tunnels = ConcurrentHashMap.newKeySet();
    private final InetSocketAddress address;
    private volatile Faults faults = Faults.NONE;

    private ConnectProxy(ProxyRules rules, int port, int keptRequests) throws IOException {
        this.rules = rules;
        this.log = new AccessLog(keptRequests);
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        track(channel);
                        channel.pipeline().addLast(new ProxyFrontend(ConnectProxy.this));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new IOException("cannot listen on loopback port " + port, bound.cause());
        }
        track(bound.channel());
        address = (InetSocketAddress) bound.channel().localAddress();
    }

    /** A proxy on any free port that asks for no credentials and allows every port. */
    public static Builder builder() {
        return new Builder();
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return address;
    }

    /** As a client's proxy setting wants it, {@code http://127.0.0.1:port}, without credentials. */
    public String url() {
        return "http://" + address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    /** What to do wrong from the next complete request on; replaces what was in force. Without arguments: behave. */
    public void misbehave(Misbehaviour... misbehaviours) {
        faults = new Faults(List.of(misbehaviours));
    }

    /** The newest requests, 10,000 unless chosen, oldest first, with the byte counts as they are now. */
    public List<AccessRecord> accessLog() {
        return log.snapshot();
    }

    /** How many tunnels are open. */
    public int liveTunnels() {
        return tunnels.size();
    }

    /** Closes every open tunnel in good order, both sides. The proxy goes on serving. */
    public void cutAll() {
        cutAll(Ending.FIN);
    }

    /** Ends every open tunnel, both sides. The proxy goes on serving. */
    public void cutAll(Ending ending) {
        for (Tunnel tunnel : tunnels) {
            tunnel.end(ending);
        }
    }

    /** Closes the listener and every connection and stops the thread; returns when that is done or after 5 seconds. */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    ProxyRules rules() {
        return rules;
    }

    AccessLog log() {
        return log;
    }

    Faults faults() {
        return faults;
    }

    void track(Channel channel) {
        channels.add(channel);
    }

    void opened(Tunnel tunnel, Channel client) {
        tunnels.add(tunnel);
        client.closeFuture().addListener(f -> tunnels.remove(tunnel));
    }

    /** Collects a proxy's rules; {@link #start} makes it listen. Not thread-safe. */
    public static final class Builder {
        private final Map<String, String> passwords = new LinkedHashMap<>();
        private final Set<Integer> allowedPorts = new LinkedHashSet<>();
        private final Map<String, InetSocketAddress> routes = new LinkedHashMap<>();
        private int port;
        private int keptRequests = AccessLog.CAPACITY;

        private Builder() {}

        /** The port to listen on; 0, the default, for any free one. */
        public Builder port(int port) {
            this.port = port;
            return this;
        }

        /** Asks for Basic credentials and lets this user in; may be called several times. */
        public Builder credentials(String user, String password) {
            if (user.indexOf(':') >= 0) {
                throw new IllegalArgumentException("a user name must not contain a colon (RFC 7617 section 2)");
            }
            passwords.put(user, password);
            return this;
        }

        /** Answers 403 for every other target port. */
        public Builder allowPorts(int... ports) {
            for (int allowed : ports) {
                allowedPorts.add(allowed);
            }
            return this;
        }

        /** Sends requests for {@code host:port} to {@code address}, in place of looking the name up. */
        public Builder route(String authority, InetSocketAddress address) {
            routes.put(authority.toLowerCase(Locale.ROOT), address);
            return this;
        }

        /** How many requests {@link ConnectProxy#accessLog} remembers, at least 1; default is 10,000. */
        public Builder keepRequests(int requests) {
            if (requests < 1) {
                throw new IllegalArgumentException("requests to keep must be at least 1, was " + requests);
            }
            keptRequests = requests;
            return this;
        }

        /**
         * Listens.
         *
         * @throws IOException if the port cannot be bound
         */
        public ConnectProxy start() throws IOException {
            return new ConnectProxy(new ProxyRules(passwords, allowedPorts, routes), port, keptRequests);
        }
    }
}
