// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.UserPassword;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyUrlTest {
    private static final String WARNS = "warns";

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '\0',
            value = {
                "http://proxy.com                     ! proxy.com     ! 80   ! warns",
                "HTTP://Proxy.COM:3128/               ! proxy.com     ! 3128 !",
                "proxy:3128                           ! proxy         ! 3128 !",
                "10.0.0.1:8080                        ! 10.0.0.1      ! 8080 !",
                "proxy                                ! proxy         ! 80   ! warns",
                "http://[2001:db8::1]:3128            ! 2001:db8::1   ! 3128 !",
                "http://[2001:db8::1]                 ! 2001:db8::1   ! 80   ! warns",
                "http://[fe80::1%25eth0]:3128         ! fe80::1%eth0  ! 3128 !",
                "http://[fe80::1%eth0]:3128           ! fe80::1%eth0  ! 3128 !",
                "http://proxy:                        ! proxy         ! 80   ! warns",
                "http://proxy:8080/path?x#y           ! proxy         ! 8080 ! warns",
                "\"http://proxy:3128\"                ! proxy         ! 3128 ! warns",
                "'http://proxy:3128'                  ! proxy         ! 3128 ! warns",
                "http://b\u00fccher.example:3128      ! xn--bcher-kva.example ! 3128 !",
                "http://proxy.corp.:3128              ! proxy.corp.   ! 3128 !"
            })
    void readsHostAndPort(String url, String host, int port, String warning) {
        ProxyUrl parsed = ProxyUrl.parse(url);
        assertEquals(Optional.of(ProxyServer.http(new HostPort(host, port))), parsed.server());
        assertEquals(
                WARNS.equals(warning) ? 1 : 0,
                parsed.warnings().size(),
                parsed.warnings().toString());
    }

    @Test
    void stripsBlanksWithAWarning() {
        ProxyUrl parsed = ProxyUrl.parse("  http://proxy:3128 \n");
        assertEquals("http://proxy:3128", parsed.server().orElseThrow().toString());
        assertEquals(1, parsed.warnings().size());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '\0',
            value = {
                "http://user:pwd@proxy.com:80            ! user      ! pwd",
                "user:pw@proxy:8080                      ! user      ! pw",
                "http://user@proxy:8080                  ! user      !",
                "http://user:@proxy:8080                 ! user      !",
                "http://dom%5Cuser:p%40ss%3Aw@proxy:8080 ! dom\\user ! p@ss:w",
                "http://dom\\user:pw@proxy:8080          ! dom\\user ! pw",
                "http://u:p@ss@proxy:8080                ! u         ! p@ss",
                "http://u:a:b:c@proxy:8080               ! u         ! a:b:c",
                "http://u:100%@proxy:8080                ! u         ! 100%",
                "http://u:a%2@proxy:8080                 ! u         ! a%2",
                "http://u:%41%zz@proxy:8080              ! u         ! %41%zz",
                "http://u:p%C3%A4ss@proxy:8080           ! u         ! p\u00e4ss",
                "http://u:\u00e4\uD83D\uDE00%20x@proxy:8080 ! u       ! \u00e4\uD83D\uDE00 x"
            })
    void readsCredentials(String url, String user, String password) {
        ProxyUrl parsed = ProxyUrl.parse(url);
        assertEquals(
                new UserPassword(user, password == null ? "" : password),
                parsed.server().orElseThrow().authentication().userPassword());
        assertEquals(List.of(), parsed.warnings());
    }

    @Test
    void readsTheCredentialsOfAProxyWithoutAPort() {
        ProxyUrl parsed = ProxyUrl.parse("http://user:pwd@proxy.com");
        ProxyServer server = parsed.server().orElseThrow();
        assertEquals(new HostPort("proxy.com", 80), server.address());
        assertEquals(new UserPassword("user", "pwd"), server.authentication().userPassword());
        assertEquals(1, parsed.warnings().size());
    }

    @Test
    void takesEscapesThatAreNotUtf8Literally() {
        ProxyUrl parsed = ProxyUrl.parse("http://u:p%E4ss@proxy:8080");
        assertEquals(
                new UserPassword("u", "p%E4ss"),
                parsed.server().orElseThrow().authentication().userPassword());
        assertEquals(1, parsed.warnings().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct://", "DIRECT://", "direct:///"})
    void takesDirectForNoProxy(String url) {
        assertEquals(Optional.empty(), ProxyUrl.parse(url).server());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://proxy",
                "https://u:hunter2@proxy:8443",
                "socks5://proxy",
                "socks5h://u:hunter2@proxy:1081",
                "socks4://proxy",
                "socks4a://proxy",
                "socks://proxy",
                "ftp://proxy",
                "quic://proxy",
                "direct://proxy",
                "hunter2://proxy"
            })
    void saysWhichSchemeIsSupported(String url) {
        String message = errorOf(url);
        assertTrue(message.contains("only http:// proxies are supported"), message);
        assertFalse(message.contains("hunter2"), message);
    }

    static Stream<String> unusable() {
        return Stream.of(
                "http://:hunter2@proxy:8080",
                "http://@proxy:8080",
                "http://u:hunter2#x@proxy:8080",
                "http://u:hunter2/x@proxy",
                "http://u:hunter2?x@proxy",
                "http://proxy:8080/@evil",
                "http://u:hunter2%0d%0aX@proxy:8080",
                "http://u:hunter2%00@proxy:8080",
                "http://u%3Av:hunter2@proxy:8080",
                "http://2001:db8::1:3128",
                "http://[2001:db8::1",
                "http://[2001:db8::1]x",
                "http://[proxy]:3128",
                "http://[fe80::1%]:3128",
                "http://",
                "http:///",
                "http://:3128",
                "//proxy:3128",
                "http://proxy:0",
                "http://proxy:70000",
                "http://proxy:80a",
                "http://proxy:-1",
                "http://u:hunter2@pro xy:3128",
                "http://u:hunter2@proxy\t:3128",
                "http://pro\u0000xy:3128",
                "http://u:hunter2@pro\\xy:3128",
                "http://u:hunter2@a\uFF0Fb:3128",
                "http:proxy:3128",
                "u:hunter2@http://proxy",
                "http://u:hunter2@",
                "''",
                "http://" + "a".repeat(64) + ":3128");
    }

    @ParameterizedTest
    @MethodSource("unusable")
    void refusesWhatCannotBeUsedWithoutRepeatingIt(String url) {
        String message = errorOf(url);
        assertFalse(message.contains("hunter2"), message);
    }

    @Test
    void hasNoCredentialsWhereNoneAreGiven() {
        assertNull(ProxyUrl.parse("proxy:3128")
                .server()
                .orElseThrow()
                .authentication()
                .userPassword());
    }

    private static String errorOf(String url) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> ProxyUrl.parse(url));
        return String.valueOf(error.getMessage());
    }
}
