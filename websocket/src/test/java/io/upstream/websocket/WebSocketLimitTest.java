// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.Unpooled;
import io.upstream.HostPort;
import io.upstream.connect.Silence;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** P11, the row of the WebSocket upgrade, by a clock that the test moves. */
class WebSocketLimitTest {
    @Test
    void theUpgradeHasTenSecondsWhateverTrickles() {
        try (Silence silence = new Silence()) {
            silence.with(new WebSocketStage(new HostPort("hub.test", 443), "/", "mqtt"))
                    .pass(Duration.ofSeconds(9));
            silence.channel.writeInbound(Unpooled.copiedBuffer("HTTP/1.1 101 Swi", StandardCharsets.US_ASCII));
            silence.endsAfter(Duration.ofSeconds(1), "websocket", Duration.ofSeconds(10));
        }
    }
}
