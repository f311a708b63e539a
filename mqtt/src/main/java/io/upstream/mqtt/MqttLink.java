// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.PipelineNames;
import io.upstream.session.Line;
import io.upstream.session.LineOwner;
import io.upstream.session.Outbox;
import io.upstream.session.Probe;
import io.upstream.session.Probes;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a session: the last handler of the pipeline, from CONNACK to the end of the connection, which {@link Ending} decides.
 * Confined to the event loop.
 */
final class MqttLink extends ChannelInboundHandlerAdapter implements PacketListener, Line {
    /** How long a connection that is to be replaced waits for the answers to what was written. */
    private static final Duration RETIREMENT = Duration.ofSeconds(5);

    private final SessionSetup setup;
    private final Channel channel;
    private final Where where;
    private final Ending ending;
    private final TelemetrySender telemetry;
    private final PacketWriter writer;
    private final KeepAlive keepAlive;
    private final Subscriptions subscriptions;
    private final Inbox inbox;
    private final Arrivals arrivals;
    private final ReadGate gate;
    private final Probes probes = new Probes();
    private @Nullable LineOwner owner;
    private @Nullable HubTraffic hub;

    /** A flush can make the channel writable again and call back in here: then the loop that flushed goes on. */
    private boolean writing;

    /**
     * For a channel on which the hub has just accepted the identity.
     *
     * @param inFlight the session's, from one connection to the next
     */
    MqttLink(SessionSetup setup, Channel channel, Where where, InFlight inFlight) {
        EventLoop loop = channel.eventLoop();
        this.setup = setup;
        this.channel = channel;
        this.where = where;
        this.ending = new Ending(channel, where, new Remains());
        this.writer = new PacketWriter(channel, new PublishEncoder(setup.dialect()), ending::broken);
        this.telemetry = new TelemetrySender(inFlight, writer, ending, where);
        this.keepAlive = new KeepAlive(
                loop,
                setup.pace().draw(),
                setup.pace().patience(),
                channel.config()::isAutoRead,
                this::ping,
                () -> ending.unanswered(setup.pace().patience()),
                setup.terms().watch()::roundTrip);
        this.subscriptions = new Subscriptions(
                setup.dialect().cloudTopic(),
                where,
                loop,
                setup.callbacks(),
                setup.options().operationTimeout(),
                this::send);
        this.gate = new ReadGate(channel.config());
        this.inbox = new Inbox(loop, setup.callbacks(), new Settlements());
        this.arrivals = new Arrivals(setup, inbox, this::hub, writer, where);
    }

    /** Is the line of {@code session} from now on. To be called once, when this is in the pipeline. */
    void serve(LineOwner session) {
        owner = session;
        session.up(this);
    }

    /** Has {@code task} run in {@code millis} from now, if the connection lasts so long. */
    void after(long millis, Runnable task) {
        var alarm = channel.eventLoop().schedule(task, millis, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> alarm.cancel(false));
    }

    /**
     * Ends as planned, to be replaced: what was written is still acknowledged, for a while.
     *
     * @return whether this changed anything: not if it ends already
     */
    boolean retire() {
        if (owner == null || !ending.retire(RETIREMENT)) {
            return false;
        }
        owner.retiring(this);
        drain();
        return true;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        // before whoever else listens for that, and before channelInactive
        channel.closeFuture().addListener(closed -> ending.gone());
        keepAlive.start();
    }

    @Override
    public void pump() {
        drain();
    }

    @Override
    public void onMessage(MessageHandler handler, CompletableFuture<Void> outcome) {
        inbox.handler(handler);
        subscriptions.await(Filter.MESSAGES, outcome);
    }

    @Override
    public void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome) {
        hub().onDesiredChange(handler, outcome);
    }

    @Override
    public void onMethod(MethodHandler handler, CompletableFuture<Void> outcome) {
        hub().onMethod(handler, outcome);
    }

    @Override
    public void twin(CompletableFuture<Twin> outcome) {
        hub().twin(outcome);
    }

    @Override
    public void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
        hub().report(patch, base, outcome);
    }

    @Override
    public void probe(CompletableFuture<Duration> outcome) {
        long asked = channel.eventLoop().ticker().nanoTime();
        Probe probe = new Probe(
                channel.eventLoop(),
                setup.callbacks(),
                outcome,
                setup.pace().patience(),
                () -> isHeardSince(asked) ? null : noAnswer());
        probes.add(probe);
        if (ending.isOver()) {
            probes.fail(noAnswer());
        } else if (!probe.isOver()) {
            keepAlive.ask(probe::answered);
        }
    }

    /** An answer that waits behind much else is not the only sign of life. */
    private boolean isHeardSince(long time) {
        return channel.config().isAutoRead() && keepAlive.quiet().lastRead() - time > 0;
    }

    private UpstreamException noAnswer() {
        return channel.config().isAutoRead()
                ? Probe.unanswered(where, setup.pace().patience())
                : UpstreamException.of(
                        FailureKind.OUTBOX_FULL,
                        where,
                        "nothing is read at present, for the application has not settled what came: settle it first");
    }

    /** All but messages; only for an identity of a hub. */
    private HubTraffic hub() {
        HubTraffic made = hub;
        if (made == null) {
            EventLoop loop = channel.eventLoop();
            HubOutlet outlet = new HubOutlet(loop, writer, this::drain);
            made = new HubTraffic(setup, loop, where, subscriptions, outlet, gate);
            hub = made;
        }
        return made;
    }

    @Override
    public void giveUp(UpstreamException cause) {
        ending.givenUp(cause);
    }

    /** The channel is closed not later than 4 s after {@code drain}. */
    @Override
    public void finish(Duration drain) {
        if (ending.begin(drain)) {
            drain();
        }
    }

    @Override
    public PacketListener connAck(int code, boolean sessionPresent) throws UpstreamException {
        throw MqttFrameReader.violation(where, "a second CONNACK");
    }

    @Override
    public void publish(PublishView message) {
        if (!ending.isOver()) {
            arrivals.publish(message);
        }
    }

    @Override
    public void pubAck(int packetId) throws UpstreamException {
        if (!ending.isOver()) {
            telemetry.acknowledged(packetId);
        }
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
        LineOwner session = owner;
        if (ending.isOver() || writing || session == null) {
            return;
        }
        writing = true;
        do {
            telemetry.writeWhileWritable(session.outbox());
        } while (flush());
        writing = false;
        if (isIdle(session.outbox())) {
            ending.drained();
        }
    }

    /** Whether nothing is under way that an end should wait for. */
    private boolean isIdle(Outbox outbox) {
        return (ending.isRetiring() ? telemetry.isAcknowledged() && inbox.isIdle() : outbox.isEmpty())
                && (hub == null || hub.isIdle());
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
        telemetry.trim();
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
        public void release(UpstreamException written, UpstreamException cause) {
            keepAlive.stop();
            probes.fail(cause);
            writer.discard();
            if (hub != null) {
                hub.end(written);
            }
            subscriptions.end(cause);
            inbox.end();
        }

        @Override
        public void over(@Nullable UpstreamException cause) {
            if (cause != null) {
                setup.pace()
                        .ended(
                                cause,
                                keepAlive.quiet(),
                                channel.eventLoop().ticker().nanoTime());
            }
            if (owner != null) {
                owner.down(MqttLink.this, cause);
            }
        }
    }
}
