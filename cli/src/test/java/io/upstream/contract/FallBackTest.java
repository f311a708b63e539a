// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.proxy.ConnectProxy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Behind a proxy that lets only port 443 through, as most do. */
@ExtendWith(Site.AtHand.class)
class FallBackTest {
    private Site site;
    private ConnectProxy proxy;

    @BeforeEach
    void start(Site atHand) throws IOException {
        site = atHand;
        proxy = ConnectProxy.builder()
                .allowPorts(443)
                .route(
                        site.hub.hostName() + ":443",
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), site.hub.wsPort()))
                .start();
    }

    @AfterEach
    void stop() {
        proxy.close();
    }

    private UpstreamTransport transport(UpstreamProtocol... inOrder) {
        HostPort address = new HostPort("127.0.0.1", proxy.address().getPort());
        return UpstreamTransport.create(
                UpstreamOptions.forHub(site.hub.hostName())
                        .protocols(inOrder)
                        .proxy(target -> List.of(ProxyServer.http(address)))
                        .trust(Trust.systemAnd(site.hub.trustBundle()))
                        .closeTimeout(Duration.ofSeconds(5))
                        .build(),
                site.runtime);
    }

    private List<String> asked() {
        return proxy.accessLog().stream()
                .map(each -> each.target().replaceFirst(".*:", "") + " " + each.status())
                .toList();
    }

    @ParameterizedTest(name = "F144 mqtt-over-8883-refused, {0}")
    @CsvSource({"MQTT, MQTT_WS, 8883", "AMQP, AMQP_WS, 5671"})
    void fallsBackToTheWebSocketAndRemembersIt(UpstreamProtocol plain, UpstreamProtocol webSocket, String port)
            throws Exception {
        Subject first = site.newSubject(Speaker.Role.DEVICE);
        Subject second = site.newSubject(Speaker.Role.DEVICE);
        try (UpstreamTransport transport = transport(plain, webSocket)) {
            UpstreamSession session = SessionContract.open(transport, first);
            assertEquals(webSocket, session.protocol());
            SessionContract.get(session.send(Telemetry.json("1")));
            assertEquals(List.of(port + " 403", "443 200"), asked());
            SessionContract.get(session.close(Duration.ZERO));
            assertEquals(webSocket, SessionContract.open(transport, second).protocol());
            assertEquals(List.of(port + " 403", "443 200", "443 200"), asked());
        }
    }

    @ParameterizedTest
    @CsvSource({"MQTT", "AMQP"})
    void saysWhatToUseWhenThereIsNothingToFallBackTo(UpstreamProtocol only) {
        Subject subject = site.newSubject(Speaker.Role.DEVICE);
        try (UpstreamTransport transport = transport(only)) {
            UpstreamException failure =
                    SessionContract.failure(transport.open(subject.identity(), subject.credentials()));
            assertEquals(FailureKind.PROXY_DENIED, failure.kind());
            assertTrue(failure.getMessage().contains("use MqttWs or AmqpWs on port 443"), failure.getMessage());
        }
    }

    @Test
    void saysWhatTheProxyRefusedWhenTheHubRefusesTheKey() throws Exception {
        Subject subject = site.newSubject(Speaker.Role.DEVICE);
        Subject another = site.newSubject(Speaker.Role.DEVICE);
        try (UpstreamTransport transport = transport(UpstreamProtocol.MQTT, UpstreamProtocol.MQTT_WS)) {
            UpstreamException failure =
                    SessionContract.failure(transport.open(subject.identity(), another.credentials()));
            assertEquals(FailureKind.UNAUTHORIZED, failure.kind());
            assertEquals(1, failure.getSuppressed().length);
            assertEquals(FailureKind.PROXY_DENIED, ((UpstreamException) failure.getSuppressed()[0]).kind());
        }
    }
}
