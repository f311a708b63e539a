// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.UpstreamException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A proxy must not be led to its own neighbours. */
class ProxiedTargetTest {
    private static final ProxySettings PROXY = ProxySettings.fromUrl("http://proxy:3128");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "169.254.169.254",
                "169.254.1.1",
                "::ffff:169.254.169.254",
                "::ffff:a9fe:a9fe",
                "\uFF11\uFF16\uFF19.254.169.254",
                "169\u3002254.169.254",
                "169.254.169.254.",
                "fe80::1",
                "fe80::1%eth0",
                "febf::1",
                "fd00:ec2::254",
                "100.100.100.200",
                "168.63.129.16",
                "0.0.0.0",
                "::",
                "metadata.google.internal",
                "Metadata.Google.Internal.",
                "2852039166",
                "0xa9fea9fe",
                "0251.0376.0251.0376",
                "169.16689662",
                "169.254.43518",
                "127.1",
                "hub.0x1",
                "a..b",
                "xn--\u2603\uFF0F"
            })
    void isNotAskedForAnAddressThatMeansAnotherMachineThere(String host) {
        UpstreamException error = assertThrows(UpstreamException.class, () -> PROXY.routesTo(new HostPort(host, 443)));
        assertEquals(FailureKind.CONFIGURATION, error.kind());
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 300})
    void isNotAskedForALabelThatIsTooLong(int length) {
        isNotAskedForAnAddressThatMeansAnotherMachineThere("a".repeat(length) + ".test");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hub.azure-devices.net",
                "b\u00fccher.example",
                "169.253.255.255",
                "169.255.0.1",
                "10.0.0.1",
                "2001:db8::1",
                "fec0::1",
                "1.hub",
                "hub-1",
                "127.0.0.1",
                "localhost"
            })
    void isAskedForAllOthers(String host) throws UpstreamException {
        assertEquals(
                "http://proxy:3128",
                PROXY.routesTo(new HostPort(host, 443)).get(0).toString());
    }

    @Test
    void doesNotStandInTheWayWhereNoProxyIsUsed() throws UpstreamException {
        HostPort neighbour = new HostPort("fe80::1%eth0", 443);
        assertEquals(Route.DIRECT, ProxySettings.direct().routesTo(neighbour).get(0));
        assertEquals(
                Route.DIRECT,
                ProxySettings.builder()
                        .proxy("proxy:1")
                        .exceptions("fe80::/10")
                        .build()
                        .routesTo(neighbour)
                        .get(0));
    }
}
