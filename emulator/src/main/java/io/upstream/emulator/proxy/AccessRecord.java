// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.net.InetSocketAddress;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One line of the access log: one request and, if it was granted, what went through its tunnel up to now.
 *
 * @param time when the request was complete
 * @param target {@code host:port} as requested, {@code "-"} if the request was malformed
 * @param user who was let in, null if the proxy asks for no credentials or they were missing or wrong
 * @param status the status that was sent, 0 if none was
 * @param bytesUp tunnel bytes taken from the client
 * @param bytesDown tunnel bytes taken from the target
 * @param live whether the tunnel is still open
 */
public record AccessRecord(
        Instant time,
        InetSocketAddress client,
        String target,
        @Nullable String user,
        int status,
        long bytesUp,
        long bytesDown,
        boolean live) {}
