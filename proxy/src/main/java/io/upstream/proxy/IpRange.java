// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address literal, or a range of them in CIDR notation; host bits may be set. Never resolves a name. An IPv4 address written as IPv6
 * ({@code ::ffff:10.0.0.1}) is that IPv4 address. Octal, hexadecimal and short forms are no addresses.
 */
final class IpRange {
    private static final Pattern V4 = Pattern.compile("(0|[1-9]\\d{0,2})(\\.(0|[1-9]\\d{0,2})){3}");
    private static final Pattern CIDR = Pattern.compile("\\[?([^\\]/]*)\\]?/(\\d{1,3})");
    private static final int V4_BITS = 32;
    private static final int MAPPED_BITS = 96;

    private final byte[] address;
    private final int prefix;

    private IpRange(byte[] address, int prefix) {
        this.address = address;
        this.prefix = prefix;
    }

    /** A single address, IPv6 without brackets; a zone is ignored. */
    static Optional<IpRange> address(String literal) {
        return octets(literal.replaceFirst("%.*", "")).map(octets -> of(octets, octets.length * 8));
    }

    /** {@code address/prefix}, IPv6 with or without brackets. */
    static Optional<IpRange> cidr(String text) {
        Matcher parts = CIDR.matcher(text);
        if (!parts.matches()) {
            return Optional.empty();
        }
        int prefix = Integer.parseInt(parts.group(2));
        return octets(parts.group(1))
                .filter(octets -> prefix <= octets.length * 8)
                .map(octets -> of(octets, prefix));
    }

    private static IpRange of(byte[] octets, int prefix) {
        boolean mapped = octets.length == 16
                && prefix >= MAPPED_BITS
                && Arrays.equals(octets, 0, 10, new byte[10], 0, 10)
                && octets[10] == -1
                && octets[11] == -1;
        return mapped
                ? new IpRange(Arrays.copyOfRange(octets, 12, 16), prefix - MAPPED_BITS)
                : new IpRange(octets, prefix);
    }

    private static Optional<byte[]> octets(String literal) {
        boolean v4 = V4.matcher(literal).matches() && NetUtil.isValidIpV4Address(literal);
        boolean v6 = literal.indexOf(':') >= 0
                && literal.toLowerCase(Locale.ROOT).matches("[0-9a-f:.]+")
                && NetUtil.isValidIpV6Address(literal);
        return v4 || v6 ? Optional.ofNullable(NetUtil.createByteArrayFromIpAddressString(literal)) : Optional.empty();
    }

    /** Whether {@code other} lies within this range; the families are kept apart. */
    boolean contains(IpRange other) {
        if (address.length != other.address.length || other.prefix < prefix) {
            return false;
        }
        int whole = prefix / 8;
        int rest = prefix % 8;
        return Arrays.equals(address, 0, whole, other.address, 0, whole)
                && (rest == 0 || ((address[whole] ^ other.address[whole]) & 0xFF) >>> (8 - rest) == 0);
    }

    /** 127.0.0.0/8 or ::1. */
    boolean isLoopback() {
        if (address.length * 8 == V4_BITS) {
            return address[0] == 127;
        }
        byte[] one = new byte[16];
        one[15] = 1;
        return Arrays.equals(address, one);
    }
}
