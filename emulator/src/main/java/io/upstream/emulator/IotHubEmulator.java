// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.upstream.emulator.amqp.AmqpHead;
import io.upstream.emulator.control.ControlApi;
import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.IdentitySpec;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.JsonText;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodCall;
import io.upstream.emulator.hub.PercentText;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.hub.RegisteredIdentity;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.ServicePolicy;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.hub.TelemetryStore;
import io.upstream.emulator.hub.Throttle;
import io.upstream.emulator.mqtt.MqttHead;
import io.upstream.emulator.server.Listeners;
import io.upstream.emulator.server.OptionalTls;
import io.upstream.emulator.server.ProtocolHead;
import io.upstream.emulator.server.WebSocketDoor;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.PemCertificates;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running hub: MQTT and AMQP over TLS, both over WebSocket, and the control API over HTTP, with or without TLS, also on the WebSocket
 * port. What it knows lives in memory; only its certificate authority and the keys for services are kept, in the directory.
 *
 * <pre>{@code
 * try (IotHubEmulator hub = IotHubEmulator.builder().directory(dir).device("dev-1").start()) {
 *     String connectionString = hub.connectionString("dev-1");
 *     Path trust = hub.trustBundle();
 *     …
 *     List<TelemetryRecord> came = hub.awaitTelemetry("dev-1", 3, Duration.ofSeconds(10));
 * }
 * }</pre>
 *
 * <p>Safe for use by any thread. Closing it leaves no thread, socket or timer.
 */
public final class IotHubEmulator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IotHubEmulator.class);
    private static final int SWEEP_MILLIS = 200;
    private static final int INVOKE_SLACK_MILLIS = 5_000;

    private final HubCore hub;
    private final Listeners listeners;
    private final String host;
    private final EmulatorCa ca;
    private final Path directory;
    private final int mqttPort;
    private final int amqpPort;
    private final int wsPort;
    private final int apiPort;

    private IotHubEmulator(Builder settings, HubCore hub, EmulatorCa ca, Path directory, Listeners listeners)
            throws IOException {
        this.hub = hub;
        this.listeners = listeners;
        this.host = settings.host;
        this.ca = ca;
        this.directory = directory;
        SslContext tls = ca.issueForLoopback(hub.hostName()).sslContextAskingForCertificate();
        ProtocolHead mqtt = new MqttHead(hub, hub.clock());
        ProtocolHead amqp = new AmqpHead(hub)::install;
        ControlApi api = new ControlApi(hub);
        ProtocolHead door = new WebSocketDoor(Map.of("mqtt", mqtt, "AMQPWSB10", amqp), api);
        this.mqttPort = listeners.listen("MQTT", settings.mqttPort, over(tls, mqtt));
        this.amqpPort = listeners.listen("AMQP", settings.amqpPort, over(tls, amqp));
        this.wsPort = listeners.listen("WebSocket", settings.wsPort, over(tls, door));
        this.apiPort = listeners.listen("control API", settings.apiPort, channel -> {
            channel.pipeline().addLast(new OptionalTls(tls));
            api.install(channel.pipeline());
        });
        listeners.loops().scheduleAtFixedRate(hub::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        LOG.info(
                "hub {} on {}: MQTT {}, AMQP {}, WebSocket {}, control API {}",
                hub.hostName(),
                host,
                mqttPort,
                amqpPort,
                wsPort,
                apiPort);
    }

    private static Consumer<Channel> over(SslContext tls, ProtocolHead head) {
        return channel -> {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
            head.install(channel.pipeline());
        };
    }

    /** Starts to describe a hub. Without further words it listens on any free ports of 127.0.0.1 and calls itself localhost. */
    public static Builder builder() {
        return new Builder();
    }

    /** The address that the hub is bound to. */
    public String host() {
        return host;
    }

    /** The name that clients must use: in connection strings and against the certificate. */
    public String hostName() {
        return hub.hostName();
    }

    public int mqttPort() {
        return mqttPort;
    }

    public int amqpPort() {
        return amqpPort;
    }

    /** The port of both WebSocket protocols. */
    public int wsPort() {
        return wsPort;
    }

    public int apiPort() {
        return apiPort;
    }

    /** The PEM file that a client has to trust. */
    public Path trustBundle() {
        return directory.resolve(EmulatorCa.CERTIFICATE_FILE).toAbsolutePath();
    }

    /** The connection string of a device with its primary key, a secret; with {@code x509=true} if it has no keys. */
    public String connectionString(String deviceId) {
        return "HostName=" + hostName() + ";DeviceId=" + deviceId + secret(HubIdentity.device(deviceId));
    }

    private String secret(HubIdentity identity) {
        String key = registered(identity).primaryKey();
        return key.isEmpty() ? ";x509=true" : ";SharedAccessKey=" + key;
    }

    /**
     * The connection string of a service that may do everything, a secret. It names no port, for the clients of the hub take none: they
     * expect the REST API on port 443, where {@link Builder#wsPort} can put it.
     */
    public String serviceConnectionString() {
        return "HostName=" + hostName() + ";SharedAccessKeyName=" + hub.policy().name() + ";SharedAccessKey="
                + hub.policy().primaryKey();
    }

    /**
     * Issues a certificate for a device that is registered with {@link Authentication.CertificateAuthority}, whether it is or not, and writes
     * it with its key to the directory, in place of an earlier one.
     *
     * @throws IOException if the directory does not take them
     */
    public ClientCertificate.Files issueDeviceCertificate(String deviceId) throws IOException {
        return ca.issueClient(deviceId).write(directory, PercentText.encode(deviceId));
    }

    /** Registers a device with keys of the hub's making, or enables it again. */
    public RegisteredIdentity addDevice(String deviceId) {
        return put(hub, HubIdentity.device(deviceId), IdentityStatus.ENABLED, null);
    }

    /**
     * Registers a device with this key, or enables it again.
     *
     * @param key the primary key: base64 of 16 to 64 bytes
     */
    public RegisteredIdentity addDevice(String deviceId, String key) {
        return put(hub, HubIdentity.device(deviceId), IdentityStatus.ENABLED, key);
    }

    /** Registers a device that proves itself like this, or changes it. */
    public RegisteredIdentity addDevice(String deviceId, Authentication authentication) {
        try {
            return hub.put(IdentitySpec.of(HubIdentity.device(deviceId), authentication), Precondition.NONE);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Refuses a device from now on and closes its connections. */
    public void disableDevice(String deviceId) {
        registered(HubIdentity.device(deviceId));
        put(hub, HubIdentity.device(deviceId), IdentityStatus.DISABLED, null);
    }

    private static RegisteredIdentity put(
            HubCore hub, HubIdentity identity, IdentityStatus status, @Nullable String key) {
        try {
            return hub.put(identity, status, key, null);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private RegisteredIdentity registered(HubIdentity identity) {
        try {
            return hub.get(identity);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Registers a module of a registered device with keys of the hub's making, or enables it again. */
    public RegisteredIdentity addModule(String deviceId, String moduleId) {
        return put(hub, HubIdentity.module(deviceId, moduleId), IdentityStatus.ENABLED, null);
    }

    /** As {@link #connectionString(String)}, of a module. */
    public String connectionString(String deviceId, String moduleId) {
        return "HostName=" + hostName() + ";DeviceId=" + deviceId + ";ModuleId=" + moduleId
                + secret(HubIdentity.module(deviceId, moduleId));
    }

    /** Closes a device's connections without a word of their protocol. */
    public void closeConnectionsOf(String deviceId) {
        hub.closeConnections(HubIdentity.device(deviceId));
    }

    /** As {@link #closeConnectionsOf(String)}, of a module. */
    public void closeConnectionsOf(String deviceId, String moduleId) {
        hub.closeConnections(HubIdentity.module(deviceId, moduleId));
    }

    /** Whether the device has a connection or, under AMQP, a claim on one. */
    public boolean isConnected(String deviceId) {
        return hub.isConnected(HubIdentity.device(deviceId));
    }

    /** All that is kept of a device's telemetry and its modules', oldest first. */
    public List<TelemetryRecord> telemetry(String deviceId) {
        List<TelemetryRecord> all = new ArrayList<>();
        TelemetryStore.Page page;
        long next = 0;
        do {
            page = hub.telemetry().read(next, Integer.MAX_VALUE, deviceId);
            all.addAll(page.records());
            next = page.next();
        } while (!page.end());
        return all;
    }

    /**
     * Waits until a device has sent so many messages, counted since the start of the hub.
     *
     * @return all that came, at least {@code count}
     * @throws TimeoutException if fewer came within {@code limit}
     */
    public List<TelemetryRecord> awaitTelemetry(String deviceId, int count, Duration limit)
            throws InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        List<TelemetryRecord> came = new ArrayList<>();
        long next = 0;
        while (true) {
            TelemetryStore.Page page = hub.telemetry().read(next, Integer.MAX_VALUE, deviceId);
            came.addAll(page.records());
            next = page.next();
            if (page.end() && came.size() >= count) {
                return came;
            }
            if (page.end() && !awaitMore(next, deadline)) {
                throw new TimeoutException(
                        came.size() + " of " + count + " messages came from " + deviceId + " within " + limit);
            }
        }
    }

    private boolean awaitMore(long after, long deadline) throws InterruptedException {
        Semaphore more = new Semaphore(0);
        Hub.Presence waiter = hub.telemetry().wakeAfter(after, more::release);
        try {
            return more.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } finally {
            waiter.close();
        }
    }

    /**
     * Enqueues a message for a device.
     *
     * @throws HubException as the hub's service API would refuse it: too large, queue full, no such device
     */
    public SentMessage sendToDevice(String deviceId, HubMessage message) throws HubException {
        return hub.sendToDevice(deviceId, message);
    }

    /**
     * Enqueues a message for an input of a module, as Azure IoT Edge routes it.
     *
     * @throws HubException if it is too large, the queue is full or there is no such module
     */
    public SentMessage sendToInput(String deviceId, String moduleId, String input, HubMessage message)
            throws HubException {
        return hub.sendToInput(HubIdentity.module(deviceId, moduleId), input, message);
    }

    // Twins

    /** A device's twin as the service sees it: {@code etag}, {@code tags}, {@code properties} with metadata. The caller's own copy. */
    public ObjectNode twin(String deviceId) {
        return twin(HubIdentity.device(deviceId));
    }

    public ObjectNode twin(String deviceId, String moduleId) {
        return twin(HubIdentity.module(deviceId, moduleId));
    }

    private ObjectNode twin(HubIdentity identity) {
        try {
            return hub.serviceTwin(identity);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /**
     * Changes a device's desired properties by a merge patch and tells the device.
     *
     * @param json an object, {@code null} deletes
     * @return the new version of the desired properties
     * @throws HubException as the hub's service API would refuse it: not JSON, too large, no such device
     */
    public long patchDesired(String deviceId, String json) throws HubException {
        return patchDesired(HubIdentity.device(deviceId), json);
    }

    public long patchDesired(String deviceId, String moduleId, String json) throws HubException {
        return patchDesired(HubIdentity.module(deviceId, moduleId), json);
    }

    private long patchDesired(HubIdentity identity, String json) throws HubException {
        ObjectNode patch = JsonNodeFactory.instance.objectNode();
        patch.putObject("properties").set("desired", JsonText.readObject(json));
        return hub.patchTwin(identity, patch, null)
                .at("/properties/desired/$version")
                .longValue();
    }

    // Direct methods

    /**
     * Calls a direct method of a device and waits for its answer.
     *
     * @param payload JSON, or empty
     * @param timeout how long the device may take to answer, 5 to 300 seconds; as much is granted to it to connect and listen
     * @throws HubException as the hub's service API would fail: device not online, no answer in time, payload not JSON
     */
    public MethodAnswer invokeMethod(String deviceId, String name, String payload, Duration timeout)
            throws HubException, InterruptedException {
        return invoke(HubIdentity.device(deviceId), name, payload, timeout);
    }

    public MethodAnswer invokeMethod(String deviceId, String moduleId, String name, String payload, Duration timeout)
            throws HubException, InterruptedException {
        return invoke(HubIdentity.module(deviceId, moduleId), name, payload, timeout);
    }

    private MethodAnswer invoke(HubIdentity identity, String name, String payload, Duration timeout)
            throws HubException, InterruptedException {
        MethodCall call = new MethodCall(name, payload.getBytes(StandardCharsets.UTF_8), timeout, timeout);
        try {
            // The hub ends every call by its own clock; this is for a clock that stands still.
            return hub.invoke(identity, call)
                    .toCompletableFuture()
                    .get(2 * timeout.toMillis() + INVOKE_SLACK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HubException refusal) {
                throw refusal;
            }
            throw new IllegalStateException("the hub failed to call " + name, e);
        } catch (TimeoutException e) {
            throw new HubException(HubError.METHOD_TIMEOUT, identity + " has not answered within " + timeout);
        }
    }

    /** Lets this decide from now on which operations the hub refuses as too many. */
    public void throttle(Throttle decision) {
        hub.throttle(decision);
    }

    @Override
    public void close() {
        listeners.close();
    }

    /** What a hub shall be. Not safe for use by several threads. */
    public static final class Builder {
        private final Map<String, @Nullable String> devices = new LinkedHashMap<>();
        private final List<Path> trustedCas = new ArrayList<>();
        private @Nullable String policyKey;
        private @Nullable Path directory;
        private String host = "127.0.0.1";
        private String hostName = "localhost";
        private int mqttPort;
        private int amqpPort;
        private int wsPort;
        private int apiPort;
        private Duration tokenGrace = Duration.ZERO;
        private Clock clock = Clock.systemUTC();

        private Builder() {}

        /** Where the certificate authority and the keys for services are kept; made if absent. Required. */
        public Builder directory(Path directory) {
            this.directory = directory;
            return this;
        }

        /** The address to bind to; default 127.0.0.1. */
        public Builder host(String host) {
            this.host = host;
            return this;
        }

        /** The hub's name in connection strings, tokens and the server certificate; default localhost. */
        public Builder hostName(String hostName) {
            this.hostName = hostName;
            return this;
        }

        /** 0, the default, for any free port; so with the other three. */
        public Builder mqttPort(int port) {
            this.mqttPort = port;
            return this;
        }

        public Builder amqpPort(int port) {
            this.amqpPort = port;
            return this;
        }

        public Builder wsPort(int port) {
            this.wsPort = port;
            return this;
        }

        public Builder apiPort(int port) {
            this.apiPort = port;
            return this;
        }

        /** Registers a device from the start, with keys of the hub's making. */
        public Builder device(String deviceId) {
            devices.put(deviceId, null);
            return this;
        }

        /**
         * Registers a device from the start.
         *
         * @param key the primary key: base64 of 16 to 64 bytes
         */
        public Builder device(String deviceId, String key) {
            devices.put(deviceId, key);
            return this;
        }

        /**
         * Lets devices in by certificates of these authorities, besides the emulator's own: those registered with {@link
         * Authentication.CertificateAuthority}.
         *
         * @param file PEM with one or more certificates of authorities
         */
        public Builder trustedCa(Path file) {
            trustedCas.add(file);
            return this;
        }

        /**
         * The primary key of the policy iothubowner, by which services come in; default one that is made on first start and kept.
         *
         * @param key base64 of 16 to 64 bytes
         */
        public Builder policyKey(String key) {
            this.policyKey = key;
            return this;
        }

        /** How long a connection may outlive its token; default none. The real hub gives some ten minutes. */
        public Builder tokenGrace(Duration tokenGrace) {
            this.tokenGrace = tokenGrace;
            return this;
        }

        /** The time by which tokens, locks and expiries are judged; default the system's. */
        public Builder clock(Clock clock) {
            this.clock = clock;
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
            HubCore hub = new HubCore(hostName, clock, tokenGrace, policy);
            trust(hub, "emulator", ca.certificate());
            for (Path file : trustedCas) {
                int number = 0;
                for (X509Certificate each : PemCertificates.read(file)) {
                    trust(hub, file + "#" + number++, each);
                }
            }
            for (Map.Entry<String, @Nullable String> device : devices.entrySet()) {
                put(hub, HubIdentity.device(device.getKey()), IdentityStatus.ENABLED, device.getValue());
            }
            Listeners listeners = new Listeners(host);
            try {
                return new IotHubEmulator(this, hub, ca, directory, listeners);
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
}
