// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.util.ReferenceCountUtil;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.ConnectStage;
import io.upstream.session.PacedAttempt.Occasion;
import io.upstream.testing.HubLedger;
import io.upstream.testing.VirtualWorld;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A hub that speaks MQTT in a virtual world, by Netty's codec, and the way to it. It breaks off, and it falls silent, when the test says so. */
final class SimulatedHub implements Dialler {
    private static final Where WHERE = new Where("mqtt", "hub h:8883");
    private static final Duration PHASE_LIMIT = Duration.ofSeconds(30);

    private final VirtualWorld world;
    private final HubLedger ledger;
    private final Duration roundTrip;
    private final LocalAddress address;
    private final Map<String, Connection> connections = new HashMap<>();

    /** @param roundTrip the longest time that an answer takes */
    SimulatedHub(VirtualWorld world, HubLedger ledger, Duration roundTrip) {
        this.world = world;
        this.ledger = ledger;
        this.roundTrip = roundTrip;
        address = new LocalAddress("hub-" + System.identityHashCode(this));
        new ServerBootstrap()
                .group(world.loop())
                .channel(LocalServerChannel.class)
                .childHandler(new ChannelInitializer<LocalChannel>() {
                    @Override
                    protected void initChannel(LocalChannel channel) {
                        channel.pipeline().addLast(new MqttDecoder(1 << 20), MqttEncoder.INSTANCE, new Connection());
                    }
                })
                .bind(address);
        world.settle();
    }

    @Override
    public ConnectPlan plan() {
        return ConnectPlan.to(new HostPort("h", 8883));
    }

    @Override
    public Dialling dial(Occasion occasion, ConnectPlanner planner) {
        Attempt attempt = new Attempt(planner);
        attempt.begin();
        return attempt;
    }

    /** All ways that lie below MQTT in one step. */
    private final class Attempt implements Dialling {
        private final ConnectPlanner planner;
        private final CompletableFuture<Channel> outcome = new CompletableFuture<>();

        private Attempt(ConnectPlanner planner) {
            this.planner = planner;
        }

        private void begin() {
            world.after(Duration.ofSeconds(60), () -> abort(late()));
            planner.ready()
                    .whenComplete((ready, error) -> world.loop().execute(() -> {
                        if (error != null) {
                            outcome.completeExceptionally(error);
                        } else {
                            world.after(world.drawUpTo(roundTrip).multipliedBy(3), this::open);
                        }
                    }));
        }

        private void open() {
            if (outcome.isDone()) {
                return;
            }
            try {
                List<ConnectStage> stages = planner.plan().ways().get(0).with();
                ConnectStage login = stages.get(stages.size() - 1);
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
                world.loop().execute(() -> login(login, channel));
            } catch (UpstreamException e) {
                outcome.completeExceptionally(e);
            }
        }

        private void login(ConnectStage login, Channel channel) {
            world.after(PHASE_LIMIT, () -> abort(late()));
            channel.closeFuture().addListener(closed -> abort(late()));
            login.establish(channel, WHERE).whenComplete((up, error) -> {
                if (error != null) {
                    outcome.completeExceptionally(error);
                } else {
                    outcome.complete(channel);
                }
            });
        }

        @Override
        public CompletionStage<Channel> outcome() {
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

    /** Breaks the connection of one device, if there is one. */
    void breakOff(String device) {
        Connection connection = connections.get(device);
        if (connection != null) {
            connection.loseAcknowledgements();
            connection.close();
        }
    }

    /** Hears nothing on it any more, and says nothing. */
    void fallSilent(String device) {
        Connection connection = connections.get(device);
        if (connection != null) {
            connection.loseAcknowledgements();
            connection.hearing = Hearing.DEAF;
        }
    }

    /** The machine that all clients are on was asleep: nobody has heard from them. */
    void wasAlone(Duration time) {
        for (String device : List.copyOf(connections.keySet())) {
            if (time.compareTo(Duration.ofMinutes(6)) < 0) {
                continue;
            }
            if (world.chance(0.5)) {
                breakOff(device);
            } else {
                fallSilent(device); // and what told the client got lost
            }
        }
    }

    private enum Hearing {
        GOOD,
        DEAF
    }

    private final class Connection extends ChannelInboundHandlerAdapter {
        private final Duration delay = world.drawUpTo(roundTrip);
        private final List<Integer> unacknowledged = new ArrayList<>();
        private Hearing hearing = Hearing.GOOD;
        private String device = "";
        private ChannelHandlerContext ctx;

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            ctx = context;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                if (hearing == Hearing.GOOD) {
                    heard((MqttMessage) message);
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        private void heard(MqttMessage packet) {
            switch (packet.fixedHeader().messageType()) {
                case CONNECT -> connect((MqttConnectMessage) packet);
                case PUBLISH -> publish((MqttPublishMessage) packet);
                case PINGREQ -> say(MqttMessage.PINGRESP, () -> {});
                case DISCONNECT -> close();
                default -> throw new AssertionError("a " + packet.fixedHeader().messageType() + " from a client");
            }
        }

        private void connect(MqttConnectMessage packet) {
            device = packet.payload().clientIdentifier();
            HubLedger.Device books = ledger.device(device);
            if (!books.lets(new String(packet.payload().passwordInBytes(), UTF_8))) {
                say(Packets.connAck(5), this::close);
                return;
            }
            Connection former = connections.put(device, this);
            if (former != null) {
                former.loseAcknowledgements();
                former.close();
            }
            say(Packets.connAck(0, books.attached++ > 0), () -> {});
            watchExpiry(books);
        }

        private void watchExpiry(HubLedger.Device books) {
            Duration left = books.left();
            world.after(left.isNegative() ? Duration.ZERO : left.plusMillis(1), () -> {
                if (connections.get(device) != this || hearing == Hearing.DEAF) {
                    return;
                }
                if (books.left().isNegative()) {
                    books.cut++;
                    breakOff(device);
                } else {
                    watchExpiry(books);
                }
            });
        }

        private void publish(MqttPublishMessage packet) {
            int number = Integer.parseInt(packet.payload().toString(US_ASCII));
            ledger.device(device).received(number);
            Integer id = packet.variableHeader().packetId();
            unacknowledged.add(number);
            say(Packets.pubAck(id), () -> unacknowledged.remove((Integer) number));
        }

        private void say(MqttMessage packet, Runnable said) {
            world.after(delay, () -> {
                if (hearing == Hearing.GOOD && ctx.channel().isActive()) {
                    ctx.writeAndFlush(packet);
                    said.run();
                }
            });
        }

        private void loseAcknowledgements() {
            if (!device.isEmpty()) {
                ledger.device(device).mayBeDoubled += unacknowledged.size();
                unacknowledged.clear();
            }
        }

        private void close() {
            connections.remove(device, this);
            ctx.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            loseAcknowledgements();
            connections.remove(device, this);
        }
    }
}
