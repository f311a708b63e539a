// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Is told what every decoder finds; looks into it only while a check asks for it. */
final class MessageSink {
    private long sum;
    private long messages;

    @SuppressWarnings("UnusedVariable") // written so that the work for it cannot be left out
    private @Nullable Object last;

    private @Nullable Object candidate;
    private byte[] expected = {};
    private int checked;

    /**
     * A message.
     *
     * @param message what the application is given
     */
    void message(long deliveryId, Object message) {
        sum += deliveryId;
        messages++;
        last = message;
    }

    /** Something of a message was read. */
    void add(long value) {
        sum += value;
    }

    /** Whether {@link #check} is to be called for each message. */
    boolean checks() {
        return candidate != null;
    }

    /** Compares everything that was sent. */
    void check(long deliveryId, @Nullable Object id, @Nullable Object type, Map<?, ?> more, byte[] payload) {
        if (deliveryId != checked
                || !AmqpSample.MESSAGE_ID.equals(id)
                || !AmqpSample.CONTENT_TYPE.equals(type)
                || !AmqpSample.PROPERTIES.equals(more)
                || !Arrays.equals(payload, expected)) {
            throw new IllegalStateException(
                    candidate + ": message " + checked + " became " + deliveryId + " " + id + " " + type + " " + more);
        }
        checked++;
    }

    /** Requires the messages 0 to {@code count} - 1 with {@code payload}, and no others. */
    void requireMessages(Object who, byte[] body, int count, Runnable reading) {
        candidate = who;
        expected = body;
        checked = 0;
        reading.run();
        candidate = null;
        if (checked != count) {
            throw new IllegalStateException(who + " found " + checked + " messages, not " + count);
        }
    }

    /** Requires that all were found, however long ago the check: a decoder that has given up does its work in no time. Counts modulo 2^32. */
    void requireTotal(Object who, int total) {
        if ((int) messages != total) {
            throw new IllegalStateException(who + " found " + (int) messages + " messages of " + total);
        }
    }

    /** For a benchmark to return. */
    long sum() {
        return sum;
    }
}
