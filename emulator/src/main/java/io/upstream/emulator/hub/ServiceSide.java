// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What services may ask of the hub: the registry, messages to devices, twins and direct methods. */
public abstract sealed class ServiceSide permits HubCore {
    /** The largest cloud-to-device message, counted as telemetry is. */
    public static final int MAX_CLOUD_MESSAGE_BYTES = 64 * 1024;

    final Clock clock;
    final IdentityRegistry registry;
    final Attendance attendance;
    final CloudQueues queues;
    final Twins twins;
    final Methods methods;

    ServiceSide(Clock clock) {
        this.clock = clock;
        this.registry = new IdentityRegistry(clock);
        this.attendance = new Attendance(clock, registry);
        this.queues = new CloudQueues(clock);
        this.twins = new Twins(clock);
        this.methods = new Methods(clock);
    }

    /** The time by which tokens, locks and expiries are judged. */
    public final Clock clock() {
        return clock;
    }

    // Registry

    /**
     * Registers an identity that proves itself by keys, or changes it. Without keys a known identity keeps what it has, certificates
     * included. Disabling closes its connections.
     *
     * @param primaryKey base64 of 16 to 64 bytes; if {@code null} it stays as it is, or is made
     * @param secondaryKey as {@code primaryKey}
     */
    public RegisteredIdentity put(
            HubIdentity identity, IdentityStatus status, @Nullable String primaryKey, @Nullable String secondaryKey)
            throws HubException {
        RegisteredIdentity known = registry.find(identity);
        Authentication authentication = known != null && primaryKey == null && secondaryKey == null
                ? known.authentication()
                : new SymmetricKeys(givenOrEmpty(primaryKey), givenOrEmpty(secondaryKey));
        boolean edge = known != null && known.edge();
        return put(new IdentitySpec(identity, status, "", authentication, edge), Precondition.NONE);
    }

    private static String givenOrEmpty(@Nullable String key) throws HubException {
        if (key == null) {
            return "";
        }
        CredentialForms.requireKey(key); // an empty one is no key, and not the same as none
        return key;
    }

    /**
     * Registers an identity or changes it, which replaces all that was said of it but its keys. Disabling closes its connections.
     *
     * @throws HubException {@link HubError#DEVICE_EXISTS}, {@link HubError#DEVICE_NOT_FOUND} or {@link HubError#PRECONDITION_FAILED} if it is
     *     not as the condition demands, {@link HubError#MALFORMED} for ids, keys and thumbprints that the hub does not take
     */
    public RegisteredIdentity put(IdentitySpec spec, Precondition condition) throws HubException {
        RegisteredIdentity entry = registry.put(spec, condition);
        if (spec.status() == IdentityStatus.DISABLED) {
            attendance.disabled(spec.identity());
        }
        return entry;
    }

    public RegisteredIdentity get(HubIdentity identity) throws HubException {
        return registry.get(identity);
    }

    /** Removes an identity, a device with its modules; closes its connections and forgets its messages and its twin. */
    public void remove(HubIdentity identity) throws HubException {
        remove(identity, Precondition.NONE);
    }

    /** As {@link #remove(HubIdentity)}, if it is as the condition demands. */
    public void remove(HubIdentity identity, Precondition condition) throws HubException {
        for (HubIdentity removed : registry.remove(identity, condition)) {
            attendance.removed(removed);
            queues.remove(removed);
            twins.remove(removed);
            methods.remove(removed);
        }
    }

    /**
     * Lists devices in the order of their ids.
     *
     * @param after {@code null} to begin with the first
     */
    public List<RegisteredIdentity> devices(@Nullable HubIdentity after, int limit) {
        return registry.list(IdentityRegistry.Kind.DEVICES, after, limit);
    }

    /** As {@link #devices}, the modules of all devices. */
    public List<RegisteredIdentity> modules(@Nullable HubIdentity after, int limit) {
        return registry.list(IdentityRegistry.Kind.MODULES, after, limit);
    }

    /** All modules of a device. */
    public List<RegisteredIdentity> modules(String deviceId) throws HubException {
        return registry.modules(deviceId);
    }

    public HubStatistics statistics() {
        IdentityRegistry.Count count = registry.count();
        return new HubStatistics(count.devices(), count.disabled(), attendance.connectedDevices());
    }

    public IdentityState state(HubIdentity identity) {
        return new IdentityState(
                isConnected(identity),
                attendance.connectionChanged(identity),
                attendance.active(identity),
                cloudMessageCount(identity));
    }

    public boolean isConnected(HubIdentity identity) {
        return attendance.isConnected(identity);
    }

    /** Breaks every connection of the identity as a failing network would, without a word of the protocol, whoever else uses it. */
    public void closeConnections(HubIdentity identity) {
        attendance.end(identity, Ending.TCP);
    }

    // Cloud to device

    /**
     * Enqueues a message for a device, whether it is connected or not. A message id is made if there is none, {@code to} is
     * set if it is absent.
     */
    public SentMessage sendToDevice(String deviceId, HubMessage message) throws HubException {
        HubIdentity device = HubIdentity.device(deviceId);
        registry.get(device);
        TelemetryIntake.requireSize(List.of(message), MAX_CLOUD_MESSAGE_BYTES);
        return queues.sendToDevice(device, message);
    }

    /**
     * Enqueues a message for an input of a module, as Azure IoT Edge routes it. It comes from the module's own device unless its system
     * properties {@code connection-device-id} and {@code connection-module-id} say otherwise.
     */
    public SentMessage sendToInput(HubIdentity module, String input, HubMessage message) throws HubException {
        registry.get(module);
        if (module.moduleId() == null) {
            throw new HubException(HubError.MALFORMED, module + " is a device, only modules have inputs");
        }
        TelemetryIntake.requireSize(List.of(message), Hub.MAX_TELEMETRY_BYTES);
        return queues.sendToInput(module, input, message);
    }

    /** What became of a message to a device: one that still waits, or one of the last thousand of this device. */
    public Optional<SentMessage> cloudMessage(String deviceId, String messageId) {
        return queues.find(HubIdentity.device(deviceId), messageId);
    }

    /** How many messages wait for the identity, locked ones included. */
    public int cloudMessageCount(HubIdentity identity) {
        return queues.depth(identity);
    }

    // Twins

    /** The whole twin in the JSON of the hub's REST API: {@code etag}, {@code version}, {@code tags}, {@code properties} with metadata. */
    public ObjectNode serviceTwin(HubIdentity identity) throws HubException {
        return twins.serviceView(registry.get(identity), state(identity));
    }

    /**
     * Changes {@code tags} and {@code properties.desired} by a merge patch (RFC 7396); whatever else is in it counts for nothing. A device
     * that listens is told of desired properties.
     *
     * @param ifMatch the etag that the twin must have, with or without quotes; {@code null} or {@code *} for any
     * @return the twin as {@link #serviceTwin} gives it
     * @throws HubException {@link HubError#MALFORMED} beyond the twin's limits, {@link HubError#PRECONDITION_FAILED} for another etag
     */
    public ObjectNode patchTwin(HubIdentity identity, ObjectNode patch, @Nullable String ifMatch) throws HubException {
        registry.get(identity);
        twins.of(identity).patch(patch, ifMatch);
        return serviceTwin(identity);
    }

    /** As {@link #patchTwin}, but what is not given is deleted. */
    public ObjectNode replaceTwin(HubIdentity identity, ObjectNode whole, @Nullable String ifMatch)
            throws HubException {
        registry.get(identity);
        twins.of(identity).replace(whole, ifMatch);
        return serviceTwin(identity);
    }

    // Direct methods

    /**
     * Calls a direct method of a device or module.
     *
     * @return the device's answer, or a {@link HubException}: {@link HubError#DEVICE_NOT_ONLINE} if nobody listens within the connect timeout,
     *     {@link HubError#METHOD_TIMEOUT} without an answer, {@link HubError#MALFORMED} or {@link HubError#MESSAGE_TOO_LARGE} for a call that the
     *     hub does not take. Completed on whatever thread brings it, which must not be held up
     */
    public CompletionStage<MethodAnswer> invoke(HubIdentity identity, MethodCall call) {
        try {
            registry.get(identity);
        } catch (HubException e) {
            return CompletableFuture.failedFuture(e);
        }
        return methods.invoke(identity, call);
    }
}
