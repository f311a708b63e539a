// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.handler.codec.mqtt.MqttQoS;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What outlives a connection with clean session 0: the subscriptions, and which messages were sent but not acknowledged. Two connections of
 * one identity can overlap for a moment on two event loops, hence the locks.
 */
final class StoredSession {
    /** More than the hub hands out at a time. */
    private static final int MAX_UNACKNOWLEDGED = 64;

    private final Map<Feed, MqttQoS> subscriptions = new EnumMap<>(Feed.class);
    private final Map<Feed, Set<Long>> unacknowledged = new EnumMap<>(Feed.class);

    /** What was granted; {@code null} without a subscription. */
    synchronized @Nullable MqttQoS qos(Feed feed) {
        return subscriptions.get(feed);
    }

    synchronized void subscribe(Feed feed, MqttQoS granted) {
        subscriptions.put(feed, granted);
    }

    synchronized void unsubscribe(Feed feed) {
        subscriptions.remove(feed);
    }

    /** Notes that a message goes out; tells whether it went out before without an acknowledgement. */
    synchronized boolean wasSent(Feed feed, long sequenceNumber) {
        Set<Long> sent = unacknowledged.computeIfAbsent(feed, any -> new LinkedHashSet<>());
        boolean before = !sent.add(sequenceNumber);
        if (sent.size() > MAX_UNACKNOWLEDGED) {
            sent.remove(sent.iterator().next());
        }
        return before;
    }

    synchronized void acknowledged(Feed feed, long sequenceNumber) {
        Set<Long> sent = unacknowledged.get(feed);
        if (sent != null) {
            sent.remove(sequenceNumber);
        }
    }
}
