// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.ManualClock;
import io.upstream.emulator.hub.CloudDelivery;
import io.upstream.emulator.hub.DesiredChange;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodRequest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/** A hub of a few maps. The token {@code token:d} speaks for the device d, {@code token:d/m} for its module m. */
final class InMemoryHub implements Hub {
    final Map<HubIdentity, Boolean> registered = new HashMap<>();
    final List<HubMessage> telemetry = new ArrayList<>();
    final List<HubIdentity> senders = new ArrayList<>();
    final Set<HubIdentity> present = new HashSet<>();
    final Map<HubIdentity, Runnable> kicks = new HashMap<>();
    final Map<HubIdentity, Consumer<CloudDelivery>> receivers = new HashMap<>();
    final Map<HubIdentity, Runnable> replaced = new HashMap<>();
    final List<String> outcomes = new ArrayList<>();
    final ManualClock clock = new ManualClock();
    /** Twins, direct methods and inputs are the real hub's. */
    final HubCore core = new HubCore("hub.test", clock, Duration.ZERO);

    Instant expiry = Instant.now().plusSeconds(3600);

    InMemoryHub register(String... ids) {
        for (String id : ids) {
            registered.put(identity(id), true);
            try {
                core.put(HubIdentity.device(identity(id).deviceId()), IdentityStatus.ENABLED, null, null);
                core.put(identity(id), IdentityStatus.ENABLED, null, null);
            } catch (HubException e) {
                throw new IllegalArgumentException(e);
            }
        }
        return this;
    }

    static HubIdentity identity(String id) {
        int slash = id.indexOf('/');
        return slash < 0 ? HubIdentity.device(id) : HubIdentity.module(id.substring(0, slash), id.substring(slash + 1));
    }

    void push(String id, Cloud delivery) {
        Consumer<CloudDelivery> receiver = receivers.get(identity(id));
        if (receiver == null) {
            throw new IllegalStateException("nobody receives for " + id);
        }
        receiver.accept(delivery);
    }

    @Override
    public String hostName() {
        return "hub.test";
    }

    @Override
    public Instant authorize(HubIdentity identity, String sasToken) throws HubException {
        if (!readToken(sasToken).identity().equals(identity)) {
            throw new HubException(HubError.UNAUTHORIZED, "the token is for another identity");
        }
        requireEnabled(identity);
        return expiry;
    }

    @Override
    public Instant authorize(HubIdentity identity, X509Certificate... chain) throws HubException {
        if (chain.length == 0) {
            throw new HubException(HubError.UNAUTHORIZED, "there is no certificate");
        }
        requireEnabled(identity);
        return expiry;
    }

    @Override
    public Grant readToken(String sasToken) throws HubException {
        if (!sasToken.startsWith("token:")) {
            throw new HubException(HubError.UNAUTHORIZED, "the signature is wrong");
        }
        HubIdentity identity = identity(sasToken.substring("token:".length()));
        if (!registered.containsKey(identity)) {
            throw new HubException(HubError.DEVICE_NOT_FOUND, "the device is not registered");
        }
        return new Grant(identity, expiry);
    }

    @Override
    public void requireEnabled(HubIdentity identity) throws HubException {
        Boolean enabled = registered.get(identity);
        if (enabled == null) {
            throw new HubException(HubError.DEVICE_NOT_FOUND, "the device is not registered");
        }
        if (!enabled) {
            throw new HubException(HubError.DEVICE_DISABLED, "the device is disabled");
        }
    }

    @Override
    public long accept(HubIdentity from, HubMessage message) throws HubException {
        if (size(message) > MAX_TELEMETRY_BYTES) {
            throw new HubException(HubError.MESSAGE_TOO_LARGE, "the message is too large");
        }
        senders.add(from);
        telemetry.add(message);
        return telemetry.size();
    }

    @Override
    public long accept(HubIdentity from, List<HubMessage> batch) throws HubException {
        if (batch.stream().mapToLong(InMemoryHub::size).sum() > MAX_TELEMETRY_BYTES) {
            throw new HubException(HubError.MESSAGE_TOO_LARGE, "the batch is too large");
        }
        for (HubMessage message : batch) {
            accept(from, message);
        }
        return telemetry.size();
    }

    @Override
    public Presence receiveInputs(HubIdentity module, Consumer<CloudDelivery> receiver, Runnable whenReplaced) {
        return core.receiveInputs(module, receiver, whenReplaced);
    }

    @Override
    public ObjectNode deviceTwin(HubIdentity identity) throws HubException {
        return core.deviceTwin(identity);
    }

    @Override
    public long report(HubIdentity identity, ObjectNode patch, OptionalLong baseVersion) throws HubException {
        return core.report(identity, patch, baseVersion);
    }

    @Override
    public void followModel(HubIdentity identity, String modelId) {
        core.followModel(identity, modelId);
    }

    @Override
    public Presence receiveDesiredChanges(
            HubIdentity identity, Consumer<DesiredChange> receiver, Runnable whenReplaced) {
        return core.receiveDesiredChanges(identity, receiver, whenReplaced);
    }

    @Override
    public Presence receiveMethods(HubIdentity identity, Consumer<MethodRequest> receiver, Runnable whenReplaced) {
        return core.receiveMethods(identity, receiver, whenReplaced);
    }

    @Override
    public boolean answerMethod(HubIdentity identity, UUID id, MethodAnswer answer) throws HubException {
        return core.answerMethod(identity, id, answer);
    }

    /** Good enough for the ASCII of the tests. */
    private static long size(HubMessage message) {
        long size = message.body().length;
        for (String value : message.systemProperties().values()) {
            size += value.length();
        }
        for (Map.Entry<String, String> each : message.properties().entrySet()) {
            size += each.getKey().length() + each.getValue().length();
        }
        return size;
    }

    @Override
    public Presence connect(HubIdentity identity, String protocol, Runnable kick) {
        present.add(identity);
        kicks.put(identity, kick);
        return () -> present.remove(identity);
    }

    @Override
    public Presence receiveCloudMessages(
            HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable whenReplaced) {
        receivers.put(identity, receiver);
        replaced.put(identity, whenReplaced);
        return () -> receivers.remove(identity, receiver);
    }

    Cloud cloud(long sequenceNumber, HubMessage message) {
        return new Cloud(this, sequenceNumber, message, new UUID(0x0102030405060708L, sequenceNumber), false);
    }

    /** @param lapsed whether its lock is lost, so that settling fails */
    record Cloud(InMemoryHub hub, long sequenceNumber, HubMessage message, UUID lockToken, boolean lapsed)
            implements CloudDelivery {
        @Override
        public Instant enqueuedTime() {
            return Instant.parse("2026-01-02T03:04:05.678Z");
        }

        @Override
        public int deliveryCount() {
            return 2;
        }

        @Override
        public void complete() throws HubException {
            settle("complete");
        }

        @Override
        public void reject() throws HubException {
            settle("reject");
        }

        @Override
        public void abandon() throws HubException {
            settle("abandon");
        }

        private void settle(String outcome) throws HubException {
            if (lapsed) {
                throw new HubException(HubError.LOCK_LOST, "the lock has lapsed");
            }
            hub.outcomes.add(outcome + " " + sequenceNumber);
        }
    }
}
