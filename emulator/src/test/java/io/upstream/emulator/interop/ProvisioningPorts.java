// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.relay.FaultRelay;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * An emulator where Microsoft's provisioning client looks for the service: on the ports 8883, 5671 and 443 of a name, which is a loopback
 * address of its own, so that nobody has to resolve it.
 *
 * <p>A relay stands before each, because the client does not look whether an answer is there already when it begins to wait for it: it sends, and
 * only then waits, for as long as it was given (ContractAPIMqtt.executeProvisioningMessage, ProvisioningAmqpOperations.sendRegisterMessage).
 * No network is so quick that it answers in between; the loopback interface is.
 *
 * <p>Where this process may not bind port 443, HTTPS comes in through a CONNECT proxy that leads to another. The client has no proxy setting
 * for its WebSocket protocols: they cannot be reached then.
 */
final class ProvisioningPorts implements AutoCloseable {
    private static final int MQTT_PORT = 8883;
    private static final int AMQP_PORT = 5671;
    private static final int HTTPS_PORT = 443;
    private static final int ATTEMPTS = 20;
    /** One way; many times what a busy thread needs from its send to its wait. */
    private static final Duration DISTANCE = Duration.ofMillis(30);

    final IotHubEmulator hub;
    private final List<FaultRelay> network = new ArrayList<>();
    private final @Nullable ConnectProxy proxy;
    private final ProxySelector before = ProxySelector.getDefault();

    private ProvisioningPorts(Path directory, String address) throws IOException {
        boolean privileged = mayBind(address);
        hub = IotHubEmulator.builder()
                .directory(directory)
                .host(address)
                .hostName(address)
                .start();
        try {
            lead(address, MQTT_PORT, hub.mqttPort());
            lead(address, AMQP_PORT, hub.amqpPort());
            if (privileged) {
                lead(address, HTTPS_PORT, hub.wsPort());
            }
        } catch (IOException e) {
            closeServers();
            throw e;
        }
        proxy = privileged
                ? null
                : ConnectProxy.builder()
                        .route(address + ":" + HTTPS_PORT, new InetSocketAddress(address, hub.wsPort()))
                        .start();
        if (proxy != null) {
            ProxySelector.setDefault(new Detour(address, proxy.address(), before));
        }
    }

    static ProvisioningPorts open(Path directory) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return new ProvisioningPorts(directory, address());
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Any of a part of the loopback network, so that builds side by side do not meet; elsewhere than on Linux there is but one. */
    private static String address() {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
            return "127.0.0.1";
        }
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return "127.78." + random.nextInt(256) + "." + random.nextInt(1, 255);
    }

    private static boolean mayBind(String address) throws IOException {
        try (ServerSocket probe = new ServerSocket(HTTPS_PORT, 1, InetAddress.getByName(address))) {
            return probe.isBound();
        } catch (BindException e) {
            return false;
        }
    }

    private void lead(String address, int from, int to) throws IOException {
        FaultRelay relay = FaultRelay.to(new InetSocketAddress(address, to))
                .host(InetAddress.getByName(address))
                .port(from)
                .start();
        network.add(relay);
        relay.delay(DISTANCE, Duration.ZERO);
    }

    /** Whether WebSocket is where the client looks for it. */
    boolean webSocketIsReachable() {
        return proxy == null;
    }

    @Override
    public void close() {
        ProxySelector.setDefault(before);
        if (proxy != null) {
            proxy.close();
        }
        closeServers();
    }

    private void closeServers() {
        network.forEach(FaultRelay::close);
        hub.close();
    }

    private static final class Detour extends ProxySelector {
        private final String host;
        private final Proxy proxy;
        private final @Nullable ProxySelector others;

        Detour(String host, InetSocketAddress proxy, @Nullable ProxySelector others) {
            this.host = host;
            this.proxy = new Proxy(Proxy.Type.HTTP, proxy);
            this.others = others;
        }

        @Override
        public List<Proxy> select(URI uri) {
            if (host.equals(uri.getHost())) {
                return List.of(proxy);
            }
            return others == null ? List.of(Proxy.NO_PROXY) : others.select(uri);
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
    }
}
