// SPDX-License-Identifier: Apache-2.0
package io.upstream.spi;

import io.upstream.SystemProperty;
import java.util.Map;

/** How a protocol writes what comes with a payload. Has no state: one object reads all messages, for any thread. */
@FunctionalInterface
public interface HeaderFormat {
    /**
     * Reads what comes with a payload, perhaps on several threads at once, which find the same. The transport has made sure that it can be
     * read before it passed the message on.
     *
     * @param message all of it; not to be changed
     * @param payloadAt where its payload begins
     */
    Headers read(byte[] message, int payloadAt);

    /**
     * What was read. Takes both maps, which must be unmodifiable.
     *
     * @param system what the hub itself knows
     * @param properties the sender's own, in their order
     */
    record Headers(Map<SystemProperty, String> system, Map<String, String> properties) {}
}
