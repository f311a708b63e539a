// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.SasKey;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LowerLayersTest {
    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @AfterEach
    void close() {
        runtime.close();
    }

    /** The hub's TLS front asks for a certificate after the request, unless it is told that there is none. */
    @ParameterizedTest
    @CsvSource({
        "MQTT_WS, false, /$iothub/websocket?iothub-no-client-cert=true mqtt",
        "MQTT_WS, true, /$iothub/websocket mqtt",
        "AMQP_WS, false, /$iothub/websocket?iothub-no-client-cert=true AMQPWSB10",
        "AMQP_WS, true, /$iothub/websocket AMQPWSB10",
    })
    void tellTheHubWhetherThereIsACertificate(UpstreamProtocol protocol, boolean certificate, String expected)
            throws Exception {
        X509Bundle device = new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=d")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Credentials credentials = certificate
                ? ClientCertificate.of(device.getKeyPair().getPrivate(), device.getCertificate())
                : SasKey.of("a2V5");
        List<String> asked = new ArrayList<>();
        LowerLayers layers = new LowerLayers(
                UpstreamOptions.forHub("hub.test").build(),
                protocol,
                runtime,
                (proxy, target, on) -> List.of(stage("tunnel")),
                (target, path, subprotocol) -> {
                    asked.add(path + " " + subprotocol);
                    return stage("websocket");
                });
        assertEquals(
                "tcp hub.test:443 > tls > websocket", layers.plan(credentials).toString());
        assertEquals(List.of(expected), asked);
    }

    private static ConnectStage stage(String name) {
        return new ConnectStage() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public CompletableFuture<Void> establish(
                    io.netty.channel.Channel channel, io.upstream.UpstreamException.Where where) {
                return CompletableFuture.completedFuture(null);
            }
        };
    }
}
