// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** What waits for devices and modules: cloud-to-device messages, and messages to the inputs of modules, each in a queue of its own. */
final class CloudQueues {
    private static final int MAX_MESSAGE_ID = 128;
    private static final Set<String> ACKS = Set.of("none", "positive", "negative", "full");

    private final Clock clock;
    private final ConcurrentHashMap<HubIdentity, CloudQueue> messages = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<HubIdentity, CloudQueue> inputs = new ConcurrentHashMap<>();

    CloudQueues(Clock clock) {
        this.clock = clock;
    }

    SentMessage sendToDevice(HubIdentity device, HubMessage message) throws HubException {
        Map<String, String> system = new LinkedHashMap<>(message.systemProperties());
        system.putIfAbsent("to", "/devices/" + device.deviceId() + "/messages/deviceBound");
        if (!ACKS.contains(system.getOrDefault("ack", "none"))) {
            throw new HubException(HubError.MALFORMED, "ack must be none, positive, negative or full");
        }
        return send(queue(messages, device), system, message);
    }

    SentMessage sendToInput(HubIdentity module, String input, HubMessage message) throws HubException {
        if (input.isEmpty() || input.chars().anyMatch(c -> "/+#".indexOf(c) >= 0 || Character.isISOControl(c))) {
            throw new HubException(HubError.MALFORMED, "an input's name must be text without / + #");
        }
        Map<String, String> system = new LinkedHashMap<>(message.systemProperties());
        system.put("input-name", input);
        system.putIfAbsent("connection-device-id", module.deviceId());
        return send(queue(inputs, module), system, message);
    }

    private static SentMessage send(CloudQueue queue, Map<String, String> system, HubMessage message)
            throws HubException {
        String id =
                system.computeIfAbsent("message-id", name -> UUID.randomUUID().toString());
        if (id.isEmpty() || id.length() > MAX_MESSAGE_ID) {
            throw new HubException(HubError.MALFORMED, "a message id must have 1 to " + MAX_MESSAGE_ID + " characters");
        }
        return queue.send(id, new HubMessage(system, message.properties(), message.body()));
    }

    Optional<SentMessage> find(HubIdentity device, String messageId) {
        CloudQueue queue = messages.get(device);
        return queue == null ? Optional.empty() : Optional.ofNullable(queue.find(messageId));
    }

    int depth(HubIdentity identity) {
        CloudQueue queue = messages.get(identity);
        return queue == null ? 0 : queue.depth();
    }

    Hub.Presence receive(HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queue(messages, identity).receive(receiver, replaced);
    }

    Hub.Presence receiveInputs(HubIdentity module, Consumer<CloudDelivery> receiver, Runnable replaced) {
        return queue(inputs, module).receive(receiver, replaced);
    }

    private CloudQueue queue(ConcurrentHashMap<HubIdentity, CloudQueue> queues, HubIdentity identity) {
        return queues.computeIfAbsent(identity, id -> new CloudQueue(clock));
    }

    void sweep() {
        messages.values().forEach(CloudQueue::sweep);
        inputs.values().forEach(CloudQueue::sweep);
    }

    void remove(HubIdentity identity) {
        for (ConcurrentHashMap<HubIdentity, CloudQueue> queues : List.of(messages, inputs)) {
            CloudQueue queue = queues.remove(identity);
            if (queue != null) {
                queue.purge();
            }
        }
    }
}
