// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The hub itself: registry, credentials, telemetry, cloud-to-device queues, twins, direct methods and who is connected. It keeps everything in memory
 * and owns no thread: whoever runs it calls {@link #sweep} a few times a second. Safe for use by any thread.
 */
public final class HubCore implements Hub {
    /** The largest cloud-to-device message, counted as telemetry is. */
    public static final int MAX_CLOUD_MESSAGE_BYTES = 64 * 1024;

    /** What the hub stamps and a device cannot say of itself. */
    private static final Set<String> STAMPED = Set.of(
            "connection-device-id",
            "connection-module-id",
            "iothub-connection-device-id",
            "iothub-connection-module-id",
            "iothub-connection-auth-method",
            "iothub-connection-auth-generation-id",
            "iothub-enqueuedtime",
            "iothub-message-source",
            "dt-dataschema");

    private final String hostName;
    private final Clock clock;
    private final Duration tokenGrace;
    private final IdentityRegistry registry = new IdentityRegistry();
    private final Presences presences = new Presences();
    private final TelemetryStore telemetry;
    private final CloudQueues queues;
    private final Twins twins;
    private final Methods methods;
    private volatile Throttle throttle = Throttle.NONE;

    /**
     * A hub without devices.
     *
     * @param hostName the name that tokens and user names must carry
     * @param tokenGrace how long a connection may outlive its token; a new connection never may
     */
    public HubCore(String hostName, Clock clock, Duration tokenGrace) {
        this.hostName = hostName;
        this.clock = clock;
        this.tokenGrace = tokenGrace;
        this.telemetry = new TelemetryStore(clock, TelemetryStore.MAX_MESSAGES, TelemetryStore.MAX_BYTES);
        this.queues = new CloudQueues(clock);
        this.twins = new Twins(clock);
        this.methods = new Methods(clock);
    }

    @Override
    public String hostName() {
        return hostName;
    }

    /** The time by which tokens, locks and expiries are judged. */
    public Clock clock() {
        return clock;
    }

    public TelemetryStore telemetry() {
        return telemetry;
    }

    // Registry

    /**
     * Registers an identity or changes it. Disabling closes its connections.
     *
     * @param primaryKey base64 of 16 to 64 bytes; if {@code null} it stays as it is, or is made
     * @param secondaryKey as {@code primaryKey}
     */
    public RegisteredIdentity put(
            HubIdentity identity, IdentityStatus status, @Nullable String primaryKey, @Nullable String secondaryKey)
            throws HubException {
        RegisteredIdentity entry = registry.put(identity, status, primaryKey, secondaryKey);
        if (status == IdentityStatus.DISABLED) {
            closeConnections(identity);
        }
        return entry;
    }

    public RegisteredIdentity get(HubIdentity identity) throws HubException {
        return registry.get(identity);
    }

    /** Removes an identity, a device with its modules; closes its connections and forgets its messages and its twin. */
    public void remove(HubIdentity identity) throws HubException {
        for (HubIdentity removed : registry.remove(identity)) {
            closeConnections(removed);
            queues.remove(removed);
            twins.remove(removed);
            methods.remove(removed);
        }
    }

    public boolean isConnected(HubIdentity identity) {
        return presences.contains(identity);
    }

    /** Closes every connection of the identity as a failing network would: without a word of the protocol. */
    public void closeConnections(HubIdentity identity) {
        presences.closeAll(identity);
    }

    // Credentials

    @Override
    public Instant authorize(HubIdentity identity, String sasToken) throws HubException {
        SasToken token = SasToken.parse(sasToken);
        RegisteredIdentity entry = registry.get(identity);
        if (!token.covers(hostName, identity)) {
            throw new HubException(HubError.UNAUTHORIZED, "the token is not for " + identity + " of " + hostName);
        }
        Instant end = verify(token, entry);
        requireEnabled(identity);
        return end;
    }

    @Override
    public Grant readToken(String sasToken) throws HubException {
        SasToken token = SasToken.parse(sasToken);
        HubIdentity identity = token.identity(hostName);
        return new Grant(identity, verify(token, registry.get(identity)));
    }

    private Instant verify(SasToken token, RegisteredIdentity entry) throws HubException {
        // Both are tried, so that the time taken does not tell which of the two signed.
        boolean primary = token.isSignedWith(entry.primaryKey());
        boolean secondary = token.isSignedWith(entry.secondaryKey());
        if (!primary && !secondary) {
            throw new HubException(
                    HubError.UNAUTHORIZED, "the token for " + entry.identity() + " has a wrong signature");
        }
        if (!token.expiry().isAfter(clock.instant())) {
            throw new HubException(
                    HubError.UNAUTHORIZED, "the token for " + entry.identity() + " expired at " + token.expiry());
        }
        return token.expiry().plus(tokenGrace);
    }

    @Override
    public void requireEnabled(HubIdentity identity) throws HubException {
        registry.requireEnabled(identity);
    }

    @Override
    public Presence connect(HubIdentity identity, String protocol, Runnable kick) {
        return presences.connect(identity, protocol, kick);
    }

    // Telemetry

    @Override
    public long accept(HubIdentity from, HubMessage message) throws HubException {
        return accept(from, List.of(message));
    }

    @Override
    public long accept(HubIdentity from, List<HubMessage> batch) throws HubException {
        registry.requireEnabled(from);
        requireSize(batch, MAX_TELEMETRY_BYTES);
        throttle.admit(from, Throttle.Operation.TELEMETRY);
        long last = 0;
        for (HubMessage message : batch) {
            last = telemetry.append(from, withoutStamps(message));
        }
        return last;
    }

    private static void requireSize(List<HubMessage> batch, int limit) throws HubException {
        long size = 0;
        for (HubMessage message : batch) {
            size += StoredMessage.size(message);
        }
        if (size > limit) {
            String what = batch.size() == 1 ? "the message has " : "the batch has ";
            throw new HubException(HubError.MESSAGE_TOO_LARGE, what + size + " bytes, " + limit + " are allowed");
        }
    }

    private static void requireSize(HubMessage message, int limit) throws HubException {
        requireSize(List.of(message), limit);
    }

    private static HubMessage withoutStamps(HubMessage message) {
        if (!claimsStamps(message.systemProperties()) && !claimsStamps(message.properties())) {
            return message;
        }
        Map<String, String> system = new LinkedHashMap<>(message.systemProperties());
        Map<String, String> application = new LinkedHashMap<>(message.properties());
        system.keySet().removeAll(STAMPED);
        application.keySet().removeAll(STAMPED);
        return new HubMessage(system, application, message.body());
    }

    private static boolean claimsStamps(Map<String, String> properties) {
        for (String name : properties.keySet()) {
            if (STAMPED.contains(name)) {
                return true;
            }
        }
        return false;
    }

    // Cloud to device

    /**
     * Enqueues a message for a device, whether it is connected or not. A message id is made if there is none, {@code to} is
     * set if it is absent.
     */
    public SentMessage sendToDevice(String deviceId, HubMessage message) throws HubException {
        HubIdentity device = HubIdentity.device(deviceId);
        registry.get(device);
        requireSize(message, MAX_CLOUD_MESSAGE_BYTES);
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
        requireSize(message, MAX_TELEMETRY_BYTES);
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

    @Override
    public Presence receiveCloudMessages(HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queues.receive(identity, receiver, replaced);
    }

    @Override
    public Presence receiveInputs(HubIdentity module, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queues.receiveInputs(module, receiver, replaced);
    }

    // Twins

    @Override
    public ObjectNode deviceTwin(HubIdentity identity) throws HubException {
        registry.requireEnabled(identity);
        throttle.admit(identity, Throttle.Operation.TWIN_READ);
        return twins.of(identity).deviceView();
    }

    @Override
    public long report(HubIdentity identity, ObjectNode patch, OptionalLong baseVersion) throws HubException {
        registry.requireEnabled(identity);
        throttle.admit(identity, Throttle.Operation.TWIN_UPDATE);
        return twins.of(identity).report(patch, baseVersion);
    }

    @Override
    public Presence receiveDesiredChanges(HubIdentity identity, Consumer<DesiredChange> receiver, Runnable replaced) {
        return twins.of(identity).listen(receiver, replaced);
    }

    /** The whole twin in the JSON of the hub's REST API: {@code etag}, {@code version}, {@code tags}, {@code properties} with metadata. */
    public ObjectNode serviceTwin(HubIdentity identity) throws HubException {
        RegisteredIdentity entry = registry.get(identity);
        return twins.serviceView(entry, presences.contains(identity), queues.depth(identity));
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

    @Override
    public Presence receiveMethods(HubIdentity identity, Consumer<MethodRequest> receiver, Runnable replaced) {
        return methods.receive(identity, receiver, replaced);
    }

    @Override
    public boolean answerMethod(HubIdentity identity, UUID id, MethodAnswer answer) throws HubException {
        return methods.answer(identity, id, answer);
    }

    // Limits and time

    /** Lets this decide from now on which operations are too many; {@link Throttle#NONE} to begin with. */
    public void throttle(Throttle decision) {
        this.throttle = decision;
    }

    /** Lets lapsed locks, expired messages and the timeouts of methods take effect. */
    public void sweep() {
        queues.sweep();
        methods.sweep();
    }
}
