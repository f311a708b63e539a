// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.handler.codec.mqtt.MqttQoS;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What outlives a connection with clean session 0: the subscription, and which messages were sent but not acknowledged. Two connections of
 * one identity can overlap for a moment on two event loops, hence the locks.
 */
final class StoredSession {
    /** More than the hub hands out at a time. */
    private static final int MAX_UNACKNOWLEDGED = 64;

    private @Nullable MqttQoS cloudQos;
    private final Set<Long> unacknowledged = new LinkedHashSet<>();

    synchronized @Nullable MqttQoS cloudQos() {
        return cloudQos;
    }

    synchronized void subscribe(MqttQoS qos) {
        cloudQos = qos;
    }

    synchronized void unsubscribe() {
        cloudQos = null;
    }

    /** Notes that a message goes out; tells whether it went out before without an acknowledgement. */
    synchronized boolean wasSent(long sequenceNumber) {
        boolean before = !unacknowledged.add(sequenceNumber);
        if (unacknowledged.size() > MAX_UNACKNOWLEDGED) {
            unacknowledged.remove(unacknowledged.iterator().next());
        }
        return before;
    }

    synchronized void acknowledged(long sequenceNumber) {
        unacknowledged.remove(sequenceNumber);
    }
}
