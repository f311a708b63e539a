// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.PercentText;
import io.upstream.emulator.hub.RegisteredIdentity;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.hub.Throttle;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.server.Listeners;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

    private final HubCore hub;
    private final ProvisioningService provisioning;
    private final String host;
    private final Doors doors;
    private final Listeners listeners;
    private final EmulatorCa ca;
    private final Path directory;
    private final RegistryDesk registry;
    private final TelemetryDesk telemetry;
    private final ServiceDesk service;

    /** @param listeners taken, to be closed by {@link #close} */
    IotHubEmulator(
            HubCore hub,
            ProvisioningService provisioning,
            String host,
            Doors doors,
            Listeners listeners,
            EmulatorCa ca,
            Path directory) {
        this.hub = hub;
        this.provisioning = provisioning;
        this.host = host;
        this.doors = doors;
        this.listeners = listeners;
        this.ca = ca;
        this.directory = directory;
        this.registry = new RegistryDesk(hub);
        this.telemetry = new TelemetryDesk(hub.telemetry());
        this.service = new ServiceDesk(hub);
        listeners.loops().scheduleAtFixedRate(hub::sweep, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        LOG.info("hub {} on {}: {}", hub.hostName(), host, doors);
    }

    /** Starts to describe a hub. Without further words it listens on any free ports of 127.0.0.1 and calls itself localhost. */
    public static EmulatorBuilder builder() {
        return new EmulatorBuilder();
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
        return doors.mqttPort();
    }

    public int amqpPort() {
        return doors.amqpPort();
    }

    /** The port of both WebSocket protocols. */
    public int wsPort() {
        return doors.wsPort();
    }

    public int apiPort() {
        return doors.apiPort();
    }

    /**
     * The provisioning service beside the hub, on the same ports: it assigns the devices that are enrolled with it to this hub. Its id scope
     * and the enrolments are to be had there.
     */
    public ProvisioningService provisioning() {
        return provisioning;
    }

    /** The PEM file that a client has to trust. */
    public Path trustBundle() {
        return directory.resolve(EmulatorCa.CERTIFICATE_FILE).toAbsolutePath();
    }

    /** The connection string of a device with its primary key, a secret; with {@code x509=true} if it has no keys. */
    public String connectionString(String deviceId) {
        return registry.connectionString(HubIdentity.device(deviceId));
    }

    /**
     * The connection string of a service that may do everything, a secret. It names no port, for the clients of the hub take none: they
     * expect the REST API on port 443, where {@link EmulatorBuilder#wsPort} can put it.
     */
    public String serviceConnectionString() {
        return registry.serviceConnectionString();
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
        return registry.put(HubIdentity.device(deviceId), IdentityStatus.ENABLED, null);
    }

    /**
     * Registers a device with this key, or enables it again.
     *
     * @param key the primary key: base64 of 16 to 64 bytes
     */
    public RegisteredIdentity addDevice(String deviceId, String key) {
        return registry.put(HubIdentity.device(deviceId), IdentityStatus.ENABLED, key);
    }

    /** Registers a device that proves itself like this, or changes it. */
    public RegisteredIdentity addDevice(String deviceId, Authentication authentication) {
        return registry.put(HubIdentity.device(deviceId), authentication);
    }

    /** Refuses a device from now on and closes its connections. */
    public void disableDevice(String deviceId) {
        registry.get(HubIdentity.device(deviceId));
        registry.put(HubIdentity.device(deviceId), IdentityStatus.DISABLED, null);
    }

    /** Registers a module of a registered device with keys of the hub's making, or enables it again. */
    public RegisteredIdentity addModule(String deviceId, String moduleId) {
        return registry.put(HubIdentity.module(deviceId, moduleId), IdentityStatus.ENABLED, null);
    }

    /** As {@link #connectionString(String)}, of a module. */
    public String connectionString(String deviceId, String moduleId) {
        return registry.connectionString(HubIdentity.module(deviceId, moduleId));
    }

    /** Breaks a device's connections without a word of their protocol, whoever else uses them. */
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
        return telemetry.of(deviceId);
    }

    /**
     * Waits until a device has sent so many messages, counted since the start of the hub.
     *
     * @return all that came, at least {@code count}
     * @throws TimeoutException if fewer came within {@code limit}
     */
    public List<TelemetryRecord> awaitTelemetry(String deviceId, int count, Duration limit)
            throws InterruptedException, TimeoutException {
        return telemetry.await(deviceId, count, limit);
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
        return service.twin(HubIdentity.device(deviceId));
    }

    public ObjectNode twin(String deviceId, String moduleId) {
        return service.twin(HubIdentity.module(deviceId, moduleId));
    }

    /**
     * Changes a device's desired properties by a merge patch and tells the device.
     *
     * @param json an object, {@code null} deletes
     * @return the new version of the desired properties
     * @throws HubException as the hub's service API would refuse it: not JSON, too large, no such device
     */
    public long patchDesired(String deviceId, String json) throws HubException {
        return service.patchDesired(HubIdentity.device(deviceId), json);
    }

    public long patchDesired(String deviceId, String moduleId, String json) throws HubException {
        return service.patchDesired(HubIdentity.module(deviceId, moduleId), json);
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
        return service.invoke(HubIdentity.device(deviceId), name, payload, timeout);
    }

    public MethodAnswer invokeMethod(String deviceId, String moduleId, String name, String payload, Duration timeout)
            throws HubException, InterruptedException {
        return service.invoke(HubIdentity.module(deviceId, moduleId), name, payload, timeout);
    }

    // Faults and limits

    /** Lets this go wrong for a device from now on, in place of whatever goes wrong for it already. */
    public void inject(String deviceId, Fault fault) {
        inject(HubIdentity.device(deviceId), fault);
    }

    /** As {@link #inject(String, Fault)}, for a module. */
    public void inject(String deviceId, String moduleId, Fault fault) {
        inject(HubIdentity.module(deviceId, moduleId), fault);
    }

    private void inject(HubIdentity identity, Fault fault) {
        try {
            hub.inject(identity, fault);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Ends what goes wrong for a device, if anything does. */
    public void endFault(String deviceId) {
        hub.endFault(HubIdentity.device(deviceId));
    }

    /** Lets this decide from now on which operations the hub refuses as too many. */
    public void throttle(Throttle decision) {
        hub.throttle(decision);
    }

    @Override
    public void close() {
        listeners.close();
    }
}
