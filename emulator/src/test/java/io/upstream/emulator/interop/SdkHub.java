// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import com.microsoft.azure.sdk.iot.device.ClientOptions;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.MultiplexingClientOptions;
import com.microsoft.azure.sdk.iot.device.ProxySettings;
import io.upstream.emulator.ClientTls;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * One hub for all tests of a run, where Microsoft's SDK looks for it. Its name is its address, which the SDK takes for a host name because of the dots, so nobody has to
 * resolve anything.
 *
 * <p>Where this process may not bind port 443, the WebSocket protocols come in through a CONNECT proxy that leads there; {@link #options} sees to it.
 */
final class SdkHub implements AutoCloseable {
    private static final int MQTT_PORT = 8883;
    private static final int AMQP_PORT = 5671;
    private static final int WS_PORT = 443;
    private static final int ATTEMPTS = 20;

    final IotHubEmulator hub;
    private final Path directory;
    private final ConnectProxy proxy;
    private final SSLContext tls;
    private final boolean behindProxy;

    private SdkHub(Path directory, String address, boolean behindProxy) throws IOException, GeneralSecurityException {
        this.directory = directory;
        this.behindProxy = behindProxy;
        this.hub = IotHubEmulator.builder()
                .directory(directory)
                .host(address)
                .hostName(address)
                .mqttPort(MQTT_PORT)
                .amqpPort(AMQP_PORT)
                .wsPort(behindProxy ? 0 : WS_PORT)
                .start();
        this.proxy = ConnectProxy.builder()
                .credentials("user", "proxy-password")
                .route(address + ":" + WS_PORT, new InetSocketAddress(address, hub.wsPort()))
                .start();
        this.tls = ClientTls.trusting(hub.trustBundle());
    }

    static SdkHub start() {
        try {
            Path directory = Files.createTempDirectory("sdk-hub");
            for (int attempt = 1; ; attempt++) {
                String address = address();
                try {
                    return new SdkHub(directory, address, !mayBind(address));
                } catch (IOException e) {
                    if (attempt == ATTEMPTS) {
                        throw e;
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Any of the loopback network, so that builds side by side do not meet; elsewhere than on Linux only one address of it is there. */
    private static String address() {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
            return "127.0.0.1";
        }
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return "127.77." + random.nextInt(256) + "." + random.nextInt(1, 255);
    }

    private static boolean mayBind(String address) throws IOException {
        try (ServerSocket probe = new ServerSocket(WS_PORT, 1, InetAddress.getByName(address))) {
            return probe.isBound();
        } catch (BindException e) {
            return false;
        }
    }

    boolean behindProxy() {
        return behindProxy;
    }

    ConnectProxy proxy() {
        return proxy;
    }

    static boolean isWebSocket(IotHubClientProtocol protocol) {
        return protocol == IotHubClientProtocol.MQTT_WS || protocol == IotHubClientProtocol.AMQPS_WS;
    }

    static boolean isAmqp(IotHubClientProtocol protocol) {
        return protocol == IotHubClientProtocol.AMQPS || protocol == IotHubClientProtocol.AMQPS_WS;
    }

    /** As a client of this protocol needs them here. */
    ClientOptions.ClientOptionsBuilder options(IotHubClientProtocol protocol) {
        return options(protocol, tls);
    }

    private ClientOptions.ClientOptionsBuilder options(IotHubClientProtocol protocol, SSLContext context) {
        ClientOptions.ClientOptionsBuilder options = brisk().sslContext(context);
        return behindProxy && isWebSocket(protocol) ? options.proxySettings(proxySettings()) : options;
    }

    /** The SDK polls its queues; by default so seldom that every message waits for it. */
    private static ClientOptions.ClientOptionsBuilder brisk() {
        return ClientOptions.builder().sendInterval(2).receiveInterval(2);
    }

    /** The same with a certificate of this device's in place of a token. */
    ClientOptions.ClientOptionsBuilder certified(IotHubClientProtocol protocol, String deviceId)
            throws IOException, GeneralSecurityException {
        EmulatorCa ca = EmulatorCa.openOrCreate(directory);
        ClientCertificate own = ca.issueClient(deviceId);
        return options(protocol, ClientTls.trusting(ca.certificate(), own));
    }

    MultiplexingClientOptions multiplexing(IotHubClientProtocol protocol) {
        MultiplexingClientOptions.MultiplexingClientOptionsBuilder options = MultiplexingClientOptions.builder()
                .sslContext(tls)
                .sendInterval(2L)
                .receiveInterval(2L);
        @Nullable ProxySettings through = behindProxy && isWebSocket(protocol) ? proxySettings() : null;
        return (through == null ? options : options.proxySettings(through)).build();
    }

    ProxySettings proxySettings() {
        return new ProxySettings(new Proxy(Proxy.Type.HTTP, proxy.address()), "user", "proxy-password".toCharArray());
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        hub.close();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
    }
}
