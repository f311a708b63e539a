// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import java.security.cert.X509Certificate;
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
    private final IdentityRegistry registry;
    private final Gatekeeper gate;
    private final Presences presences = new Presences();
    private final Activity activity;
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
        this(hostName, clock, tokenGrace, ServicePolicy.create());
    }

    /** As {@link #HubCore(String, Clock, Duration)}, for services that know the keys of this policy. */
    public HubCore(String hostName, Clock clock, Duration tokenGrace, ServicePolicy policy) {
        this.hostName = hostName;
        this.clock = clock;
        this.registry = new IdentityRegistry(clock);
        this.gate = new Gatekeeper(hostName, clock, tokenGrace, policy, registry);
        this.activity = new Activity(clock);
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
            closeConnections(spec.identity());
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
            closeConnections(removed);
            activity.forget(removed);
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
        return new HubStatistics(count.devices(), count.disabled(), presences.devices());
    }

    public IdentityState state(HubIdentity identity) {
        return new IdentityState(
                isConnected(identity),
                activity.connectionChanged(identity),
                activity.active(identity),
                cloudMessageCount(identity));
    }

    public boolean isConnected(HubIdentity identity) {
        return presences.contains(identity);
    }

    /** Closes every connection of the identity as a failing network would: without a word of the protocol. */
    public void closeConnections(HubIdentity identity) {
        presences.closeAll(identity);
    }

    // Credentials

    /** Whose devices come in by certificate. */
    public TrustedAuthorities authorities() {
        return gate.authorities();
    }

    /** By whose keys services come in. */
    public ServicePolicy policy() {
        return gate.policy();
    }

    @Override
    public Instant authorize(HubIdentity identity, String sasToken) throws HubException {
        return gate.authorize(identity, sasToken);
    }

    @Override
    public Instant authorize(HubIdentity identity, X509Certificate... chain) throws HubException {
        return gate.authorize(identity, List.of(chain));
    }

    @Override
    public Grant readToken(String sasToken) throws HubException {
        return gate.readToken(sasToken);
    }

    /** Checks that a token speaks for a service: it is for the whole hub and a key of the policy has signed it. */
    public void authorizeService(String sasToken) throws HubException {
        gate.authorizeService(sasToken);
    }

    @Override
    public void requireEnabled(HubIdentity identity) throws HubException {
        registry.requireEnabled(identity);
    }

    @Override
    public Presence connect(HubIdentity identity, String protocol, Runnable kick) {
        return activity.noteConnection(identity, presences.connect(identity, protocol, kick));
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
        activity.noteUse(from);
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
    public void followModel(HubIdentity identity, String modelId) {
        twins.of(identity).followModel(modelId);
    }

    @Override
    public Presence receiveDesiredChanges(HubIdentity identity, Consumer<DesiredChange> receiver, Runnable replaced) {
        return twins.of(identity).listen(receiver, replaced);
    }

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
