// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.frame.FlatProperties;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All of a PUBLISH at QoS 1 before its payload (MQTT 3.1.1 §3.3), ready for any number of messages with the same properties: only
 * the remaining length and the packet id are set for each.
 *
 * <pre>
 *   0          begin                 5              end - 2     end
 *   | unused   | 0x32 | length 1..4  | 2 | topic    | packet id |
 * </pre>
 */
final class PublishHead {
    /** PUBLISH, QoS 1, neither DUP nor RETAIN. */
    private static final int FIRST_OCTET = 0b0011_0010;

    private static final int TOPIC_AT = 5;
    private static final byte[] NOTHING = {};

    private FlatProperties properties = new FlatProperties();
    private @Nullable Map<SystemProperty, String> systemMap;
    private @Nullable Map<String, String> propertyMap;
    private byte[] octets = NOTHING;
    private int begin;
    private int end;
    private int bagLength;
    private int remaining;

    /** Whether this is the very set of {@code message}. */
    boolean isOf(Telemetry message) {
        return propertyMap == message.properties() && systemMap == message.system();
    }

    /** Whether this is the head of an equal set; then it is that of {@code message} from now on. */
    boolean takes(Telemetry message, FlatProperties same) {
        if (!properties.same(same)) {
            return false;
        }
        systemMap = message.system();
        propertyMap = message.properties();
        return true;
    }

    /**
     * Becomes the head of another set.
     *
     * @param set what {@code message} has
     * @param bag the length of the property bag behind {@code topic}, if there is to be one
     * @return what it held before, for use again
     */
    FlatProperties become(Telemetry message, FlatProperties set, byte[] topic, int bag) {
        final FlatProperties old = properties;
        properties = set;
        systemMap = message.system();
        propertyMap = message.properties();
        bagLength = bag;
        remaining = -1;
        int length = topic.length + bag;
        end = TOPIC_AT + 2 + length + 2;
        if (octets.length < end) {
            octets = new byte[end];
        }
        octets[TOPIC_AT] = (byte) (length >>> 8);
        octets[TOPIC_AT + 1] = (byte) length;
        System.arraycopy(topic, 0, octets, TOPIC_AT + 2, topic.length);
        if (bag > 0) {
            PropertyBag.write(set, octets, TOPIC_AT + 2 + topic.length);
        }
        return old;
    }

    /** The length of the property bag in bytes. */
    int bagLength() {
        return bagLength;
    }

    /** The remaining length of a packet with so many bytes of payload. */
    long remaining(int payload) {
        return (long) end - TOPIC_AT + payload;
    }

    /** Sets what differs from message to message. */
    void prepare(int remainingLength, int packetId) {
        if (remaining != remainingLength) {
            setRemaining(remainingLength);
        }
        octets[end - 2] = (byte) (packetId >>> 8);
        octets[end - 1] = (byte) packetId;
    }

    /** How long it is as {@link #prepare prepared}. */
    int length() {
        return end - begin;
    }

    /** Appends itself to {@code out}, which it borrows. */
    void writeTo(ByteBuf out) {
        out.writeBytes(octets, begin, end - begin);
    }

    private void setRemaining(int length) {
        remaining = length;
        begin = TOPIC_AT - 1 - lengthOctets(length);
        octets[begin] = FIRST_OCTET;
        int at = begin + 1;
        int rest = length;
        while (rest > 0x7F) {
            octets[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        octets[at] = (byte) rest;
    }

    /** How many octets a remaining length takes (MQTT 3.1.1 §2.2.3). */
    static int lengthOctets(int remaining) {
        return remaining < 1 << 7 ? 1 : remaining < 1 << 14 ? 2 : remaining < 1 << 21 ? 3 : 4;
    }
}
