// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.Decisions.HUB;
import static io.upstream.proxy.Decisions.failure;
import static io.upstream.proxy.Decisions.map;
import static io.upstream.proxy.Decisions.properties;
import static io.upstream.proxy.Decisions.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ClientCertificate;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxySettingsBuilderTest {
    private static final HostPort HERE = new HostPort("127.0.0.1", 8883);

    /** Each place that may name a proxy, as one letter: given, selector, properties, environment. */
    @ParameterizedTest
    @CsvSource({
        "GSPE,http://given:1",
        "SPE,http://selector:2",
        "PE,http://properties:3",
        "E,http://environment:4",
        "'',direct"
    })
    void takesTheFirstPlaceThatNamesAProxy(String places, String expected) throws UpstreamException {
        ProxySettingsBuilder builder =
                ProxySettings.builder().environment(Map.of()).systemProperties(new Properties());
        places.chars().forEach(place -> {
            switch (place) {
                case 'G' -> builder.proxy("given:1");
                case 'S' -> builder.selector(ProxySelector.of(InetSocketAddress.createUnresolved("selector", 2)));
                case 'P' -> builder.systemProperties(properties("https.proxyHost=properties https.proxyPort=3"));
                default -> builder.environment(Map.of("https_proxy", "environment:4"));
            }
        });
        assertEquals(expected, text(builder.build()));
    }

    @Test
    void staysDirectIfGivenSo() throws UpstreamException {
        ProxySettings settings = ProxySettings.builder()
                .proxy("direct://")
                .environment(Map.of("https_proxy", "environment:4"))
                .build();
        assertEquals(List.of(Route.DIRECT), settings.routesTo(HUB));
    }

    @Test
    void doesNotPassByAPlaceThatCannotBeUsed() {
        ProxySettings settings = ProxySettings.builder()
                .systemProperties(properties("https.proxyHost=properties https.proxyPort=x"))
                .environment(Map.of("https_proxy", "environment:4"))
                .build();
        assertTrue(failure(settings).contains("https.proxyHost is not usable"), failure(settings));
    }

    @Test
    void keepsSeveralProxiesInOrder() throws UpstreamException {
        ProxySettings settings = ProxySettings.builder()
                .proxy("http://u:p,q@a:1")
                .proxy(ProxyServer.http(new HostPort("b", 2)))
                .proxies("https://v:w@c, direct://")
                .proxy("b:2")
                .build();
        assertEquals("http://a:1 http://b:2 https://c:443 direct", text(settings));
        assertEquals(
                "hub.azure-devices.net:8883: through proxy http://a:1 with credentials, else through proxy http://b:2, else "
                        + "through proxy https://c:443 with credentials, else direct, by the list of proxies",
                settings.explain(HUB));
        assertEquals(
                "ProxySettings[the list of proxies: http://a:1, http://b:2, https://c:443, direct]",
                settings.toString());
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '!',
            value = {
                "a:1,b:2                          ! http://a:1 http://b:2",
                "a:1 , b:2                        ! http://a:1 http://b:2",
                "http://u:x,y@a:1                 ! http://a:1",
                "http://u:x,y@a:1,http://v:z@b:2  ! http://a:1 http://b:2",
                "a,direct://                      ! http://a:80 direct"
            })
    void tellsACommaBetweenProxiesFromOneInAPassword(String urls, String expected) throws UpstreamException {
        assertEquals(expected, text(ProxySettings.builder().proxies(urls).build()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:1,", ",a:1", "a:1,,b:2", "a:1,ftp://b", ""})
    void refusesAListWithAnItemThatCannotBeUsed(String urls) {
        assertTrue(failure(ProxySettings.builder().proxies(urls).build()).contains("is not usable"));
    }

    @Test
    void exceptsThisMachineAndWhatIsListed() throws UpstreamException {
        ProxySettingsBuilder builder = ProxySettings.builder().proxy("a:1").exceptions("corp,10.0.0.0/33");
        assertEquals(List.of(Route.DIRECT), builder.build().routesTo(HERE));
        assertEquals(List.of(Route.DIRECT), builder.build().routesTo(new HostPort("edge.corp", 443)));
        assertTrue(builder.build().explain(HUB).contains("note: '10.0.0.0/33'"));
        assertEquals(
                "http://a:1",
                builder.proxyLoopback().build().routesTo(HERE).get(0).toString());
        ProxySettings environment = ProxySettings.builder()
                .environment(Map.of("https_proxy", "a:1", "no_proxy", "x"))
                .exceptions("corp")
                .proxyLoopback()
                .build();
        assertEquals("http://a:1", environment.routesTo(HERE).get(0).toString());
        assertEquals(List.of(Route.DIRECT), environment.routesTo(new HostPort("edge.corp", 443)));
        assertEquals(List.of(Route.DIRECT), environment.routesTo(new HostPort("x", 443)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            value = {
                "''        ! x         ! the choice to go direct",
                "a:1       ! hub.azure-devices.net ! direct, 'hub.azure-devices.net' is an exception",
                "a:1,direct:// ! x     ! by the list of proxies"
            })
    void makesEveryDirectWayAnErrorIfAProxyIsRequired(String proxies, String exceptions, String why) {
        ProxySettingsBuilder builder =
                ProxySettings.builder().exceptions(exceptions).requireProxy();
        if (!proxies.isEmpty()) {
            builder.proxies(proxies);
        }
        assertTrue(failure(builder.build()).contains("a proxy is required"), failure(builder.build()));
        assertTrue(failure(builder.build()).contains(why), failure(builder.build()));
        assertTrue(builder.build().explain(HUB).contains("error, a proxy is required"));
    }

    @Test
    void goesOnWhereAProxyIsRequiredAndThere() throws UpstreamException {
        assertEquals(
                "http://a:1",
                text(ProxySettings.builder().proxy("a:1").requireProxy().build()));
    }

    @Test
    void givesCredentialsToTheOnlyProxy() throws UpstreamException {
        ProxyAuthentication login = ProxyAuthentication.of(new UserPassword("u", "p"));
        Route expected = ProxyServer.http(new HostPort("a", 1), new UserPassword("u", "p"));
        for (ProxySettingsBuilder builder : List.of(
                ProxySettings.builder().proxy("a:1"),
                ProxySettings.builder().proxies("a:1"),
                ProxySettings.builder().environment(Map.of("https_proxy", "a:1")),
                ProxySettings.builder().systemProperties(properties("https.proxyHost=a https.proxyPort=1")))) {
            assertEquals(
                    List.of(expected), builder.authentication(login).build().routesTo(HUB));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            value = {
                "a:1,b:2            ! several proxies are named and one user",
                "http://u:p@a:1     ! its user is given twice",
                "http://u:p@a:1,http://b:2 ! several proxies are named and one user"
            })
    void givesCredentialsToNoProxyThatTheyMayNotBeMeantFor(String proxies, String why, @TempDir Path directory) {
        ProxyAuthentication login = ProxyAuthentication.of(new UserPassword("user", "hunter2"));
        for (ProxySettingsBuilder builder : List.of(
                ProxySettings.builder().authentication(login),
                ProxySettings.builder().passwordFile("user", directory.resolve("password")))) {
            String message = failure(builder.proxies(proxies).build());
            assertTrue(message.contains(why), message);
            assertFalse(message.contains("hunter2"), message);
        }
    }

    @Test
    void givesKerberosToEveryProxyUnlessItsTicketIsForOne() throws UpstreamException {
        try (Negotiate any = Negotiate.withTicketCache(Optional.empty());
                Negotiate one = any.spn("HTTP/a@CORP")) {
            ProxyAuthentication kerberos =
                    ProxyAuthentication.builder().authenticator(any).build();
            List<Route> routes = ProxySettings.builder()
                    .proxies("http://a:1,http://u:p@b:2")
                    .authentication(kerberos)
                    .build()
                    .routesTo(HUB);
            assertEquals(kerberos, ((ProxyServer) routes.get(0)).authentication());
            assertEquals(
                    kerberos.toBuilder()
                            .userPassword(new UserPassword("u", "p"))
                            .build(),
                    ((ProxyServer) routes.get(1)).authentication());
            ProxySettings bound = ProxySettings.builder()
                    .proxies("a:1,b:2")
                    .authentication(
                            ProxyAuthentication.builder().authenticator(one).build())
                    .build();
            assertTrue(failure(bound).contains("several proxies are named"), failure(bound));
        }
    }

    @Test
    void checksCredentialsByTheKindOfTheProxy() {
        ProxyAuthentication colon = ProxyAuthentication.of(new UserPassword("a:b", "p"));
        ProxyAuthentication line = ProxyAuthentication.of(new UserPassword("a", "x\r\nX: y"));
        assertTrue(failure(ProxySettings.builder()
                        .proxy("a:1")
                        .authentication(colon)
                        .build())
                .contains("colon"));
        assertTrue(failure(ProxySettings.builder()
                        .proxy("a:1")
                        .authentication(line)
                        .build())
                .contains("control character"));
        assertTrue(failure(ProxySettings.builder()
                        .proxy(ProxyServer.of(ProxyKind.HTTPS, new HostPort("a", 1), line))
                        .build())
                .contains("control character"));
    }

    /** P23: the proxy's password. */
    @Test
    void readsThePasswordFileForEachConnection(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("password");
        ProxySettings settings =
                ProxySettings.builder().proxy("a:1").passwordFile("u", file).build();
        assertTrue(failure(settings).contains("cannot be read"), failure(settings));
        for (String password : List.of("hunter2", " sp ace:@%\u00f6 ")) {
            Files.writeString(file, password + "\r\n");
            assertEquals(
                    List.of(ProxyServer.http(new HostPort("a", 1), new UserPassword("u", password))),
                    settings.routesTo(HUB));
            assertFalse((settings + settings.explain(HUB)).contains("hunter2"));
        }
        assertEquals(
                "http://u:%20sp%20ace%3A%40%25%C3%B6%20@a:1",
                settings.toEnvironment().get("https_proxy"));
        for (byte[] bad : List.of(
                new byte[0],
                "a\nb\n".getBytes(StandardCharsets.US_ASCII),
                new byte[] {(byte) 0xE4, 's'},
                new byte[5000])) {
            Files.write(file, bad);
            assertTrue(failure(settings).contains("the file of the proxy's password"), failure(settings));
        }
    }

    @Test
    void addsTrustAndCertificateToProxiesUnderTlsOnly() throws UpstreamException {
        Trust site = Trust.systemAnd(Path.of("site.pem"));
        Trust own = Trust.systemAnd(Path.of("own.pem"));
        ClientCertificate certificate = ClientCertificate.pem(Path.of("c.pem"), Path.of("k.pem"));
        List<Route> routes = ProxySettings.builder()
                .proxies("https://a,http://b:2")
                .proxy(new ProxyServer(ProxyKind.HTTPS, new HostPort("c", 3), ProxyAuthentication.NONE, own, null))
                .trust(site)
                .certificate(certificate)
                .build()
                .routesTo(HUB);
        ProxyServer tls = (ProxyServer) routes.get(0);
        ProxyServer plain = (ProxyServer) routes.get(1);
        ProxyServer other = (ProxyServer) routes.get(2);
        assertSame(site, tls.trust());
        assertSame(certificate, tls.certificate());
        assertSame(Trust.system(), plain.trust());
        assertEquals(null, plain.certificate());
        assertSame(own, other.trust());
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '!',
            value = {
                "http_proxy=a:1 https_proxy=b:2            ! http://a:1",
                "HTTP_PROXY=a:1                            ! http://a:1",
                "HTTP_PROXY=a:1 REQUEST_METHOD=GET         ! direct",
                "HTTP_PROXY=a:1 GATEWAY_INTERFACE=CGI/1.1  ! direct",
                "http_proxy=a:1 HTTP_PROXY=b:2 REQUEST_METHOD=GET ! http://a:1",
                "HTTP_PROXY=a:1 ALL_PROXY=c:3 REQUEST_METHOD=GET  ! http://c:3",
                "https_proxy=b:2                           ! direct",
                "all_proxy=c:3                             ! http://c:3"
            })
    void readsOtherVariablesForPlainText(String variables, String expected) throws UpstreamException {
        ProxySettings settings = ProxySettings.builder()
                .environment(map(variables))
                .forPlainText()
                .build();
        assertEquals(expected, text(settings));
        assertEquals(
                variables.contains("HTTP_PROXY") && variables.matches(".*(METHOD|INTERFACE).*"),
                settings.explain(HUB).contains("HTTP_PROXY is not believed in a CGI program"),
                settings.explain(HUB));
    }

    @Test
    void addsRulesToProxiesThatComeWithCredentials() throws UpstreamException {
        ProxyAuthentication rules =
                ProxyAuthentication.builder().schemes("Digest").build();
        ProxyAuthentication own = ProxyAuthentication.of(request -> CompletableFuture.failedFuture(new IOException()));
        List<Route> routes = ProxySettings.builder()
                .proxies("http://u%3Av:p@a:1,http://b:2")
                .proxy(ProxyServer.of(ProxyKind.HTTP, new HostPort("c", 3), own))
                .authentication(rules)
                .build()
                .routesTo(HUB);
        assertEquals(
                rules.toBuilder().userPassword(new UserPassword("u:v", "p")).build(),
                ((ProxyServer) routes.get(0)).authentication());
        assertEquals(rules, ((ProxyServer) routes.get(1)).authentication());
        assertEquals(own, ((ProxyServer) routes.get(2)).authentication());
    }
}
