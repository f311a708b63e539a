// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.netty.handler.ssl.SslContext;
import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.ServicePolicy;
import io.upstream.emulator.hub.TelemetryStore;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.server.Listeners;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.PemCertificates;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a hub shall be. Not safe for use by several threads. */
public final class EmulatorBuilder {
    private final Map<String, @Nullable String> devices = new LinkedHashMap<>();
    private final List<Path> trustedCas = new ArrayList<>();
    private @Nullable String policyKey;
    private @Nullable Path directory;
    private String host = "127.0.0.1";
    private String hostName = "localhost";
    private String idScope = ProvisioningService.DEFAULT_ID_SCOPE;
    private int mqttPort;
    private int amqpPort;
    private int wsPort;
    private int apiPort;
    private Duration tokenGrace = Duration.ZERO;
    private Clock clock = Clock.systemUTC();
    private int keptMessages = TelemetryStore.MAX_MESSAGES;

    EmulatorBuilder() {}

    /** Where the certificate authority and the keys for services are kept; made if absent. Required. */
    public EmulatorBuilder directory(Path directory) {
        this.directory = directory;
        return this;
    }

    /** The address to bind to; default 127.0.0.1. */
    public EmulatorBuilder host(String host) {
        this.host = host;
        return this;
    }

    /** The hub's name in connection strings, tokens and the server certificate; default localhost. */
    public EmulatorBuilder hostName(String hostName) {
        this.hostName = hostName;
        return this;
    }

    /** 0, the default, for any free port; so with the other three. */
    public EmulatorBuilder mqttPort(int port) {
        this.mqttPort = port;
        return this;
    }

    public EmulatorBuilder amqpPort(int port) {
        this.amqpPort = port;
        return this;
    }

    public EmulatorBuilder wsPort(int port) {
        this.wsPort = port;
        return this;
    }

    public EmulatorBuilder apiPort(int port) {
        this.apiPort = port;
        return this;
    }

    /** Registers a device from the start, with keys of the hub's making. */
    public EmulatorBuilder device(String deviceId) {
        devices.put(deviceId, null);
        return this;
    }

    /**
     * Registers a device from the start.
     *
     * @param key the primary key: base64 of 16 to 64 bytes
     */
    public EmulatorBuilder device(String deviceId, String key) {
        devices.put(deviceId, key);
        return this;
    }

    /**
     * Lets devices in by certificates of these authorities, besides the emulator's own: those registered with {@link
     * Authentication.CertificateAuthority}.
     *
     * @param file PEM with one or more certificates of authorities
     */
    public EmulatorBuilder trustedCa(Path file) {
        trustedCas.add(file);
        return this;
    }

    /**
     * The primary key of the policy iothubowner, by which services come in; default one that is made on first start and kept.
     *
     * @param key base64 of 16 to 64 bytes
     */
    public EmulatorBuilder policyKey(String key) {
        this.policyKey = key;
        return this;
    }

    /** What the provisioning service beside the hub is called; default {@link ProvisioningService#DEFAULT_ID_SCOPE}. Letters and digits. */
    public EmulatorBuilder idScope(String idScope) {
        if (!idScope.matches("[A-Za-z0-9]{1,64}")) {
            throw new IllegalArgumentException("an id scope must be 1 to 64 letters and digits, was " + idScope);
        }
        this.idScope = idScope;
        return this;
    }

    /** How long a connection may outlive its token; default none. The real hub gives some ten minutes. */
    public EmulatorBuilder tokenGrace(Duration tokenGrace) {
        this.tokenGrace = tokenGrace;
        return this;
    }

    /** The time by which tokens, locks and expiries are judged; default the system's. */
    public EmulatorBuilder clock(Clock clock) {
        this.clock = clock;
        return this;
    }

    /**
     * How many messages of all devices are kept to be read; the oldest are dropped, as they are at 256 MiB.
     *
     * @param messages 1 to {@value TelemetryStore#MAX_MESSAGES}, the default
     */
    public EmulatorBuilder keepMessages(int messages) {
        if (messages < 1 || messages > TelemetryStore.MAX_MESSAGES) {
            throw new IllegalArgumentException(
                    "messages to keep must be 1.." + TelemetryStore.MAX_MESSAGES + ", was " + messages);
        }
        this.keptMessages = messages;
        return this;
    }

    /**
     * Starts the hub.
     *
     * @throws IOException if the directory cannot be used or a port cannot be bound; the message names which
     */
    public IotHubEmulator start() throws IOException {
        if (directory == null) {
            throw new IllegalStateException("the emulator needs a directory for its certificate authority");
        }
        EmulatorCa ca = EmulatorCa.openOrCreate(directory);
        ServicePolicy policy = policyKey == null ? PolicyFile.openOrCreate(directory) : ServicePolicy.of(policyKey);
        HubCore hub = new HubCore(hostName, clock, tokenGrace, policy, keptMessages);
        trust(hub, "emulator", ca.certificate());
        for (Path file : trustedCas) {
            int number = 0;
            for (X509Certificate each : PemCertificates.read(file)) {
                trust(hub, file + "#" + number++, each);
            }
        }
        RegistryDesk registry = new RegistryDesk(hub);
        for (Map.Entry<String, @Nullable String> device : devices.entrySet()) {
            registry.put(HubIdentity.device(device.getKey()), IdentityStatus.ENABLED, device.getValue());
        }
        Listeners listeners = new Listeners(host);
        try {
            SslContext tls = ca.issueForLoopback(hostName).sslContextAskingForCertificate();
            ProvisioningService provisioning = new ProvisioningService(hub, idScope);
            Doors doors = new Doors(mqttPort, amqpPort, wsPort, apiPort).open(listeners, tls, hub, provisioning);
            return new IotHubEmulator(hub, provisioning, host, doors, listeners, ca, directory);
        } catch (IOException | RuntimeException e) {
            listeners.close();
            throw e;
        }
    }

    private static void trust(HubCore hub, String name, X509Certificate certificate) throws IOException {
        try {
            hub.authorities().put(name, certificate);
        } catch (HubException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
