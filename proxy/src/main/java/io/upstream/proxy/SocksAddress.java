// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import io.upstream.HostPort;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The hub's address as SOCKS writes it: an IP address, or a name for the proxy to resolve.
 *
 * @param address null for a name
 * @param name in ASCII; the literal if there is an address
 */
record SocksAddress(@Nullable InetAddress address, String name, int port) {
    /**
     * A literal becomes an address, anything else stays a name, of 253 octets at most.
     *
     * @throws IllegalArgumentException if the host is neither
     */
    static SocksAddress of(HostPort target) {
        String host = target.host();
        InetAddress literal = NetUtil.createInetAddressFromIpAddressString(host);
        return literal != null
                ? new SocksAddress(literal, host, target.port())
                : new SocksAddress(null, HostName.ascii(HostName.withoutRoot(host)), target.port());
    }

    /** For people. */
    String literal() {
        return address == null ? name : NetUtil.toAddressString(address);
    }

    byte @Nullable [] octets() {
        return address == null ? null : address.getAddress();
    }

    byte[] nameOctets() {
        return name.getBytes(StandardCharsets.US_ASCII);
    }
}
