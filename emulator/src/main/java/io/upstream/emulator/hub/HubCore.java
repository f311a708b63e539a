// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The hub itself: registry, credentials, telemetry, cloud-to-device queues and who is connected. It keeps everything in memory
 * and owns no thread: whoever runs it calls {@link #sweep} a few times a second. Safe for use by any thread.
 */
public final class HubCore implements Hub {
    /** The largest cloud-to-device message, counted as telemetry is. */
    public static final int MAX_CLOUD_MESSAGE_BYTES = 64 * 1024;

    private static final int MAX_MESSAGE_ID = 128;
    private static final Set<String> ACKS = Set.of("none", "positive", "negative", "full");
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
    private final ConcurrentHashMap<HubIdentity, CloudQueue> queues = new ConcurrentHashMap<>();

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

    /** Removes an identity, a device with its modules; closes its connections and forgets its messages. */
    public void remove(HubIdentity identity) throws HubException {
        for (HubIdentity removed : registry.remove(identity)) {
            closeConnections(removed);
            CloudQueue queue = queues.remove(removed);
            if (queue != null) {
                queue.purge();
            }
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
        registry.requireEnabled(from);
        requireSize(message, MAX_TELEMETRY_BYTES);
        return telemetry.append(from, withoutStamps(message));
    }

    private static void requireSize(HubMessage message, int limit) throws HubException {
        long size = StoredMessage.size(message);
        if (size > limit) {
            throw new HubException(
                    HubError.MESSAGE_TOO_LARGE, "the message has " + size + " bytes, " + limit + " are allowed");
        }
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
        Map<String, String> system = new LinkedHashMap<>(message.systemProperties());
        String id =
                system.computeIfAbsent("message-id", name -> UUID.randomUUID().toString());
        system.putIfAbsent("to", "/devices/" + deviceId + "/messages/deviceBound");
        if (id.isEmpty() || id.length() > MAX_MESSAGE_ID) {
            throw new HubException(HubError.MALFORMED, "a message id must have 1 to " + MAX_MESSAGE_ID + " characters");
        }
        if (!ACKS.contains(system.getOrDefault("ack", "none"))) {
            throw new HubException(HubError.MALFORMED, "ack must be none, positive, negative or full");
        }
        return queue(device).send(id, new HubMessage(system, message.properties(), message.body()));
    }

    /** What became of a message to a device: one that still waits, or one of the last thousand of this device. */
    public Optional<SentMessage> cloudMessage(String deviceId, String messageId) {
        CloudQueue queue = queues.get(HubIdentity.device(deviceId));
        return queue == null ? Optional.empty() : Optional.ofNullable(queue.find(messageId));
    }

    /** How many messages wait for the identity, locked ones included. */
    public int cloudMessageCount(HubIdentity identity) {
        CloudQueue queue = queues.get(identity);
        return queue == null ? 0 : queue.depth();
    }

    @Override
    public Presence receiveCloudMessages(HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queue(identity).receive(receiver, replaced);
    }

    private CloudQueue queue(HubIdentity identity) {
        return queues.computeIfAbsent(identity, id -> new CloudQueue(clock));
    }

    /** Lets lapsed locks and expired messages take effect. */
    public void sweep() {
        queues.values().forEach(CloudQueue::sweep);
    }
}
