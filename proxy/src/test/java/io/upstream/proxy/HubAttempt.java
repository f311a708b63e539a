// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.HostPort;
import io.upstream.ProxyChoice;
import io.upstream.SasKey;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.LowerLayers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Attempts at a hub with every layer that a session by MQTT has below it: tunnel and TLS. */
final class HubAttempt {
    static final HostPort HUB = new HostPort("hub.test", 8883);
    static final Duration AMPLE = Duration.ofSeconds(20);

    private HubAttempt() {}

    static ConnectAttempt start(UpstreamRuntime runtime, ProxyChoice choice, Trust trust, Duration budget) {
        return start(runtime, HUB.port(), choice, trust, budget);
    }

    static ConnectAttempt start(UpstreamRuntime runtime, int port, ProxyChoice choice, Trust trust, Duration budget) {
        UpstreamOptions options = UpstreamOptions.forHub(HUB.host())
                .protocol(UpstreamProtocol.MQTT)
                .port(port)
                .proxy(choice)
                .trust(trust)
                .build();
        LowerLayers layers = new LowerLayers(
                options, UpstreamProtocol.MQTT, runtime, ProxyLayers::towards, (target, path, subprotocol) -> {
                    throw new AssertionError("no WebSocket is wanted");
                });
        return ConnectAttempt.start(runtime, budget, () -> layers.plan(SasKey.of("a2V5")));
    }

    static UpstreamException failure(UpstreamRuntime runtime, ProxyChoice choice) {
        return failure(start(runtime, choice, Trust.system(), AMPLE));
    }

    static UpstreamException failure(ConnectAttempt attempt) {
        ExecutionException error = assertThrows(
                ExecutionException.class,
                () -> attempt.outcome().toCompletableFuture().get(30, TimeUnit.SECONDS));
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    /** For tests that end at the hub's TLS, or before it. */
    static ProxyChoice through(io.upstream.ProxyServer server) {
        return target -> List.of(server);
    }
}
