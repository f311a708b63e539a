// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** The last level of an IoT Hub topic: {@code key=value&key=value}, system properties with {@code $.} or {@code %24.} before the key. */
final class PropertyBag {
    private PropertyBag() {}

    /** How many properties of the application's own the topic carries. */
    static int count(ByteBuf topic) {
        String text = topic.toString(StandardCharsets.UTF_8);
        int bag = text.indexOf("/messages/events/");
        if (bag < 0) {
            return 0;
        }
        int count = 0;
        for (String pair : text.substring(bag + "/messages/events/".length()).split("&", -1)) {
            if (pair.contains("=") && !pair.startsWith("$.") && !pair.startsWith("%24.")) {
                count++;
            }
        }
        return count;
    }
}
