// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.UpstreamProtocol;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.proxy.Misbehaviour;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.testing.Canaries;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Arrays;

/** A hub, and around it everything that is needed for each {@link Failure} to happen. */
final class FailureLab implements AutoCloseable {
    private final TestHub hub;
    private final ConnectProxy askingProxy;
    private final ConnectProxy narrowProxy;
    private final ConnectProxy silentProxy;
    private final ServerSocket silentHub;
    private final ClosedPort closedPort;
    private final AlienServer alien;
    private final Path otherBundle;
    private final Path alienBundle;

    FailureLab(TestHub hub, Path directory) throws Exception {
        this.hub = hub;
        askingProxy = ConnectProxy.builder().credentials("user", "another").start();
        narrowProxy = ConnectProxy.builder().allowPorts(1).start();
        silentProxy = ConnectProxy.builder().start();
        silentProxy.misbehave(new Misbehaviour.Silence());
        silentHub = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        closedPort = new ClosedPort();
        otherBundle = EmulatorCa.create().writeTrustBundle(directory.resolve("other-ca.pem"));
        EmulatorCa alienCa = EmulatorCa.create();
        alienBundle = alienCa.writeTrustBundle(directory.resolve("alien-ca.pem"));
        alien = new AlienServer(alienCa.issue("elsewhere.example").sslContext());
    }

    /** A command line that runs into the failure. */
    String[] args(Failure failure, UpstreamProtocol protocol, String... more) {
        String device = hub.newDevice();
        String[] args = hub.args("send", device, protocol, more(failure, more));
        return switch (failure) {
            case WRONG_KEY -> replaced(args, "--connection-string", string(device));
            case UNKNOWN_DEVICE -> replaced(args, "--connection-string", string("nobody"));
            case WRONG_PORT, CLOSED_PORT, HUB_SILENT ->
                replaced(args, "--port", String.valueOf(port(failure, protocol)));
            case UNTRUSTED_CA -> replaced(args, "--trust-bundle", otherBundle.toString());
            case OTHER_HOST ->
                replaced(
                        replaced(args, "--port", String.valueOf(alien.port())),
                        "--trust-bundle",
                        alienBundle.toString());
            case NO_SUCH_NAME ->
                replaced(
                        args,
                        "--connection-string",
                        hub.hub().connectionString(device).replace("HostName=localhost", "HostName=hub.invalid"));
            case PROXY_PASSWORD_WRONG, PROXY_REFUSES_PORT, PROXY_SILENT -> args;
        };
    }

    /** The machine that the failure is to be blamed on. */
    String hop(Failure failure, UpstreamProtocol protocol) {
        return switch (failure) {
            case PROXY_PASSWORD_WRONG -> hop(askingProxy);
            case PROXY_REFUSES_PORT -> hop(narrowProxy);
            case PROXY_SILENT -> hop(silentProxy);
            case NO_SUCH_NAME -> "hub hub.invalid:" + hub.port(protocol);
            default -> "hub localhost:" + port(failure, protocol);
        };
    }

    private static String hop(ConnectProxy proxy) {
        return "proxy 127.0.0.1:" + proxy.address().getPort();
    }

    private int port(Failure failure, UpstreamProtocol protocol) {
        return switch (failure) {
            case WRONG_PORT -> hub.port(another(protocol));
            case CLOSED_PORT -> closedPort.number();
            case HUB_SILENT -> silentHub.getLocalPort();
            case OTHER_HOST -> alien.port();
            default -> hub.port(protocol);
        };
    }

    private String[] more(Failure failure, String[] more) {
        String proxy = switch (failure) {
            case PROXY_PASSWORD_WRONG ->
                askingProxy.url().replace("://", "://user:" + Canaries.encoded(Canaries.WRONG_PROXY_PASSWORD) + "@");
            case PROXY_REFUSES_PORT -> narrowProxy.url();
            case PROXY_SILENT -> silentProxy.url();
            default -> "none";
        };
        String[] all = Arrays.copyOf(more, more.length + 2);
        all[more.length] = "--proxy";
        all[more.length + 1] = proxy;
        return all;
    }

    private static UpstreamProtocol another(UpstreamProtocol protocol) {
        return protocol == UpstreamProtocol.AMQP || protocol == UpstreamProtocol.MQTT_WS
                ? UpstreamProtocol.MQTT
                : UpstreamProtocol.AMQP;
    }

    private static String string(String device) {
        return "HostName=localhost;DeviceId=" + device + ";SharedAccessKey=" + Canaries.WRONG_KEY;
    }

    private static String[] replaced(String[] args, String option, String value) {
        String[] changed = args.clone();
        changed[Arrays.asList(args).indexOf(option) + 1] = value;
        return changed;
    }

    @Override
    public void close() throws IOException {
        askingProxy.close();
        narrowProxy.close();
        silentProxy.close();
        silentHub.close();
        closedPort.close();
        alien.close();
    }
}
