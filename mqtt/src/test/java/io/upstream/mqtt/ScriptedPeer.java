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
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.session.Callbacks;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** The other end of one connection, in memory, on a clock that the test moves. It speaks through Netty's codec. */
final class ScriptedPeer implements AutoCloseable {
    private static final Where WHERE = new Where("mqtt", "hub h:8883");

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final EmbeddedChannel encoder = new EmbeddedChannel(MqttEncoder.INSTANCE);
    private final EmbeddedChannel decoder = new EmbeddedChannel(new MqttDecoder(1 << 20));
    private final MqttLogin login;
    private final CompletableFuture<Void> established;
    private final MqttConnectMessage connect;

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
        channel.freezeTime();
        Callbacks callbacks = new Callbacks(executor);
        Dialect dialect = Dialect.of(identity, credentials, options);
        SessionSetup setup = new SessionSetup(identity, UpstreamProtocol.MQTT, dialect, options, runtime, callbacks);
        login = new MqttLogin(
                setup,
                credentials instanceof SasKey key ? key.sign(options.hubHost(), identity, Instant.now()) : credentials);
        established = login.establish(channel, WHERE).toCompletableFuture();
        connect = assertInstanceOf(MqttConnectMessage.class, sent().get(0));
    }

    MqttConnectMessage connect() {
        return connect;
    }

    MqttSession accept() {
        say(Packets.connAck(0));
        return session();
    }

    MqttSession session() {
        established.join();
        return login.session().join();
    }

    UpstreamException refusal() {
        return failure(established);
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
    }

    /** What the session has sent since the last time. */
    List<MqttMessage> sent() {
        List<MqttMessage> all = take();
        all.forEach(ReferenceCountUtil::release);
        return all;
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
        channel.runPendingTasks();
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
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    EmbeddedChannel channel() {
        return channel;
    }

    void vanish() {
        channel.close();
        channel.runPendingTasks();
    }

    /** Why {@code stage}, which is over, failed. */
    static UpstreamException failure(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertEquals(true, future.isDone(), "it is not over yet");
        return assertInstanceOf(
                UpstreamException.class,
                assertThrows(CompletionException.class, future::join).getCause());
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
        encoder.finishAndReleaseAll();
        decoder.finishAndReleaseAll();
    }
}
