// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/**
 * A proxy to go through: an HTTP proxy that answers CONNECT, spoken to in plain text.
 *
 * @param address where it listens; its name is resolved here, the hub's name is not
 * @param credentials for Basic authentication, or null
 */
public record ProxyServer(HostPort address, @Nullable UserPassword credentials) {

    @Override
    public String toString() {
        return "http://" + address;
    }
}
