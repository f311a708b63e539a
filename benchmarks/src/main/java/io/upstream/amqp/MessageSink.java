// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Is told what every decoder finds; looks into it only while a check asks for it. */
final class MessageSink {
    private long sum;
    private long messages;

    @SuppressWarnings("UnusedVariable") // written so that the work for it cannot be left out
    private @Nullable Object properties;

    @SuppressWarnings("UnusedVariable") // written so that the work for it cannot be left out
    private @Nullable Object payload;

    private @Nullable Object candidate;
    private byte[] expected = {};
    private int checked;

    /**
     * A message.
     *
     * @param more what stands for its application properties
     * @param body what stands for its payload
     * @param bytes gives the payload; asked for in a check only
     */
    void message(
            long deliveryId,
            Object messageId,
            String contentType,
            Map<?, ?> more,
            Object body,
            Supplier<byte[]> bytes) {
        sum += deliveryId;
        messages++;
        properties = more;
        payload = body;
        if (candidate != null) {
            if (deliveryId != checked
                    || !messageId.equals(AmqpSample.MESSAGE_ID)
                    || !contentType.equals(AmqpSample.CONTENT_TYPE)
                    || !more.equals(AmqpSample.PROPERTIES)
                    || !Arrays.equals(bytes.get(), expected)) {
                throw new IllegalStateException(candidate + ": message " + checked + " became " + deliveryId + " "
                        + messageId + " " + contentType + " " + more);
            }
            checked++;
        }
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
