// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What may be asked of a proxy. A proxy stands in another network than we do: an address that means "my own link" there leads to the
 * proxy's neighbours, and to the metadata service with the credentials of the proxy's machine.
 */
final class ProxiedTarget {
    /** This network, this link, and where clouds keep metadata services outside of it. */
    private static final List<IpRange> ITS_OWN = Stream.of(
                    "0.0.0.0/8",
                    "169.254.0.0/16",
                    "::/128",
                    "fe80::/10",
                    "fd00:ec2::254/128",
                    "100.100.100.200/32",
                    "168.63.129.16/32")
            .map(IpRange::cidr)
            .map(Optional::orElseThrow)
            .toList();

    private static final List<String> METADATA_NAMES = List.of("metadata.google.internal", "metadata.goog");

    /** What inet_aton takes for an address: 0x7f.1, 2130706433, 127.1. */
    private static final Pattern NUMBER_AT_END = Pattern.compile("(.*\\.)?(0x[0-9a-f]*|[0-9]+)");

    private ProxiedTarget() {}

    /** @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} */
    static void check(HostPort target) throws UpstreamException {
        try {
            new ConnectRequest(target);
        } catch (IllegalArgumentException e) {
            throw refused(String.valueOf(e.getMessage()), e);
        }
        String host = HostName.withoutRoot(target.host().toLowerCase(Locale.ROOT));
        host = host.indexOf(':') < 0 ? HostName.ascii(host) : host; // which makes digits of look-alikes
        Optional<IpRange> address = IpRange.address(host);
        if (METADATA_NAMES.contains(host)
                || address.filter(literal -> ITS_OWN.stream().anyMatch(range -> range.contains(literal)))
                        .isPresent()) {
            throw refused(
                    target
                            + " is not asked of a proxy: behind it that is another machine, list it in no_proxy to go direct",
                    null);
        }
        if (address.isEmpty() && NUMBER_AT_END.matcher(host).matches()) {
            throw refused(target + " is neither a name nor an address in full: write it as a.b.c.d", null);
        }
    }

    private static UpstreamException refused(String why, @Nullable Exception cause) {
        return UpstreamException.of(FailureKind.CONFIGURATION, Where.here("proxy"), why, cause);
    }
}
