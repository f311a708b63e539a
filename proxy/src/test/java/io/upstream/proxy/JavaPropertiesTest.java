// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.Decisions.HUB;
import static io.upstream.proxy.Decisions.failure;
import static io.upstream.proxy.Decisions.properties;
import static io.upstream.proxy.Decisions.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proxies that are named on the command line of a Java process. */
class JavaPropertiesTest {

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '!',
            value = {
                "https.proxyHost=a                                  ! http://a:443",
                "https.proxyHost=a https.proxyPort=3128             ! http://a:3128",
                "https.proxyHost=2001:db8::1 https.proxyPort=1      ! http://[2001:db8::1]:1",
                "https.proxyHost=[2001:db8::1] https.proxyPort=1    ! http://[2001:db8::1]:1",
                "http.proxyHost=a                                   ! direct",
                "https.proxyHost=a socksProxyHost=b                 ! http://a:443",
                "socksProxyHost=b                                   ! socks5h://b:1080",
                "socksProxyHost=b socksProxyPort=1 socksProxyVersion=4 ! socks4://b:1",
                "upstream.proxy=https://c,b:1 https.proxyHost=a  ! https://c:443 http://b:1",
                "upstream.proxy=c:1 upstream.noProxy=azure-devices.net ! direct",
                "https.proxyHost=a http.nonProxyHosts=hub.azure-devices.net ! direct",
                "https.proxyHost=a http.nonProxyHosts=x|*.azure-devices.net ! direct",
                "https.proxyHost=a http.nonProxyHosts=hub.*         ! direct",
                "https.proxyHost=a http.nonProxyHosts=*             ! direct",
                "https.proxyHost=a http.nonProxyHosts=azure-devices.net ! http://a:443",
                "https.proxyHost=a http.nonProxyHosts=x,*.azure-devices.net ! http://a:443",
                "socksProxyHost=b socksNonProxyHosts=hub.*          ! direct",
                "socksProxyHost=b http.nonProxyHosts=*              ! socks5h://b:1080",
                "x=y                                                ! direct"
            })
    void readsTheProxyOfTheJavaProperties(String properties, String expected) throws UpstreamException {
        assertEquals(
                expected,
                text(ProxySettings.builder()
                        .systemProperties(properties(properties))
                        .build()));
    }

    @Test
    void readsTheLoginOfTheJavaProperties() throws UpstreamException {
        assertEquals(
                List.of(ProxyServer.http(new HostPort("a", 443), new UserPassword("u", "p:@%"))),
                ProxySettings.builder()
                        .systemProperties(properties("https.proxyHost=a https.proxyUser=u https.proxyPassword=p:@%"))
                        .build()
                        .routesTo(HUB));
        assertEquals(
                List.of(ProxyServer.of(
                        ProxyKind.SOCKS5H,
                        new HostPort("b", 1080),
                        ProxyAuthentication.of(new UserPassword("u", "p")))),
                ProxySettings.builder()
                        .systemProperties(
                                properties("socksProxyHost=b java.net.socks.username=u java.net.socks.password=p"))
                        .build()
                        .routesTo(HUB));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https.proxyHost=http://a",
                "https.proxyHost=u:hunter2@a",
                "https.proxyHost=a https.proxyPort=0",
                "https.proxyHost=a https.proxyPort=x",
                "https.proxyHost=a:1",
                "socksProxyHost=a/b",
                "https.proxyHost=a https.proxyUser=u:v",
                "upstream.proxy=ftp://a"
            })
    void refusesJavaPropertiesThatCannotBeUsed(String properties) {
        String message = failure(
                ProxySettings.builder().systemProperties(properties(properties)).build());
        assertTrue(message.contains("is not usable"), message);
        assertFalse(message.contains("hunter2"), message);
    }
}
