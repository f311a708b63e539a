// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;

/**
 * A host name or address literal, and a TCP port.
 *
 * @param host a name or an IP literal, IPv6 without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {

    public HostPort {
        Objects.requireNonNull(host, "host");
        if (host.isBlank() || host.chars().anyMatch(c -> c <= ' ' || c == 0x7F || c == '/' || c == '@')) {
            throw new IllegalArgumentException("not a host name: '" + host.replaceAll("\\p{Cc}", "?") + "'");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port must be 1..65535, was " + port + " (host=" + host + ")");
        }
    }

    /** The authority form of RFC 3986: an IPv6 literal is bracketed. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
