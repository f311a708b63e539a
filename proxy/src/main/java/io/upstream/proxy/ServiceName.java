// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.UpstreamException;
import java.util.Locale;

/** What a proxy is called by its KDC: {@code HTTP/} and its name, without the port. */
final class ServiceName {
    private ServiceName() {}

    /**
     * May wait for the name servers if aliases are to be followed.
     *
     * @throws UpstreamException for a proxy that is known by its address only
     */
    static String of(TunnelRequest request, Negotiate.Canonicalization canonicalization) throws UpstreamException {
        String host = request.proxy().address().host();
        if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            throw SchemeFailure.of(
                    FailureKind.CONFIGURATION,
                    request,
                    "wants Kerberos, which knows it by name only: configure the proxy by its name, or set the service principal",
                    null);
        }
        String name = HostName.withoutRoot(host);
        return "HTTP/"
                + (canonicalization == Negotiate.Canonicalization.FORWARD
                                ? Aliases.ofThisMachine().resolve(name)
                                : name)
                        .toLowerCase(Locale.ROOT);
    }
}
