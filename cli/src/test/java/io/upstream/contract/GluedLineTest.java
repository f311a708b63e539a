// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamSession;
import io.upstream.emulator.relay.FaultRelay;
import io.upstream.proxy.ProxySettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A line on which whatever comes soon after something arrives with it, behind the last bytes of a handshake, too (iotedge#7539). */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#devices")
class GluedLineTest extends SessionContract {
    @ParameterizedTest(name = "through a proxy: {0}")
    @ValueSource(booleans = {false, true})
    void everythingWorks(boolean proxied) throws Exception {
        InetSocketAddress hub = new InetSocketAddress(InetAddress.getLoopbackAddress(), hubPort());
        try (FaultRelay relay = FaultRelay.to(hub).start()) {
            relay.bundle(Duration.ofMillis(20));
            UpstreamSession session = open(options -> options.port(relay.port())
                    .proxy(proxied ? ProxySettings.fromUrl(site.proxy.url()) : ProxySettings.direct()));
            BlockingQueue<String> messages = new LinkedBlockingQueue<>();
            get(session.onMessage(MessageHandler.completing(message -> messages.add(text(message.payload())))));
            get(session.onMethod(request -> MethodResponse.of(200, "1")));
            get(session.send(Telemetry.json("1")));
            subject.send("down");
            assertEquals("down", next(messages));
            assertEquals(200, get(subject.call("m", "{}")).status());
            Twin twin = get(session.twin());
            assertEquals(1, twin.desiredVersion());
            get(session.close(SOON));
        }
    }

    private int hubPort() {
        return switch (speaker.protocol()) {
            case MQTT -> site.hub.mqttPort();
            case AMQP -> site.hub.amqpPort();
            case MQTT_WS, AMQP_WS -> site.hub.wsPort();
        };
    }
}
