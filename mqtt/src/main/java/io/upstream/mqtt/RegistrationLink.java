// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.PipelineNames;
import io.upstream.provisioning.Refusal;
import io.upstream.provisioning.ServiceAnswer;
import io.upstream.provisioning.ServiceLink;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the provisioning service from CONNECT to DISCONNECT: requests are published, each with an id that its answer repeats.
 * Packets are few, so Netty's own classes write them. Confined to the event loop.
 */
final class RegistrationLink extends ChannelInboundHandlerAdapter implements PacketListener, ServiceLink {
    /** How long DISCONNECT may take to leave. */
    private static final long GOODBYE_MILLIS = 1_000;

    private static final int SUBSCRIBE_ID = 1;
    private static final int REFUSED = 0x80;

    private final Channel channel;
    private final Where where;
    private final Registration registration;
    private final CompletableFuture<Void> subscribed = new CompletableFuture<>();
    private Step step = Step.CONNECTING;
    private int requests;
    private @Nullable Listener listener;

    /** In the order in which a connection goes through them; it may leave out all but the last. */
    private enum Step {
        CONNECTING,
        SUBSCRIBING,
        OPEN,
        OVER
    }

    RegistrationLink(Channel channel, Where where, Registration registration) {
        this.channel = channel;
        this.where = where;
        this.registration = registration;
    }

    /** Completes when requests can be sent. */
    CompletionStage<Void> whenSubscribed() {
        return subscribed;
    }

    /** The connection is of no use; the first cause is the one that counts. */
    void fail(UpstreamException cause) {
        if (step == Step.OVER) {
            return;
        }
        step = Step.OVER;
        subscribed.completeExceptionally(cause);
        if (listener != null) {
            listener.lost(cause);
        }
    }

    @Override
    public void listen(Listener told) {
        listener = told;
        if (step == Step.OVER) {
            told.lost(Failures.lost(new ClosedChannelException(), where));
        }
    }

    @Override
    public void register(byte[] request) {
        publish(RegistrationTopic.register(nextRid()), request);
    }

    @Override
    public void query(String operationId) {
        if (RegistrationTopic.isFit(operationId)) {
            publish(RegistrationTopic.query(nextRid(), operationId), new byte[0]);
        } else {
            fail(UpstreamException.of(
                    FailureKind.PROTOCOL,
                    where,
                    where.hop() + " named an operation with an id that cannot be asked for in MQTT"));
        }
    }

    private String nextRid() {
        requests++;
        return Integer.toHexString(requests);
    }

    private void publish(String topic, byte[] payload) {
        write(MqttMessageBuilders.publish()
                .topicName(topic)
                .qos(MqttQoS.AT_LEAST_ONCE)
                .messageId(SUBSCRIBE_ID + 1 + requests % 1_000)
                .payload(Unpooled.wrappedBuffer(payload))
                .build());
    }

    private void write(MqttMessage packet) {
        channel.writeAndFlush(packet).addListener(written -> {
            if (!written.isSuccess()) {
                fail(Failures.lost(written.cause(), where));
            }
        });
    }

    @Override
    public void close() {
        if (step == Step.OPEN) {
            step = Step.OVER;
            channel.writeAndFlush(MqttMessage.DISCONNECT).addListener(ChannelFutureListener.CLOSE);
            var polite = channel.eventLoop().schedule(() -> channel.close(), GOODBYE_MILLIS, TimeUnit.MILLISECONDS);
            channel.closeFuture().addListener(closed -> polite.cancel(false));
        } else {
            step = Step.OVER;
            channel.close();
        }
    }

    @Override
    public PacketListener connAck(int code, boolean sessionPresent) throws UpstreamException {
        if (step != Step.CONNECTING) {
            throw MqttFrameReader.violation(where, "a second CONNACK");
        }
        if (code == 0) {
            step = Step.SUBSCRIBING;
            write(MqttMessageBuilders.subscribe()
                    .messageId(SUBSCRIBE_ID)
                    .addSubscription(MqttQoS.AT_LEAST_ONCE, RegistrationTopic.PREFIX + "#")
                    .build());
        } else {
            fail(refused(code));
        }
        return this;
    }

    /** The return codes of MQTT 3.1.1 §3.2.2.3. */
    private UpstreamException refused(int code) {
        String how = "with CONNACK code " + code;
        return switch (code) {
            case 1 ->
                UpstreamException.of(
                        FailureKind.PROTOCOL,
                        where,
                        where.hop() + " refused " + how + ": it does not speak MQTT 3.1.1, check the port");
            case 3 ->
                UpstreamException.of(
                        FailureKind.SERVER_ERROR,
                        where,
                        where.hop() + " refused " + how + ": it cannot serve now, try again later");
            default -> Refusal.ofLogin(where, registration, how, null);
        };
    }

    @Override
    public void subAck(int packetId, int code) throws UpstreamException {
        if (step != Step.SUBSCRIBING || packetId != SUBSCRIBE_ID) {
            throw MqttFrameReader.violation(where, "a SUBACK that nobody waits for");
        }
        if (code == REFUSED) {
            fail(Refusal.ofLogin(where, registration, "with a refused subscription", null));
        } else {
            step = Step.OPEN;
            subscribed.complete(null);
        }
    }

    @Override
    public void publish(PublishView message) throws UpstreamException {
        if (step != Step.OPEN) {
            if (step != Step.OVER) {
                throw MqttFrameReader.violation(where, "a PUBLISH before anything was subscribed to");
            }
            return;
        }
        if (message.packetId() != 0) {
            write(MqttMessageBuilders.pubAck().packetId(message.packetId()).build());
        }
        RegistrationTopic topic =
                message.matched() == 0 ? null : RegistrationTopic.parse(message.topic(message.matched()));
        if (topic == null || !topic.rid().equals(Integer.toHexString(requests)) || listener == null) {
            return; // not an answer, or one that came twice
        }
        if (message.payloadLength() > MAX_ANSWER_BYTES) {
            throw MqttFrameReader.violation(where, "an answer of " + message.payloadLength() + " bytes");
        }
        listener.answered(
                new ServiceAnswer(topic.status(), ServiceAnswer.seconds(topic.retryAfter()), message.payloadBytes()));
    }

    /** That the service has the request says nothing yet: the answer does. */
    @Override
    public void pubAck(int packetId) {}

    @Override
    public void pingResp() throws UpstreamException {
        throw MqttFrameReader.violation(where, "a PINGRESP that nobody asked for");
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (ctx.pipeline().context(PipelineNames.GUARD) == null) {
            fail(
                    channel.eventLoop().isShuttingDown()
                            ? Failures.runtimeClosed("mqtt", null)
                            : Failures.lost(new ClosedChannelException(), where));
        }
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (ctx.pipeline().context(PipelineNames.GUARD) != null) {
            ctx.fireExceptionCaught(cause); // the attempt shall know what ended it
        } else {
            fail(Failures.lost(cause, where));
        }
    }
}
