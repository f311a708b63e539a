// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamProtocol;
import io.upstream.UserPassword;
import io.upstream.emulator.EmulatorBuilder;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.relay.FaultRelay;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.ServerCertificate;
import io.upstream.laboratory.FaultCase.Trait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The hub of one scene and all that stands before it. Confined to the scene's thread. */
final class Servers implements AutoCloseable {
    static final String HOST = "localhost";

    private static final String LOOPBACK = "127.0.0.1";
    private static final int LITTLE = 50;
    private static final String PROXY_PASSWORD = "proxy-password";
    private static final UserPassword PROXY_USER = new UserPassword("laboratory", PROXY_PASSWORD);

    final ShiftedClock clock = new ShiftedClock();
    final IotHubEmulator hub;
    final @Nullable FaultRelay inner;
    final @Nullable ConnectProxy proxy;
    final FaultRelay far;
    final FaultRelay near;
    private final Column column;
    private final Memory memory;
    private final RandomGenerator random;
    private final EmulatorCa ca;
    private final InetSocketAddress home;
    private final List<Runnable> closings = new ArrayList<>();

    /** Who pretends to be the hub. */
    enum Impostor {
        UNKNOWN_AUTHORITY,
        WRONG_HOST
    }

    /** How much the hub and the proxy remember. */
    enum Memory {
        ALL,
        /** What came last: what they hold does not grow. */
        SHORT
    }

    Servers(Column column, Set<Trait> traits, RandomGenerator random, Path directory, Memory memory)
            throws IOException {
        this.column = column;
        this.random = random;
        this.memory = memory;
        hub = newHub(directory);
        closings.add(hub::close);
        ca = EmulatorCa.openOrCreate(directory);
        InetSocketAddress door = new InetSocketAddress(InetAddress.getLoopbackAddress(), hubPort());
        inner = traits.contains(Trait.DECRYPTED) ? decrypting(ca.issueForLoopback(HOST), door) : null;
        home = inner == null ? door : inner.address();
        far = plain(home);
        proxy = column.isProxy() ? newProxy(far.address()) : null;
        near = proxy == null ? far : plain(proxy.address());
    }

    private IotHubEmulator newHub(Path directory) throws IOException {
        EmulatorBuilder builder = IotHubEmulator.builder().directory(directory).clock(clock);
        return (memory == Memory.SHORT ? builder.keepMessages(LITTLE) : builder).start();
    }

    private FaultRelay keep(FaultRelay relay) {
        closings.add(relay::close);
        return relay;
    }

    private FaultRelay plain(InetSocketAddress target) throws IOException {
        return keep(FaultRelay.to(target).seed(random.nextLong()).start());
    }

    private FaultRelay decrypting(ServerCertificate shown, InetSocketAddress target) throws IOException {
        SslContext server = SslContextBuilder.forServer(
                        shown.key(), shown.chain().toArray(X509Certificate[]::new))
                .sslProvider(SslProvider.JDK)
                .build();
        SslContext client = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(ca.certificate())
                .build();
        return keep(FaultRelay.to(target)
                .seed(random.nextLong())
                .decrypting(server, client, HOST)
                .start());
    }

    private ConnectProxy newProxy(InetSocketAddress behind) throws IOException {
        ConnectProxy.Builder builder = ConnectProxy.builder()
                .credentials(PROXY_USER.user(), PROXY_PASSWORD)
                .route(HOST + ":" + hubPort(), behind);
        ConnectProxy made = (memory == Memory.SHORT ? builder.keepRequests(LITTLE) : builder).start();
        closings.add(made::close);
        return made;
    }

    UpstreamProtocol protocol() {
        return column.protocol();
    }

    /** The hub's own. */
    int hubPort() {
        return switch (column.protocol()) {
            case MQTT -> hub.mqttPort();
            case AMQP -> hub.amqpPort();
            case MQTT_WS, AMQP_WS -> hub.wsPort();
        };
    }

    /** Of what clients take for the hub. */
    int port() {
        return proxy == null ? near.port() : hubPort();
    }

    Route route() {
        return proxy == null ? Route.DIRECT : ProxyServer.http(new HostPort(LOOPBACK, near.port()), PROXY_USER);
    }

    /** Connections that come from now on meet somebody else, until all is well again. */
    void leadTo(Impostor impostor) throws IOException {
        ServerCertificate shown = switch (impostor) {
            case UNKNOWN_AUTHORITY -> EmulatorCa.create().issueForLoopback(HOST);
            case WRONG_HOST -> ca.issue("elsewhere.example");
        };
        far.target(decrypting(shown, home).address());
    }

    /** All is well again, but for faults of the hub itself. */
    void heal() throws IOException {
        clock.reset();
        far.target(home);
        far.heal();
        near.heal();
        if (inner != null) {
            inner.heal();
        }
        if (proxy != null) {
            proxy.misbehave();
        }
    }

    @Override
    public void close() {
        for (int i = closings.size() - 1; i >= 0; i--) {
            closings.get(i).run();
        }
    }
}
