// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.upstream.CloudMessage;
import io.upstream.MessageHandler;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.PipelineNames;
import io.upstream.session.Lifecycle;
import io.upstream.session.Outbox;
import io.upstream.session.Send;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The half of a session that lives on the event loop: the last handler of the pipeline, from CONNACK to the end of the connection,
 * which {@link Ending} decides. Everything but {@link #outbox} is confined to the event loop.
 */
final class MqttLink extends ChannelInboundHandlerAdapter implements PacketListener {
    private static final Logger log = LoggerFactory.getLogger(MqttLink.class);

    private final SessionSetup setup;
    private final Channel channel;
    private final Where where;
    private final CloudMessages messages;
    private final Ending ending;
    private final Outbox outbox;
    private final InFlight inFlight;
    private final PacketWriter writer;
    private final KeepAlive keepAlive;
    private final Subscriptions subscriptions;
    private final Inbox inbox;
    private final ReadGate gate;
    private @Nullable HubTraffic hub;

    /** A flush can make the channel writable again and call back in here: then the loop that flushed goes on. */
    private boolean writing;

    MqttLink(SessionSetup setup, Lifecycle lifecycle, Channel channel, Where where) {
        EventLoop loop = channel.eventLoop();
        CloudTopic cloudTopic = setup.dialect().cloudTopic();
        this.setup = setup;
        this.channel = channel;
        this.where = where;
        this.messages = new CloudMessages(cloudTopic, setup.identity());
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
        this.subscriptions = new Subscriptions(
                cloudTopic, where, loop, setup.callbacks(), setup.options().operationTimeout(), this::send);
        this.gate = new ReadGate(channel.config());
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

    /** Whether nothing new may be begun. */
    boolean hasEnded() {
        return ending.hasBegun();
    }

    /** Has messages given to {@code handler}, and {@code outcome} completed when the hub has confirmed that it sends them. */
    void receive(MessageHandler handler, CompletableFuture<Void> outcome) {
        inbox.handler(handler);
        subscriptions.await(Filter.MESSAGES, outcome);
    }

    /** All but messages; only for an identity of a hub. */
    HubTraffic hub() {
        HubTraffic made = hub;
        if (made == null) {
            EventLoop loop = channel.eventLoop();
            HubOutlet outlet = new HubOutlet(loop, writer, this::drain);
            made = new HubTraffic(setup, loop, where, subscriptions, outlet, gate);
            hub = made;
        }
        return made;
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
        CloudMessage read = messages.read(message);
        if (read != null) {
            inbox.receive(read, message.packetId(), message.topicLength() + message.payloadLength());
        } else {
            receiveOther(message);
        }
    }

    /** What is no message goes at QoS 0; at QoS 1 it is acknowledged whatever it is, or it would come again for ever. */
    private void receiveOther(PublishView message) {
        if (message.packetId() != 0) {
            writer.pubAck(message.packetId());
        }
        HubTopic topic = setup.dialect().hub() ? HubTopic.parse(message.topic(0)) : null;
        if (topic == null) {
            log.warn("nobody here reads what {} sent on topic {}", where.hop(), Failures.printable(message.topic(0)));
        } else {
            hub().receive(topic, message);
        }
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
            subscriptions.answered(packetId, code);
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
        if (outbox.isEmpty() && (hub == null || hub.isIdle())) {
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
            gate.pressure(pressure);
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
            if (hub != null) {
                hub.end(written);
            }
            subscriptions.end(cause);
            inbox.end();
        }
    }
}
