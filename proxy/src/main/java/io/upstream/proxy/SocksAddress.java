// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import io.upstream.HostPort;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The hub's address as SOCKS writes it: the octets of an IP address, or a name for the proxy to resolve.
 *
 * @param octets 4 or 16, or null for a name
 * @param name in ASCII; the literal if there are octets
 */
record SocksAddress(byte @Nullable [] octets, String name, int port) {
    /**
     * A literal becomes octets, anything else stays a name, of 253 octets at most.
     *
     * @throws IllegalArgumentException if the host is neither
     */
    static SocksAddress of(HostPort target) {
        String host = target.host();
        if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            return new SocksAddress(NetUtil.createByteArrayFromIpAddressString(host), host, target.port());
        }
        return new SocksAddress(null, HostName.ascii(HostName.withoutRoot(host)), target.port());
    }

    byte[] nameOctets() {
        return name.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SocksAddress that
                && Arrays.equals(octets, that.octets)
                && name.equals(that.name)
                && port == that.port;
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + port;
    }
}
