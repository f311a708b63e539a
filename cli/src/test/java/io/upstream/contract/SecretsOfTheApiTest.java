// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.proxy.ProxySettings;
import io.upstream.testing.Canaries;
import io.upstream.testing.SecretCheck;
import io.upstream.testing.SecretScan;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No key, token or password is in a text form, an exception, a log line of any level, or the name of a thread. */
@ExtendWith(Site.AtHand.class)
class SecretsOfTheApiTest {
    private Site site;
    private ConnectProxy proxy;

    @BeforeEach
    void start(Site atHand) throws IOException {
        site = atHand;
        proxy = ConnectProxy.builder()
                .credentials("user", Canaries.PROXY_PASSWORD)
                .start();
    }

    @AfterEach
    void stop() {
        proxy.close();
    }

    private ProxySettings settings(String password) {
        return ProxySettings.fromUrl(proxy.url().replace("://", "://user:" + Canaries.encoded(password) + "@"));
    }

    private static void look(Object... shown) {
        for (Object each : shown) {
            SecretScan.look("the text form of " + each.getClass().getName(), each.toString());
        }
        SecretCheck.lookAtThreads();
    }

    private static void assertNothingSeen() {
        assertEquals(List.of(), SecretCheck.takeHits());
    }

    private UpstreamOptions options(UpstreamProtocol protocol, String proxyPassword) throws UpstreamException {
        ProxySettings settings = settings(proxyPassword);
        UpstreamOptions options = site.options(protocol).proxy(settings).build();
        HostPort hub = options.target(protocol);
        List<Route> routes = settings.routesTo(hub);
        look(options, options.toBuilder(), settings, settings.explain(hub), routes);
        routes.forEach(route -> look(route, ((ProxyServer) route).authentication()));
        return options;
    }

    private static SasKey key(String text) {
        SasKey key = SasKey.of(text);
        look(key, key.lifetime(Duration.ofMinutes(1)), key.sign("h", Identity.device("d"), Instant.now()));
        return key;
    }

    /** P37: logs, texts and names of threads. */
    @ParameterizedTest
    @EnumSource
    void stayHiddenWhenAllGoesWell(UpstreamProtocol protocol) throws Exception {
        String device = "secretive-" + protocol;
        site.hub.addDevice(device, Canaries.DEVICE_KEY);
        look(new UserPassword("user", Canaries.USER_PASSWORD));
        try (UpstreamTransport transport =
                UpstreamTransport.create(options(protocol, Canaries.PROXY_PASSWORD), site.runtime)) {
            UpstreamSession session =
                    SessionContract.get(transport.open(Identity.device(device), key(Canaries.DEVICE_KEY)));
            look(transport, session, session.status(), site.runtime);
            SessionContract.get(session.send(Telemetry.json("1")));
            site.hub.closeConnectionsOf(device);
            SessionContract.get(session.send(Telemetry.json("2")));
            look(session, session.status());
            SessionContract.get(session.close(Duration.ZERO));
            look(session, session.status());
        }
        assertNothingSeen();
    }

    /** P37: exceptions. */
    @ParameterizedTest
    @EnumSource
    void stayHiddenWhenTheHubRefusesTheKey(UpstreamProtocol protocol) throws Exception {
        String device = "doubtful-" + protocol;
        site.hub.addDevice(device, Canaries.DEVICE_KEY);
        assertFails(options(protocol, Canaries.PROXY_PASSWORD), device, Canaries.WRONG_KEY, FailureKind.UNAUTHORIZED);
    }

    /** P37: exceptions. */
    @ParameterizedTest
    @EnumSource
    void stayHiddenWhenTheProxyRefusesThePassword(UpstreamProtocol protocol) throws Exception {
        assertFails(
                options(protocol, Canaries.WRONG_PROXY_PASSWORD),
                "anybody",
                Canaries.DEVICE_KEY,
                FailureKind.PROXY_AUTH);
    }

    private void assertFails(UpstreamOptions options, String device, String key, FailureKind kind) {
        try (UpstreamTransport transport = UpstreamTransport.create(options, site.runtime)) {
            UpstreamException failure = SessionContract.failure(transport.open(Identity.device(device), key(key)));
            assertEquals(kind, failure.kind(), failure.toString());
            look(transport, failure);
            SecretScan.look("a failure", failure);
            assertTrue(failure.getStackTrace().length > 0);
        }
        assertNothingSeen();
    }
}
