// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Duration;

/**
 * A direct method as the service asks for it.
 *
 * @param payload JSON, or nothing; at most 128 KB
 * @param responseTimeout how long the device may take to answer: 5 to 300 seconds
 * @param connectTimeout how long to wait for a device that is not there or does not listen: 0 to 300 seconds
 */
@SuppressWarnings("ArrayRecordComponent") // calls are never compared
public record MethodCall(String name, byte[] payload, Duration responseTimeout, Duration connectTimeout) {
    /** The hub's own choice of the response timeout. */
    public static final Duration DEFAULT_RESPONSE_TIMEOUT = Duration.ofSeconds(30);

    /** A call with the hub's default timeouts: thirty seconds for the answer, none for the connection. */
    public MethodCall(String name, byte[] payload) {
        this(name, payload, DEFAULT_RESPONSE_TIMEOUT, Duration.ZERO);
    }
}
