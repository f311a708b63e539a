// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.CloudMessage;
import io.upstream.MessageHandler;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.PipelineNames;
import io.upstream.session.Lifecycle;
import io.upstream.session.Outbox;
import io.upstream.session.Send;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half of a session that lives on the event loop: the last handler of the pipeline, from CONNACK to the end of the connection,
 * which {@link Ending} decides. Everything but {@link #outbox} is confined to the event loop.
 */
final class MqttLink extends ChannelInboundHandlerAdapter implements PacketListener {
    private static final Logger log = LoggerFactory.getLogger(MqttLink.class);

    private final Channel channel;
    private final Where where;
    private final CloudTopic cloudTopic;
    private final Ending ending;
    private final Outbox outbox;
    private final InFlight inFlight;
    private final PacketWriter writer;
    private final KeepAlive keepAlive;
    private final Subscription subscription;
    private final Inbox inbox;

    /** A flush can make the channel writable again and call back in here: then the loop that flushed goes on. */
    private boolean writing;

    MqttLink(SessionSetup setup, Lifecycle lifecycle, Channel channel, Where where) {
        EventLoop loop = channel.eventLoop();
        this.channel = channel;
        this.where = where;
        this.cloudTopic = setup.dialect().cloudTopic();
        this.ending = new Ending(channel, where, lifecycle, new Remains());
        this.outbox = new Outbox(
                loop,
                setup.callbacks(),
                setup.options(),
                this::drain,
                () -> loop.ticker().nanoTime());
        this.inFlight = new InFlight(setup.options().outboxMessages());
        this.writer = new PacketWriter(channel, new PublishEncoder(setup.dialect()), ending::broken);
        this.keepAlive = new KeepAlive(
                loop, setup.options().keepAlive(), channel.config()::isAutoRead, this::ping, ending::unanswered);
        this.subscription = new Subscription(
                cloudTopic, where, loop, setup.callbacks(), setup.options().operationTimeout(), this::subscribe);
        this.inbox = new Inbox(loop, setup.callbacks(), new Settlements());
    }

    /** For any thread. */
    Outbox outbox() {
        return outbox;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        // before whoever else listens for that, and before channelInactive
        channel.closeFuture().addListener(closed -> ending.gone());
        keepAlive.start();
    }

    /** Has messages given to {@code handler}, and {@code outcome} completed when the hub has confirmed that it sends them. */
    void receive(MessageHandler handler, CompletableFuture<Void> outcome, UpstreamException whenOver) {
        if (ending.hasBegun()) {
            subscription.refuse(outcome, whenOver);
            return;
        }
        inbox.handler(handler);
        subscription.await(outcome);
    }

    /** As {@link io.upstream.UpstreamSession#close(Duration)}; the channel is closed not later than 4 s after {@code drain}. */
    void close(Duration drain) {
        if (ending.begin(drain)) {
            drain();
        }
    }

    @Override
    public PacketListener connAck(int code) throws UpstreamException {
        throw MqttFrameReader.violation(where, "a second CONNACK");
    }

    @Override
    public void publish(PublishView message) {
        if (ending.isOver()) {
            return;
        }
        int bagAt = cloudTopic.bagAt(message);
        if (bagAt < 0) {
            log.warn(
                    "left a message of {} with the hub, nobody here reads its topic {}", where.hop(), message.topic(0));
            return;
        }
        int bag = message.topicLength() - bagAt;
        inbox.receive(
                CloudMessage.of(message.bytes(bagAt), bag, message.payloadLength(), PropertyBag.FORMAT),
                message.packetId(),
                message.topicLength() + message.payloadLength());
    }

    @Override
    public void pubAck(int packetId) throws UpstreamException {
        if (ending.isOver()) {
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
        if (!ending.isOver()) {
            subscription.answered(packetId, code);
        }
    }

    @Override
    public void pingResp() throws UpstreamException {
        if (!ending.isOver() && !keepAlive.answered()) {
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

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (ctx.pipeline().context(PipelineNames.GUARD) != null) {
            ctx.fireExceptionCaught(cause); // the attempt shall know what ended it
        }
        ending.broken(cause);
    }

    private void drain() {
        if (ending.isOver() || writing) {
            return;
        }
        writing = true;
        do {
            writeWhileWritable();
        } while (flush());
        writing = false;
        if (outbox.isEmpty()) {
            ending.drained();
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
        } catch (UpstreamException e) {
            inFlight.remove(packetId);
            send.fail(e);
        } catch (RuntimeException | Error e) {
            ending.broken(e); // half a frame may be written
        }
    }

    /** Sends all that was written in this turn; whether there was anything. */
    private boolean flush() {
        if (!writer.flush()) {
            return false;
        }
        keepAlive.onWrite();
        return true;
    }

    /** Called when nothing has happened for long. */
    private void ping() {
        inFlight.trim();
        send(MqttMessage.PINGREQ);
    }

    private void subscribe() {
        send(MqttMessageBuilders.subscribe()
                .messageId(InFlight.SUBSCRIBE_ID)
                .addSubscription(MqttQoS.AT_LEAST_ONCE, cloudTopic.filter())
                .build());
    }

    private void send(MqttMessage packet) {
        writer.packet(packet);
        flush();
    }

    private final class Settlements implements Inbox.Outlet {
        @Override
        public void acknowledge(int packetId) {
            writer.pubAck(packetId);
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

    private final class Remains implements Ending.Remains {
        @Override
        public void goodbye(ChannelFutureListener written) {
            writer.packet(MqttMessage.DISCONNECT).addListener(written);
            writer.flush();
        }

        @Override
        public void release(UpstreamException written, UpstreamException unwritten, UpstreamException cause) {
            keepAlive.stop();
            writer.discard();
            inFlight.failAll(written);
            outbox.end(unwritten);
            subscription.end(cause);
            inbox.end();
        }
    }
}
