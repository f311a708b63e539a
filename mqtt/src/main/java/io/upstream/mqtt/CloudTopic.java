// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Where messages from the hub to one device come from: a prefix with the property bag behind it. Confined to the event loop. */
final class CloudTopic {
    private final String prefix;
    private final int length;

    /** The prefix in UTF-8, eight octets each, the last eight overlapping; from the first message on: most devices never get one. */
    private long @Nullable [] words;

    /** {@code prefix} has a slash at its end. */
    CloudTopic(String prefix) {
        this.prefix = prefix;
        this.length = prefix.getBytes(UTF_8).length;
    }

    /** What to subscribe to. */
    String filter() {
        return prefix + "#";
    }

    /** How many octets of a topic are this prefix: all of them, or 0 if it does not begin so. Borrows; moves no index. */
    int matched(ByteBuf in, long address, int at, int topicLength) {
        if (topicLength < length || length < Long.BYTES) {
            return 0;
        }
        long[] expected = words == null ? makeWords() : words;
        int last = expected.length - 1;
        long differences = Octets.eight(in, address, at + length - Long.BYTES) ^ expected[last];
        for (int i = 0; i < last; i++) {
            differences |= Octets.eight(in, address, at + i * Long.BYTES) ^ expected[i];
        }
        return differences == 0 ? length : 0;
    }

    private long[] makeWords() {
        ByteBuffer octets = UTF_8.encode(prefix);
        long[] made = new long[(length + Long.BYTES - 1) / Long.BYTES];
        for (int i = 0; i < made.length - 1; i++) {
            made[i] = octets.getLong(i * Long.BYTES);
        }
        made[made.length - 1] = octets.getLong(length - Long.BYTES);
        words = made;
        return made;
    }

    /** At which octet of its topic the property bag of {@code message} begins, perhaps its end; or -1 if the topic is another one. */
    int bagAt(PublishView message) {
        if (message.matched() > 0) {
            return message.matched();
        }
        // the filter ends with /#, which takes the level above it, too (MQTT 3.1.1 §4.7.1.2)
        boolean bare = message.topicLength() == length - 1 && prefix.equals(message.topic(0) + "/");
        return bare ? length - 1 : -1;
    }
}
