// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.netty.handler.ssl.OpenSsl;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.benchmarks.load.Way;
import io.upstream.proxy.ProxySettings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** Upstream with its defaults and an outbox that the window fits into twice. */
final class UpstreamClient implements PeerClient {
    static final SasKey KEY = SasKey.of(Base64.getEncoder().encodeToString(new byte[32]));
    private static final long DEADLINE_SECONDS = 30;

    private final Sharing sharing;
    private final UpstreamOptions options;
    private final UpstreamRuntime runtime;
    private final Deque<UpstreamTransport> transports = new ArrayDeque<>();
    private final Telemetry template;

    /** Which identities share a connection, where the protocol can. */
    enum Sharing {
        AS_THE_LIBRARY_DOES,
        NONE
    }

    UpstreamClient(Endpoint endpoint, Sharing sharing) {
        this(endpoint, sharing, UpstreamRuntime.create());
    }

    /** With callbacks that run on {@code callbacks}. */
    UpstreamClient(Endpoint endpoint, Sharing sharing, Executor callbacks) {
        this(endpoint, sharing, UpstreamRuntime.builder().callbacks(callbacks).build());
    }

    private UpstreamClient(Endpoint endpoint, Sharing sharing, UpstreamRuntime runtime) {
        this.sharing = sharing;
        this.runtime = runtime;
        options = options(endpoint);
        template = template();
    }

    static UpstreamOptions options(Endpoint endpoint) {
        UpstreamOptions.Builder builder = UpstreamOptions.forHub(endpoint.host())
                .protocol(protocol(endpoint.way()))
                .port(endpoint.port())
                .trust(Trust.systemAnd(endpoint.trust()))
                .outbox(2 * endpoint.window(), 64L << 20);
        if (endpoint.proxyPort() != 0) {
            builder.proxy(ProxySettings.fromUrl("http://127.0.0.1:" + endpoint.proxyPort()));
        }
        return builder.build();
    }

    /** A message without a payload. */
    static Telemetry template() {
        Telemetry properties = Telemetry.of(new byte[0]);
        for (int i = 0; i < Endpoint.Properties.NAMES.length; i++) {
            properties = properties.property(Endpoint.Properties.NAMES[i], Endpoint.Properties.VALUES[i]);
        }
        return properties;
    }

    private static UpstreamProtocol protocol(Way way) {
        return switch (way) {
            case MQTT_TLS -> UpstreamProtocol.MQTT;
            case MQTT_WS -> UpstreamProtocol.MQTT_WS;
            case AMQP_TLS -> UpstreamProtocol.AMQP;
            case AMQP_WS -> UpstreamProtocol.AMQP_WS;
            case MQTT -> throw new IllegalArgumentException("Upstream always uses TLS");
        };
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        if (transports.isEmpty() || sharing == Sharing.NONE) {
            transports.add(UpstreamTransport.create(options, runtime));
        }
        return new Session(await(transports.getLast().open(Identity.device("bench-" + identity), KEY)), acks);
    }

    @Override
    public String tls() {
        return OpenSsl.isAvailable() ? "BoringSSL" : "JDK";
    }

    @Override
    public void close() throws Exception {
        for (UpstreamTransport transport : transports) {
            await(transport.close(Duration.ZERO));
        }
        runtime.close();
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private final class Session implements PeerConnection {
        private final UpstreamSession session;
        private final BiConsumer<Void, Throwable> done;

        private Session(UpstreamSession session, AckListener acks) {
            this.session = session;
            this.done = acks::done;
        }

        @Override
        public void send(byte[] payload) {
            session.send(template.withPayload(payload)).whenComplete(done);
        }

        @Override
        public void sendAndWait(byte[] payload) throws Exception {
            await(session.send(template.withPayload(payload)));
        }

        @Override
        public void close() throws Exception {
            await(session.close(Duration.ZERO));
        }
    }
}
