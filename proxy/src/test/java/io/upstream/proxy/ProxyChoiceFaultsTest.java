// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.TestNames;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import io.upstream.testing.Canaries;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Several proxies, and none that can be used, by whole attempts over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProxyChoiceFaultsTest {
    private static final String ASKS =
            "HTTP/1.1 407 P\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\n\r\n";

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private final List<ScriptedProxy> proxies = new ArrayList<>();

    @BeforeAll
    void nameTheHub() throws IOException {
        TestNames.on(runtime, "127.0.0.1");
    }

    @AfterAll
    void closeRuntime() {
        runtime.close();
    }

    @AfterEach
    void close() throws IOException {
        for (ScriptedProxy each : proxies) {
            each.close();
        }
        proxies.clear();
    }

    private ScriptedProxy proxy(Dialogue dialogue) throws IOException {
        ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue));
        proxies.add(proxy);
        return proxy;
    }

    /** Asks whoever comes without credentials, and lets everybody else in. */
    private ScriptedProxy asking() throws IOException {
        return proxy(line -> {
            while (!line.request().contains("Proxy-Authorization")) {
                line.send(ASKS);
            }
            line.send(ESTABLISHED);
        });
    }

    /** Lets everybody in; the hub behind it leaves at once. */
    private ScriptedProxy good() throws IOException {
        return proxy(line -> line.answer(ESTABLISHED));
    }

    private static int closedPort() throws IOException {
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return closed.getLocalPort();
        }
    }

    private UpstreamException failure(String... urls) {
        String list = String.join(",", urls);
        return HubAttempt.failure(runtime, ProxySettings.builder().proxies(list).build());
    }

    private static String url(ScriptedProxy proxy) {
        return "http://" + proxy.address();
    }

    private static String url(ScriptedProxy proxy, String password) {
        return "http://user:" + Canaries.encoded(password) + "@" + proxy.address();
    }

    @Test
    @DisplayName("F142 pac-failover: a dead proxy is passed by, one that wants credentials is not")
    void stopsAtAProxyThatWantsCredentials() throws Exception {
        ScriptedProxy asking = asking();
        ScriptedProxy good = good();
        UpstreamException failure = failure("http://127.0.0.1:" + closedPort(), url(asking), url(good));
        assertEquals(FailureKind.PROXY_AUTH, failure.kind(), failure.getMessage());
        assertEquals("proxy " + asking.address(), failure.hop());
        assertEquals(FailureKind.REFUSED, ((UpstreamException) failure.getSuppressed()[0]).kind());
        assertEquals(0, good.connections());
    }

    @Test
    @DisplayName("F142 pac-failover: the one that wants credentials is used where it has them")
    void usesTheProxyThatHasCredentials() throws Exception {
        ScriptedProxy asking = asking();
        ScriptedProxy good = good();
        UpstreamException failure =
                failure("http://127.0.0.1:" + closedPort(), url(asking, Canaries.PROXY_PASSWORD), url(good));
        assertEquals("hub hub.test:8883 (through proxy " + asking.address() + ")", failure.hop());
        assertEquals(2, asking.requests().size());
        assertEquals(0, good.connections());
    }

    @Test
    @DisplayName("F142 pac-failover: a dead proxy is passed by for the next that works")
    void passesByAProxyThatIsDead() throws Exception {
        ScriptedProxy good = good();
        UpstreamException failure = failure("http://127.0.0.1:" + closedPort(), url(good));
        assertEquals("hub hub.test:8883 (through proxy " + good.address() + ")", failure.hop());
    }

    @Test
    @DisplayName("F143 creds-other-proxy: nobody hears the credentials that are for another")
    void givesTheCredentialsOfOneProxyToNoOther() throws Exception {
        ScriptedProxy down = proxy(line -> line.answer("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"));
        ScriptedProxy asking = asking();
        UpstreamException failure = failure(url(down, Canaries.PROXY_PASSWORD), url(asking));
        assertEquals(FailureKind.PROXY_AUTH, failure.kind(), failure.getMessage());
        assertEquals("proxy " + asking.address(), failure.hop());
        assertEquals(1, down.requests().size());
        assertEquals(1, asking.requests().size());
        assertFalse(asking.requests().get(0).contains("Proxy-Authorization"), asking.requests()::toString);
    }

    /** The hub would be there, if somebody went to it directly. */
    @ParameterizedTest(name = "F139 env-garbage, {0}")
    @MethodSource("io.upstream.proxy.ProxyUrlTest#unusable")
    void goesNowhereByAnUnusableVariable(String value) throws Exception {
        try (ServerSocket hub = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ConnectAttempt attempt = HubAttempt.start(
                    runtime,
                    hub.getLocalPort(),
                    ProxySettings.from(Map.of("https_proxy", value)),
                    Trust.system(),
                    HubAttempt.AMPLE);
            UpstreamException failure = HubAttempt.failure(attempt);
            assertEquals(FailureKind.CONFIGURATION, failure.kind(), failure.getMessage());
            assertTrue(failure.getMessage().startsWith("https_proxy is not usable"), failure.getMessage());
            hub.setSoTimeout(1);
            assertThrows(SocketTimeoutException.class, hub::accept, "nobody may come");
        }
    }

    /** Each list of exceptions of the table decides between a hub and a proxy that both are there. */
    @Test
    @DisplayName("F140 noproxy-table: what the list says is where the socket goes")
    void goesWhereTheListOfExceptionsSays() throws Exception {
        ScriptedProxy good = good();
        ScriptedProxy hub = proxy(line -> {});
        Map<String, Boolean> lists = Map.of("hub.test", true, ".test", true, "other.test", false, "", false);
        for (String list : lists.keySet().stream().sorted().collect(Collectors.toList())) {
            good.restart(ScriptedProxy.WHOLE);
            hub.restart(ScriptedProxy.WHOLE);
            ProxySettings settings = ProxySettings.from(Map.of("https_proxy", url(good), "no_proxy", list));
            HubAttempt.failure(
                    HubAttempt.start(runtime, hub.address().port(), settings, Trust.system(), HubAttempt.AMPLE));
            boolean direct = lists.get(list);
            assertEquals(direct ? 0 : 1, good.connections(), list);
            assertEquals(direct ? 1 : 0, hub.connections(), list);
        }
    }
}
