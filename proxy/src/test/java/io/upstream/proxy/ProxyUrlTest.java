// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.aggregator.ArgumentsAccessor;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyUrlTest {
    /**
     * The table of values in the field, and what each kind of proxy can carry. An error is one of configuration, never the direct way;
     * {@code says} stands in the error, or in the only warning.
     */
    @ParameterizedTest(name = "F139 env-garbage and the rest of the table, {0}: {1}")
    @CsvFileSource(resources = "proxy-url.csv", numLinesToSkip = 1)
    void readsEachValueOfTheTable(ArgumentsAccessor row) throws UpstreamException {
        ProxySettings settings = ProxySettings.from(Map.of("https_proxy", row.getString(0)));
        HostPort hub = new HostPort("hub.test", 8883);
        String says = row.getString(6);
        switch (row.getString(1)) {
            case "error" -> {
                UpstreamException error = assertThrows(UpstreamException.class, () -> settings.routesTo(hub));
                assertEquals(FailureKind.CONFIGURATION, error.kind());
                String message = String.valueOf(error.getMessage());
                assertTrue(message.startsWith("https_proxy is not usable, ") && message.contains(says), message);
                assertThrows(UpstreamException.class, settings::validate);
            }
            case "direct", "unset" -> assertEquals(List.of(Route.DIRECT), settings.routesTo(hub));
            default -> {
                assertEquals(List.of(server(row)), settings.routesTo(hub));
                List<String> warnings = ProxyUrl.parse(row.getString(0)).warnings();
                assertEquals(says.isEmpty() ? 0 : 1, warnings.size(), warnings.toString());
                assertTrue(warnings.toString().contains(says), warnings.toString());
            }
        }
    }

    private static Route server(ArgumentsAccessor row) {
        ProxyAuthentication authentication = row.getString(4).isEmpty()
                ? ProxyAuthentication.NONE
                : ProxyAuthentication.of(new UserPassword(row.getString(4), row.getString(5)));
        HostPort address = new HostPort(row.getString(2), row.getInteger(3));
        return ProxyServer.of(ProxyKind.valueOf(row.getString(1).toUpperCase(Locale.ROOT)), address, authentication);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '\0',
            value = {
                "http://[fe80::1%eth0]:3128           ! fe80::1%eth0         ! 3128 ! 0",
                "'http://proxy:3128'                  ! proxy                ! 3128 ! 1",
                "http://b\u00fccher.example:3128      ! xn--bcher-kva.example ! 3128 ! 0",
                "http://proxy.corp.:3128              ! proxy.corp.          ! 3128 ! 0"
            })
    void readsHostAndPort(String url, String host, int port, int warnings) {
        ProxyUrl parsed = ProxyUrl.parse(url);
        assertEquals(Optional.of(ProxyServer.http(new HostPort(host, port))), parsed.server());
        assertEquals(warnings, parsed.warnings().size(), parsed.warnings().toString());
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
                "http://u:a%2@proxy:8080                 ! u         ! a%2",
                "http://u:%41%zz@proxy:8080              ! u         ! %41%zz",
                "http://u:\u00e4\uD83D\uDE00%20x@proxy:8080 ! u       ! \u00e4\uD83D\uDE00 x"
            })
    void readsCredentials(String url, String user, String password) {
        ProxyUrl parsed = ProxyUrl.parse(url);
        assertEquals(
                new UserPassword(user, password == null ? "" : password),
                parsed.server().orElseThrow().authentication().userPassword());
        assertEquals(List.of(), parsed.warnings());
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct://", "DIRECT://", "direct:///"})
    void takesDirectForNoProxy(String url) {
        assertEquals(Optional.empty(), ProxyUrl.parse(url).server());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://u:hunter2@proxy", "hunter2://proxy", "u:hunter2://proxy", "direct://u:hunter2@proxy"})
    void saysWhichSchemesThereAre(String url) {
        String message = errorOf(url);
        assertTrue(message.contains("a proxy's URL begins with http://, https://, socks5h://"), message);
        assertFalse(message.contains("hunter2"), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '\0',
            value = {
                "http://dom%5Cuser:p%40ss%3Aw@proxy:8080 ! http://dom%5Cuser:p%40ss%3Aw@proxy:8080",
                "u:p@s%\u00f6@proxy                      ! http://u:p%40s%25%C3%B6@proxy:80",
                "http://user:@proxy:8080                 ! http://user@proxy:8080",
                "socks5h://a,b:c;d|e@[fe80::1%eth0]      ! socks5h://a%2Cb:c%3Bd%7Ce@[fe80::1%25eth0]:1080",
                "https://proxy                           ! https://proxy:443"
            })
    void writesWhatItReads(String url, String printed) {
        ProxyServer server = ProxyUrl.parse(url).server().orElseThrow();
        assertEquals(printed, ProxyUrl.print(server));
        assertEquals(server, ProxyUrl.parse(printed).server().orElseThrow());
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
                "socks5h://u:hunter2/@proxy:8080",
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
                "http://u:hunter2\uFFFD\uFFFD@proxy:3128",
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
