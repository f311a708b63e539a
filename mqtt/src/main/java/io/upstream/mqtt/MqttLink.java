// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.CloudMessage;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.NetworkException;
import io.upstream.Phase;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.PipelineNames;
import io.upstream.session.Lifecycle;
import io.upstream.session.Outbox;
import io.upstream.session.Send;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half of a session that lives on the event loop: the last handler of the pipeline, from CONNACK to the end of the connection.
 * Everything but {@link #outbox} is confined to the event loop.
 *
 * <pre>
 *   OPEN ──► DRAINING ──► LEAVING ──► CLOSED
 *     └─────────┴────────────────────────▲     lost
 * </pre>
 */
final class MqttLink extends ChannelInboundHandlerAdapter implements PacketListener {
    /** How long DISCONNECT may take to leave; then TLS says its own goodbye, for which it has 3 s. */
    private static final Duration GOODBYE_LIMIT = Duration.ofSeconds(1);

    /** When the socket is closed whatever the layers above it still wait for. */
    private static final Duration FORCE_AFTER = Duration.ofSeconds(4);

    private static final Logger log = LoggerFactory.getLogger(MqttLink.class);

    private final Channel channel;
    private final Where where;
    private final Dialect dialect;
    private final Lifecycle lifecycle;
    private final Outbox outbox;
    private final InFlight inFlight;
    private final PacketWriter writer;
    private final KeepAlive keepAlive;
    private final Subscription subscription;
    private final Inbox inbox;
    private State state = State.OPEN;
    private Draining draining = Draining.NO;

    private enum State {
        OPEN,
        /** No new messages; those under way may still be acknowledged. */
        DRAINING,
        /** DISCONNECT is written, nothing may follow it. */
        LEAVING,
        CLOSED
    }

    /** A flush can make the channel writable again and call back in here: then the loop that flushed goes on. */
    private enum Draining {
        NO,
        UNDER_WAY
    }

    MqttLink(SessionSetup setup, Lifecycle lifecycle, Channel channel, Where where) {
        EventLoop loop = channel.eventLoop();
        this.channel = channel;
        this.where = where;
        this.dialect = setup.dialect();
        this.lifecycle = lifecycle;
        this.outbox = new Outbox(
                loop,
                setup.callbacks(),
                setup.options(),
                this::drain,
                () -> loop.ticker().nanoTime());
        this.inFlight = new InFlight(setup.options().outboxMessages());
        this.writer = new PacketWriter(channel, new PublishEncoder(dialect), this::broken);
        this.keepAlive = new KeepAlive(
                loop, setup.options().keepAlive(), channel.config()::isAutoRead, this::ping, this::unanswered);
        this.subscription = new Subscription(
                dialect.cloudTopic() + "#",
                where,
                loop,
                setup.callbacks(),
                setup.options().operationTimeout(),
                this::subscribe);
        this.inbox = new Inbox(loop, setup.callbacks(), new Settlements());
    }

    /** For any thread. */
    Outbox outbox() {
        return outbox;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel.closeFuture().addListener(closed -> gone());
        keepAlive.start();
    }

    /** Has messages given to {@code handler}, and {@code outcome} completed when the hub has confirmed that it sends them. */
    void receive(MessageHandler handler, CompletableFuture<Void> outcome, UpstreamException whenOver) {
        if (state != State.OPEN) {
            subscription.refuse(outcome, whenOver);
            return;
        }
        inbox.handler(handler);
        subscription.await(outcome);
    }

    /** As {@link io.upstream.UpstreamSession#close(Duration)}; the channel is closed not later than 4 s after {@code drain}. */
    void close(Duration drain) {
        if (state == State.OPEN) {
            state = State.DRAINING;
            var alarm = loop().schedule(this::leave, drain.toNanos(), TimeUnit.NANOSECONDS);
            channel.closeFuture().addListener(closed -> alarm.cancel(false));
            drain();
        }
    }

    @Override
    public PacketListener connAck(int code) throws UpstreamException {
        throw MqttFrameReader.violation(where, "a second CONNACK");
    }

    @Override
    public void publish(String topic, int packetId, ByteBuf payload) {
        String expected = dialect.cloudTopic();
        if (isOver()) {
            return;
        }
        if (!topic.startsWith(expected) && !expected.equals(topic + "/")) {
            log.warn("left a message of {} with the hub, nobody here reads its topic {}", where.hop(), topic);
            return;
        }
        int size = topic.length() + payload.readableBytes();
        PropertyBag bag = PropertyBag.read(topic.substring(Math.min(topic.length(), expected.length())));
        inbox.receive(new CloudMessage(ByteBufUtil.getBytes(payload), bag.system(), bag.properties()), packetId, size);
    }

    @Override
    public void pubAck(int packetId) throws UpstreamException {
        if (isOver()) {
            return;
        }
        Send send = inFlight.remove(packetId);
        if (send == null) {
            throw MqttFrameReader.violation(where, "a PUBACK for packet id " + packetId + ", which is not in flight");
        }
        send.succeed();
    }

    @Override
    public void subAck(int packetId, int code) throws UpstreamException {
        if (!isOver()) {
            subscription.answered(packetId, code);
        }
    }

    @Override
    public void pingResp() throws UpstreamException {
        if (!isOver() && !keepAlive.answered()) {
            throw MqttFrameReader.violation(where, "a PINGRESP that nobody asked for");
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        keepAlive.onRead();
        drain();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        drain();
        ctx.fireChannelWritabilityChanged();
    }

    /** The channel is closed; comes before whoever else listens for that, and before {@code channelInactive}. */
    private void gone() {
        lost(loop().isShuttingDown() ? Failures.runtimeClosed("mqtt", null) : closedByPeer());
        if (state == State.LEAVING) {
            state = State.CLOSED;
            lifecycle.moveTo(Phase.CLOSED, null);
        }
    }

    private UpstreamException closedByPeer() {
        return UpstreamException.of(
                FailureKind.CLOSED_BY_PEER,
                where,
                where.hop() + " closed the connection without a reason, MQTT has no word for one: look for a second"
                        + " connection with the same identity, a token that ended, or a device that was disabled");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (ctx.pipeline().context(PipelineNames.GUARD) != null) {
            ctx.fireExceptionCaught(cause); // the attempt shall know what ended it
        }
        broken(cause);
    }

    /** The stream is of no more use. */
    private void broken(Throwable cause) {
        if (!(cause instanceof ClosedChannelException)) { // gone() says that better
            lost(Failures.lost(cause, where));
        }
        channel.pipeline().close();
    }

    private void drain() {
        if (isOver() || draining == Draining.UNDER_WAY) {
            return;
        }
        draining = Draining.UNDER_WAY;
        do {
            writeWhileWritable();
        } while (writer.flush());
        draining = Draining.NO;
        if (state == State.DRAINING && outbox.isEmpty()) {
            leave();
        }
    }

    private void writeWhileWritable() {
        while (writer.isWritable() && inFlight.hasRoom()) {
            Send send = outbox.next();
            if (send == null) {
                return;
            }
            write(send);
        }
    }

    private void write(Send send) {
        int packetId = inFlight.add(send);
        try {
            writer.publish(send.telemetry(), packetId);
            keepAlive.onWrite();
        } catch (UpstreamException e) {
            inFlight.remove(packetId);
            send.fail(e);
        } catch (RuntimeException | Error e) {
            broken(e); // half a frame may be written
        }
    }

    private void ping() {
        send(MqttMessage.PINGREQ);
    }

    private void subscribe() {
        send(MqttMessageBuilders.subscribe()
                .messageId(InFlight.SUBSCRIBE_ID)
                .addSubscription(MqttQoS.AT_LEAST_ONCE, dialect.cloudTopic() + "#")
                .build());
    }

    private void send(MqttMessage packet) {
        writer.packet(packet);
        keepAlive.onWrite();
        writer.flush();
    }

    private void unanswered() {
        lost(UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                where.hop() + " gave no sign of life for " + Failures.seconds(KeepAlive.ANSWER_LIMIT)
                        + " after a PINGREQ: check the network between here and there"));
        channel.pipeline().close();
    }

    /** Says goodbye: whatever is not acknowledged by now will not be. */
    private void leave() {
        if (isOver()) {
            return;
        }
        state = State.LEAVING;
        writer.packet(MqttMessage.DISCONNECT)
                .addListener(written -> channel.pipeline().close());
        writer.flush();
        release(
                closed("the session was closed before the hub acknowledged the message; it may have it all the same"),
                closed("the session was closed, the message was not sent"),
                closed("the session was closed"));
        var polite = loop().schedule(() -> channel.pipeline().close(), GOODBYE_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
        var forced = loop().schedule(this::forceClose, FORCE_AFTER.toNanos(), TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(closed -> {
            polite.cancel(false);
            forced.cancel(false);
        });
    }

    /** From the lowest handler down, past those that would wait for the peer. */
    private void forceClose() {
        ChannelHandlerContext lowest = channel.pipeline().firstContext();
        if (lowest != null) {
            lowest.close();
        }
    }

    private void lost(UpstreamException cause) {
        if (isOver()) {
            return;
        }
        boolean wanted = state == State.DRAINING;
        state = State.CLOSED;
        boolean telling = cause instanceof NetworkException || cause.kind() == FailureKind.CLOSED;
        FailureKind kind = telling ? cause.kind() : FailureKind.RESET;
        String reason = "the connection was lost (" + cause.getMessage() + ")";
        release(
                UpstreamException.of(
                        kind,
                        where,
                        reason + " before the message was acknowledged; the hub may have it all the same",
                        cause),
                UpstreamException.of(kind, where, reason + ", the message was not sent", cause),
                cause);
        lifecycle.moveTo(Phase.CLOSED, wanted ? null : cause);
    }

    private void release(UpstreamException written, UpstreamException unwritten, UpstreamException cause) {
        keepAlive.stop();
        writer.discard();
        inFlight.failAll(written);
        outbox.end(unwritten);
        subscription.end(cause);
        inbox.end();
    }

    private boolean isOver() {
        return state == State.LEAVING || state == State.CLOSED;
    }

    private static UpstreamException closed(String text) {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("mqtt"), text);
    }

    private EventLoop loop() {
        return channel.eventLoop();
    }

    private final class Settlements implements Inbox.Outlet {
        @Override
        public void acknowledge(int packetId) {
            writer.pubAck(packetId);
            keepAlive.onWrite();
        }

        @Override
        public void flush() {
            drain();
        }

        @Override
        public void pressure(Inbox.Pressure pressure) {
            channel.config().setAutoRead(pressure == Inbox.Pressure.LOW);
        }
    }
}
