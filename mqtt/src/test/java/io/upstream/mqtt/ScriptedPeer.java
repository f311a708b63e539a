// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.util.ReferenceCountUtil;
import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.connect.Failures;
import io.upstream.session.Callbacks;
import io.upstream.session.Connector;
import io.upstream.session.LastingSession;
import io.upstream.session.LineOwner;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;
import io.upstream.session.TokenLease;
import io.upstream.session.TokenSource;
import io.upstream.testing.SecretScan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a session's connections, in memory, on a clock that the test moves. It speaks through Netty's codec. The session ends with
 * its first connection unless the options ask for a reconnect by short pauses.
 */
final class ScriptedPeer implements AutoCloseable {
    private static final Where WHERE = new Where("mqtt", "hub h:8883");

    /** Has the session's event loop, which goes on when a connection does not: a channel's own timers end with it. */
    private final EmbeddedChannel home = new EmbeddedChannel();

    private final EmbeddedChannel encoder = new EmbeddedChannel(MqttEncoder.INSTANCE);
    private final List<EmbeddedChannel> channels = new ArrayList<>(List.of(home));
    private final List<UpstreamException> causes = new ArrayList<>();
    private final LastingSession session;
    private final CompletableFuture<UpstreamSession> opened;
    private EmbeddedChannel channel = home;
    private EmbeddedChannel decoder = new EmbeddedChannel(new MqttDecoder(1 << 20));
    private Duration passed = Duration.ZERO;
    private MqttConnectMessage connect;
    private List<MqttMessage> lent = List.of();
    private List<MqttMessageType> lastWords = List.of();

    /** CONNECT has come and is not answered. */
    ScriptedPeer(UpstreamRuntime runtime, UpstreamOptions options, Identity identity, Credentials credentials)
            throws UpstreamException {
        this(runtime, options, identity, credentials, Runnable::run);
    }

    /** As above, with the application's callbacks on an executor of the test's choice. */
    ScriptedPeer(
            UpstreamRuntime runtime,
            UpstreamOptions options,
            Identity identity,
            Credentials credentials,
            Executor executor)
            throws UpstreamException {
        home.freezeTime();
        Callbacks callbacks = new Callbacks(executor);
        Dialect dialect = Dialect.of(identity, credentials, options);
        boolean lasting = !options.reconnect().equals(Reconnect.DEFAULT);
        UpstreamOptions chosen = lasting
                ? options
                : options.toBuilder().reconnect(Reconnect.NEVER).build();
        SessionTerms terms = new SessionTerms(
                identity, UpstreamProtocol.MQTT, dialect.hub(), chosen, runtime, home.eventLoop(), callbacks);
        Pace pace = new Pace(chosen, () -> -1L); // draws the longest
        session = new LastingSession(
                terms, new Reconnections(new SessionSetup(terms, dialect, pace), credentials, lasting));
        opened = session.open().toCompletableFuture();
        connect = assertInstanceOf(MqttConnectMessage.class, sent().get(0));
    }

    /** One connection after the other, each when the test lets it come. */
    private final class Reconnections implements Connector {
        private final SessionSetup setup;
        private final Credentials credentials;
        private final InFlight inFlight;
        private final boolean lasting;
        private int connections;

        private Reconnections(SessionSetup setup, Credentials credentials, boolean lasting) {
            this.lasting = lasting;
            this.setup = setup;
            this.credentials = credentials;
            inFlight = new InFlight(setup.options().outboxMessages());
        }

        @Override
        public void hurry() {}

        @Override
        public void connect(LineOwner owner, @Nullable UpstreamException after) {
            if (after != null) {
                causes.add(after);
            }
            if (connections++ > 0 || lasting) {
                lastWords = drain().stream()
                        .map(packet -> packet.fixedHeader().messageType())
                        .toList();
                channel = new EmbeddedChannel();
                channel.freezeTime();
                channel.advanceTimeBy(passed.toNanos(), TimeUnit.NANOSECONDS); // as on all others
                channels.add(channel);
                decoder = new EmbeddedChannel(new MqttDecoder(1 << 20));
            }
            TokenLease lease = credentials instanceof SasKey ? lease() : null;
            MqttLogin login = new MqttLogin(setup, lease == null ? credentials : lease.token(), inFlight, link -> {
                if (lease != null) {
                    lease.millisLeft(home.eventLoop().ticker().nanoTime())
                            .ifPresent(left -> link.after(MqttSeat.lifeMillis(left), link::retire));
                }
                link.serve(owner);
            });
            login.establish(channel, WHERE).whenComplete((up, error) -> {
                if (error != null && !login.isWelcome()) {
                    owner.failed(Failures.translate(error, WHERE));
                }
            });
        }

        private TokenLease lease() {
            return new TokenSource(
                            credentials,
                            setup.options().hubHost(),
                            setup.identity(),
                            setup.terms().runtime(),
                            Runnable::run)
                    .next(() -> home.eventLoop().ticker().nanoTime())
                    .toCompletableFuture()
                    .join();
        }

        @Override
        public CompletionStage<Void> leave() {
            CompletableFuture<Void> closed = new CompletableFuture<>();
            channel.closeFuture().addListener(done -> closed.complete(null));
            return closed;
        }
    }

    MqttConnectMessage connect() {
        return connect;
    }

    /** Takes the CONNECT of another connection. */
    MqttConnectMessage nextConnect() {
        connect = assertInstanceOf(MqttConnectMessage.class, sent().get(0));
        return connect;
    }

    /** What the session sent last on its former connection. */
    List<MqttMessageType> lastWords() {
        return lastWords;
    }

    /** Why each connection after the first was made; not those that replaced one as planned. */
    List<UpstreamException> causes() {
        return causes;
    }

    UpstreamSession accept() {
        say(Packets.connAck(0));
        return session();
    }

    UpstreamSession session() {
        assertEquals(Phase.CONNECTED, session.status().phase());
        return session;
    }

    UpstreamException refusal() {
        return failure(opened);
    }

    /** All packets in one read. */
    void say(MqttMessage... packets) {
        encoder.writeOutbound((Object[]) packets);
        List<ByteBuf> parts = new ArrayList<>();
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            parts.add(part);
        }
        sayBytes(Unpooled.wrappedBuffer(parts.toArray(new ByteBuf[0])));
    }

    void sayBytes(ByteBuf bytes) {
        channel.writeInbound(bytes);
        home.runPendingTasks();
    }

    /** What the session has sent since the last time. */
    List<MqttMessage> sent() {
        List<MqttMessage> all = take();
        all.forEach(ReferenceCountUtil::release);
        return all;
    }

    /** Likewise; a payload can still be read, until the next call. */
    List<MqttMessage> packets() {
        lent.forEach(ReferenceCountUtil::release);
        lent = take();
        return lent;
    }

    /** Likewise, as {@code topic payload}; it must all be PUBLISH of QoS 0. */
    List<String> published() {
        List<String> all = new ArrayList<>();
        for (MqttMessage packet : take()) {
            MqttPublishMessage publish = assertInstanceOf(MqttPublishMessage.class, packet);
            assertEquals(MqttQoS.AT_MOST_ONCE, publish.fixedHeader().qosLevel());
            all.add(publish.variableHeader().topicName() + " "
                    + publish.payload().toString(UTF_8));
            publish.release();
        }
        return all;
    }

    private List<MqttMessage> take() {
        for (int i = 0; i < 2; i++) {
            home.runPendingTasks();
            channel.runPendingTasks();
        }
        return drain();
    }

    private List<MqttMessage> drain() {
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            decoder.writeInbound(part);
        }
        List<MqttMessage> all = new ArrayList<>();
        for (MqttMessage packet = decoder.readInbound(); packet != null; packet = decoder.readInbound()) {
            all.add(packet);
        }
        return all;
    }

    List<MqttMessageType> sentTypes() {
        return sent().stream().map(packet -> packet.fixedHeader().messageType()).toList();
    }

    /** The packet ids of what was sent, which must all be PUBLISH. */
    List<Integer> sentIds() {
        return sent().stream()
                .map(packet -> assertInstanceOf(MqttPublishMessage.class, packet)
                        .variableHeader()
                        .packetId())
                .toList();
    }

    void assertSent(MqttMessageType... types) {
        assertEquals(List.of(types), sentTypes());
    }

    void pass(Duration time) {
        passed = passed.plus(time);
        for (EmbeddedChannel each : List.copyOf(channels)) {
            each.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
            each.runScheduledPendingTasks();
            each.runPendingTasks();
        }
        home.runPendingTasks();
    }

    EmbeddedChannel channel() {
        return channel;
    }

    void vanish() {
        channel.close();
        channel.runPendingTasks();
        home.runPendingTasks();
    }

    /** Why {@code stage}, which is over, failed. */
    static UpstreamException failure(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertEquals(true, future.isDone(), "it is not over yet");
        CompletionException error = assertThrows(CompletionException.class, future::join);
        SecretScan.look("an exception", error);
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    @Override
    public void close() {
        lent.forEach(ReferenceCountUtil::release);
        lent = List.of();
        channels.forEach(EmbeddedChannel::finishAndReleaseAll);
        encoder.finishAndReleaseAll();
        decoder.finishAndReleaseAll();
    }
}
