// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.net.Authenticator;
import java.net.ProxySelector;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an agent hands to the containers of its modules. */
class ProxyVariablesTest {
    private static final String ODD = "aZ09-._~:@%/?#&=+,;|!$'()*[]\"<>\\^`{} \u00f6\u20ac\uD83D\uDE00";
    private static final List<String> EXCEPTIONS = List.of(
            "corp",
            ".corp",
            "*.corp",
            "*corp*",
            "10.*",
            "10.0.0.0/8",
            "2001:db8::/32",
            "[2001:db8::1]:443",
            "hub.corp:443",
            "<local>",
            "https://x.corp/",
            "10.0.0.0/33",
            "b\u00fccher.example",
            "..odd",
            "*");
    private static final List<String> HOSTS = List.of(
            "hub.azure-devices.net",
            "corp",
            "a.corp",
            "mycorporation.test",
            "10.1.2.3",
            "2001:db8::1",
            "hub.corp",
            "edge",
            "x.corp",
            "xn--bcher-kva.example",
            "localhost",
            "127.0.0.2",
            "::1");

    @Test
    void saysTheSameToEveryReader() throws UpstreamException {
        assertEquals(
                Map.of(
                        "https_proxy", "http://dom%5Cuser:p%40ss%3A%25@proxy.corp:3128",
                        "HTTPS_PROXY", "http://dom%5Cuser:p%40ss%3A%25@proxy.corp:3128",
                        "no_proxy", "localhost,127.0.0.0/8,::1,corp,10.0.0.0/8",
                        "NO_PROXY", "localhost,127.0.0.0/8,::1,corp,10.0.0.0/8"),
                ProxySettings.from(Map.of(
                                "HTTPS_PROXY", "dom\\user:p@ss:%@Proxy.corp:3128",
                                "no_proxy", "Corp 10.0.0.0/8 10.0.0.0/33"))
                        .toEnvironment());
    }

    @Test
    void namesWhatAModuleHasAroundIt() throws UpstreamException {
        Map<String, String> module = Map.of(
                "https_proxy", "proxy:3128",
                "no_proxy", "registry.corp",
                "IOTEDGE_MODULEID", "m",
                "IOTEDGE_GATEWAYHOSTNAME", "Gateway.corp");
        assertEquals(
                "localhost,127.0.0.0/8,::1,registry.corp,gateway.corp,<local>",
                ProxySettings.from(module).toEnvironment().get("no_proxy"));
    }

    @Test
    void isEmptyWhereNothingGoesThroughAProxy() throws UpstreamException {
        assertEquals(Map.of(), ProxySettings.direct().toEnvironment());
        assertEquals(Map.of(), ProxySettings.from(Map.of("no_proxy", "x")).toEnvironment());
    }

    /** Random settings of 2,000 seeds, each asked about every host: what is read again decides the same. */
    @Test
    void isReadBackAsItWasMeant() throws UpstreamException {
        for (int seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            ProxySettings settings = settings(random);
            Map<String, String> variables = settings.toEnvironment();
            ProxySettings again = ProxySettings.from(variables);
            for (String host : HOSTS) {
                HostPort target = new HostPort(host, random.nextBoolean() ? 443 : 8883);
                assertEquals(settings.routesTo(target), again.routesTo(target), "seed " + seed + ", " + target);
            }
            assertEquals(variables, again.toEnvironment(), "seed " + seed);
        }
    }

    private static ProxySettings settings(Random random) {
        List<ProxyKind> kinds = List.of(ProxyKind.values());
        ProxyKind kind = kinds.get(random.nextInt(kinds.size()));
        boolean socks4 = kind == ProxyKind.SOCKS4 || kind == ProxyKind.SOCKS4A;
        String user = text(random, 1, 20).replace(':', '.');
        ProxyAuthentication login = random.nextInt(4) == 0
                ? ProxyAuthentication.NONE
                : ProxyAuthentication.of(new UserPassword(user, socks4 ? "" : text(random, 0, 30)));
        String host = List.of("proxy", "p.corp", "10.0.0.9", "2001:db8::2", "fe80::1%eth0")
                .get(random.nextInt(5));
        ProxyServer proxy = ProxyServer.of(kind, new HostPort(host, 1 + random.nextInt(65_535)), login);
        StringBuilder exceptions = new StringBuilder();
        for (int n = random.nextInt(4); n > 0; n--) {
            exceptions
                    .append(EXCEPTIONS.get(random.nextInt(EXCEPTIONS.size())))
                    .append(" ,;|".charAt(random.nextInt(4)));
        }
        return ProxySettings.builder()
                .proxy(proxy)
                .exceptions(exceptions.toString())
                .build();
    }

    private static String text(Random random, int least, int most) {
        int[] codePoints = ODD.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        for (int n = least + random.nextInt(most - least + 1); n > 0; n--) {
            text.appendCodePoint(codePoints[random.nextInt(codePoints.length)]);
        }
        return text.toString();
    }

    private static final class Nobody implements ProxyAuthenticator {
        @Override
        public String scheme() {
            return "Negotiate";
        }

        @Override
        public Conversation begin(TunnelRequest request) {
            throw new IllegalStateException("nobody asks");
        }
    }

    @Test
    void refusesWhatNoVariableCanSay() {
        ProxySettings[] inexpressible = {
            ProxySettings.builder().proxies("a:1,b:2").build(),
            ProxySettings.builder().proxies("a:1,direct://").build(),
            ProxySettings.builder().selector(ProxySelector.of(null)).build(),
            ProxySettings.builder()
                    .proxy("a:1")
                    .authenticator(new Authenticator() {})
                    .build(),
            ProxySettings.builder()
                    .proxy("https://a:1")
                    .certificate(ClientCertificate.pem(Path.of("c"), Path.of("k")))
                    .build(),
            ProxySettings.builder()
                    .proxy("a:1")
                    .authentication(ProxyAuthentication.of(
                            request -> CompletableFuture.completedFuture(new UserPassword("u", "p"))))
                    .build(),
            ProxySettings.builder()
                    .proxy("http://u:p@a:1")
                    .authentication(ProxyAuthentication.builder()
                            .authenticator(new Nobody())
                            .build())
                    .build(),
        };
        for (ProxySettings settings : inexpressible) {
            UpstreamException error = assertThrows(UpstreamException.class, settings::toEnvironment);
            assertEquals(FailureKind.CONFIGURATION, error.kind());
            String message = String.valueOf(error.getMessage());
            assertTrue(message.startsWith("these settings cannot be said in environment variables"), message);
        }
        ProxySettings unusable = ProxySettings.fromUrl("ftp://a");
        assertThrows(UpstreamException.class, unusable::toEnvironment);
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "IOTEDGE_MODULEID, edgehub, direct",
        "IOTEDGE_WORKLOADURI, edgehub, direct",
        "IOTEDGE_MODULEID, gateway.corp, direct",
        "IOTEDGE_MODULEID, GATEWAY.corp., direct",
        "IOTEDGE_MODULEID, other.corp, proxy",
        "IOTEDGE_MODULEID, hub.azure-devices.net, proxy",
        "IOTEDGE_DEVICEID, edgehub, proxy",
        "IOTEDGE_DEVICEID, gateway.corp, proxy"
    })
    void leavesWhatAModuleHasAroundItAlone(String variable, String host, String expected) throws UpstreamException {
        Map<String, String> module =
                Map.of("https_proxy", "proxy:3128", variable, "something", "IOTEDGE_GATEWAYHOSTNAME", "gateway.corp");
        boolean proxied =
                ProxySettings.from(module).routesTo(new HostPort(host, 8883)).get(0) instanceof ProxyServer;
        assertEquals(expected, proxied ? "proxy" : "direct");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "*.corp", "<local>", "a,b", ""})
    void takesNoPatternForAGateway(String gateway) throws UpstreamException {
        Map<String, String> module = new HashMap<>(Map.of("https_proxy", "proxy:3128", "IOTEDGE_MODULEID", "m"));
        module.put("IOTEDGE_GATEWAYHOSTNAME", gateway);
        assertEquals(
                "http://proxy:3128",
                ProxySettings.from(module)
                        .routesTo(new HostPort("hub.corp", 443))
                        .get(0)
                        .toString());
    }
}
