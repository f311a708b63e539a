// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalServerChannel;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.Opening;
import io.upstream.session.Pace;
import io.upstream.testing.HubLedger;
import io.upstream.testing.VirtualWorld;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.Properties;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** A hub that speaks AMQP in a virtual world, by another's engine, and the way to it. It is at fault when the test says so. */
final class SimulatedHub implements Dialler {
    private static final Where WHERE = new Where("amqp", "hub hub.test:5671");
    private static final String DEVICES = "/devices/";
    private static final int CREDIT = 1_000;
    private static final int IDLE_MILLIS = 480_000;
    private static final byte[] NO_BYTES = {};

    private final VirtualWorld world;
    private final HubLedger ledger;
    private final Duration roundTrip;
    private final double tokenFaults;
    private final LocalAddress address;
    private final Pace pace;
    private final Set<Peer> peers = new LinkedHashSet<>();

    /**
     * Takes connections at once.
     *
     * @param roundTrip the longest time that an answer takes
     * @param tokenFaults how many tokens in one the token service refuses for no reason, or does not answer
     * @param pace of the clients
     */
    SimulatedHub(VirtualWorld world, HubLedger ledger, Duration roundTrip, double tokenFaults, Pace pace) {
        this.world = world;
        this.ledger = ledger;
        this.roundTrip = roundTrip;
        this.tokenFaults = tokenFaults;
        this.pace = pace;
        address = new LocalAddress("amqp-hub-" + System.identityHashCode(this));
        new ServerBootstrap()
                .group(world.loop())
                .channel(LocalServerChannel.class)
                .childHandler(new ChannelInitializer<LocalChannel>() {
                    @Override
                    protected void initChannel(LocalChannel channel) {
                        channel.pipeline().addLast(new Peer());
                    }
                })
                .bind(address);
        world.settle();
    }

    @Override
    public Dialling dial(EventLoop loop, Credentials credentials) {
        Attempt attempt = new Attempt();
        world.after(world.drawUpTo(roundTrip).multipliedBy(3), attempt::open);
        world.after(Duration.ofSeconds(20), () -> attempt.abort(late()));
        return attempt;
    }

    private final class Attempt implements Dialling {
        private final CompletableFuture<AmqpConnection> outcome = new CompletableFuture<>();

        private void open() {
            AmqpConnection connection = new AmqpConnection(
                    new Opening(
                            Opening.Login.ANONYMOUS,
                            "simulation",
                            "hub.test",
                            pace.interval().plus(pace.patience()),
                            pace.draw()),
                    Map.of(),
                    WHERE,
                    world::nanoTime,
                    pace);
            Channel channel = new Bootstrap()
                    .group(world.loop())
                    .channel(LocalChannel.class)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(address)
                    .channel();
            outcome.whenComplete((open, error) -> {
                if (error != null) {
                    channel.close();
                }
            });
            world.loop().execute(() -> {
                channel.pipeline().addLast(connection);
                connection.whenOpened().whenComplete((open, error) -> {
                    if (error == null) {
                        outcome.complete(connection);
                    } else {
                        outcome.completeExceptionally(error);
                    }
                });
            });
        }

        @Override
        public CompletionStage<AmqpConnection> outcome() {
            return outcome;
        }

        @Override
        public void abort(UpstreamException reason) {
            outcome.completeExceptionally(reason);
        }
    }

    private static UpstreamException late() {
        return UpstreamException.of(FailureKind.TIMEOUT, WHERE, "as the simulation says");
    }

    /** Breaks all connections. */
    void breakOff() {
        List.copyOf(peers).forEach(Peer::breakOff);
    }

    /** Hears nothing on them any more, and says nothing. */
    void fallSilent() {
        peers.forEach(each -> {
            each.loseAcknowledgements();
            each.hearing = Hearing.DEAF;
        });
    }

    /** The machine that all clients are on was asleep: nobody has heard from them. */
    void wasAlone(Duration time) {
        if (time.compareTo(Duration.ofMinutes(8)) >= 0) {
            if (world.chance(0.5)) {
                breakOff();
            } else {
                fallSilent(); // and what told the client got lost
            }
        }
    }

    private enum Hearing {
        GOOD,
        DEAF
    }

    private final class Peer extends ChannelInboundHandlerAdapter {
        private final Duration delay = world.drawUpTo(roundTrip);
        private final Connection connection = Proton.connection();
        private final Transport transport = Proton.transport();
        private final Collector collector = Proton.collector();
        private final Map<String, Receiver> telemetry = new HashMap<>();
        private final Map<String, Set<Delivery>> unacknowledged = new HashMap<>();
        private Hearing hearing = Hearing.GOOD;
        private @Nullable Sender tokenReplies;
        private ChannelHandlerContext ctx;
        private int tags;

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            ctx = context;
            peers.add(this);
            transport.setMaxFrameSize(1 << 16);
            Sasl sasl = transport.sasl();
            sasl.server();
            sasl.setMechanisms("ANONYMOUS");
            sasl.done(Sasl.SaslOutcome.PN_SASL_OK);
            transport.setIdleTimeout(IDLE_MILLIS);
            connection.collect(collector);
            transport.bind(connection);
        }

        private void stayAlive() {
            if (hearing == Hearing.GOOD && ctx.channel().isActive()) {
                long now = TimeUnit.NANOSECONDS.toMillis(world.nanoTime());
                long next = transport.tick(now);
                flush();
                if (next > 0) {
                    world.after(Duration.ofMillis(Math.max(1, next - now)), this::stayAlive);
                }
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.readBytes(copy);
            bytes.release();
            later(() -> hear(copy));
        }

        /** Everything that is said takes its time, and nothing overtakes anything. */
        private void later(Runnable what) {
            world.after(delay, () -> {
                if (hearing == Hearing.GOOD && ctx.channel().isActive()) {
                    what.run();
                    flush();
                }
            });
        }

        private void hear(byte[] bytes) {
            for (int at = 0; at < bytes.length && transport.capacity() > 0; ) {
                ByteBuffer tail = transport.tail();
                int part = Math.min(tail.remaining(), bytes.length - at);
                tail.put(bytes, at, part);
                at += part;
                transport.process();
            }
            for (Event event = collector.peek(); event != null; event = collector.peek()) {
                handle(event);
                collector.pop();
            }
        }

        private void flush() {
            for (int pending = transport.pending(); pending > 0; pending = transport.pending()) {
                ByteBuf out = Unpooled.buffer(pending).writeBytes(transport.head());
                transport.pop(pending);
                ctx.write(out);
            }
            ctx.flush();
        }

        private void handle(Event event) {
            switch (event.getType()) {
                case CONNECTION_REMOTE_OPEN -> {
                    connection.open();
                    stayAlive();
                }
                case CONNECTION_REMOTE_CLOSE -> connection.close();
                case SESSION_REMOTE_OPEN -> event.getSession().open();
                case SESSION_REMOTE_CLOSE -> event.getSession().close();
                case LINK_REMOTE_OPEN -> attach(event.getLink());
                case LINK_REMOTE_CLOSE -> event.getLink().close();
                case DELIVERY -> deliveries(event.getLink());
                default -> {}
            }
        }

        private void attach(Link link) {
            link.setSource(link.getRemoteSource());
            link.setTarget(link.getRemoteTarget());
            link.open();
            if (link instanceof Sender sender) {
                tokenReplies = sender;
                return;
            }
            Receiver receiver = (Receiver) link;
            String to = link.getRemoteTarget().getAddress();
            if (to.startsWith(DEVICES)) {
                String device = to.substring(DEVICES.length(), to.indexOf('/', DEVICES.length()));
                HubLedger.Device books = ledger.device(device);
                books.attached++;
                telemetry.put(device, receiver);
                unacknowledged.put(device, new LinkedHashSet<>());
                receiver.setContext(device);
                watchExpiry(device, receiver, books);
            }
            receiver.flow(CREDIT);
        }

        private void watchExpiry(String device, Receiver link, HubLedger.Device books) {
            Duration left = books.left();
            world.after(left.isNegative() ? Duration.ZERO : left.plusMillis(1), () -> {
                if (telemetry.get(device) != link
                        || link.getRemoteState() != EndpointState.ACTIVE
                        || link.getLocalState() != EndpointState.ACTIVE
                        || hearing == Hearing.DEAF
                        || !ctx.channel().isActive()) {
                    return;
                }
                if (books.left().isNegative()) {
                    books.cut++;
                    loseAcknowledgements(device);
                    link.setCondition(new ErrorCondition(Symbol.valueOf("amqp:unauthorized-access"), "token ended"));
                    link.close();
                    flush();
                } else {
                    watchExpiry(device, link, books);
                }
            });
        }

        private void deliveries(Link link) {
            if (!(link instanceof Receiver receiver)) {
                return;
            }
            for (Delivery each = receiver.current();
                    each != null && each.isReadable() && !each.isPartial();
                    each = receiver.current()) {
                byte[] bytes = new byte[each.pending()];
                receiver.recv(bytes, 0, bytes.length);
                receiver.advance();
                receiver.flow(1);
                Message message = Proton.message();
                message.decode(bytes, 0, bytes.length);
                if (receiver.getContext() instanceof String device) {
                    takeIn(device, each, message);
                } else {
                    accept(each);
                    token(message);
                }
            }
        }

        private void takeIn(String device, Delivery delivery, Message message) {
            byte[] payload =
                    message.getBody() instanceof Data data ? data.getValue().getArray() : NO_BYTES;
            int offset = ((Data) message.getBody()).getValue().getArrayOffset();
            int length = ((Data) message.getBody()).getValue().getLength();
            ledger.device(device).received(Integer.parseInt(new String(payload, offset, length, US_ASCII)));
            Set<Delivery> waiting = unacknowledged.computeIfAbsent(device, unused -> new LinkedHashSet<>());
            waiting.add(delivery);
            later(() -> {
                if (waiting.remove(delivery)) {
                    accept(delivery);
                }
            });
        }

        private void accept(Delivery delivery) {
            delivery.disposition(Accepted.getInstance());
            delivery.settle();
        }

        private void token(Message message) {
            Map<String, Object> asked = message.getApplicationProperties().getValue();
            String audience = String.valueOf(asked.get("name"));
            String text = String.valueOf(((AmqpValue) message.getBody()).getValue());
            String device = audience.substring(audience.lastIndexOf('/') + 1);
            HubLedger.Device books = ledger.device(device);
            boolean faulty = books.taken > 0 && world.chance(tokenFaults);
            int fault = faulty ? world.random().nextInt(3) : -1;
            if (fault == 0) {
                return; // no answer
            }
            int status = 401;
            if (fault > 0) {
                status = fault == 1 ? 401 : 500;
            } else if (books.lets(text)) {
                status = 200;
            }
            answer(message, status);
        }

        private void answer(Message to, int status) {
            Message reply = Proton.message();
            Properties properties = new Properties();
            properties.setCorrelationId(to.getMessageId());
            reply.setProperties(properties);
            reply.setApplicationProperties(new ApplicationProperties(Map.of("status-code", status)));
            byte[] bytes = new byte[512];
            int length = reply.encode(bytes, 0, bytes.length);
            Sender link = tokenReplies;
            if (link != null && link.getLocalState() == EndpointState.ACTIVE) {
                Delivery delivery = link.delivery(("t" + tags++).getBytes(US_ASCII));
                link.send(bytes, 0, length);
                delivery.settle();
                link.advance();
            }
        }

        private void loseAcknowledgements() {
            List.copyOf(unacknowledged.keySet()).forEach(this::loseAcknowledgements);
        }

        private void loseAcknowledgements(String device) {
            Set<Delivery> lost = unacknowledged.getOrDefault(device, new LinkedHashSet<>());
            ledger.device(device).mayBeDoubled += lost.size();
            unacknowledged.remove(device);
            lost.clear();
        }

        private void breakOff() {
            loseAcknowledgements();
            ctx.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            loseAcknowledgements();
            peers.remove(this);
        }
    }
}
