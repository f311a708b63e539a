// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.upstream.emulator.server.Joint;
import java.util.random.RandomGenerator;

/** One connection through the relay. Confined to the event loop. */
final class Conversation extends Joint {
    private final Channel client;
    private final Lane upLane;
    private final Lane downLane;

    Conversation(Channel client, Channel target, FaultRelay relay, RandomGenerator random) {
        super(client, target);
        this.client = client;
        upLane = lane(up(), client, relay, Direction.UP, random);
        downLane = lane(down(), client, relay, Direction.DOWN, random);
        client.closeFuture().addListener(f -> clearIfBothAreGone(client, target));
        target.closeFuture().addListener(f -> clearIfBothAreGone(client, target));
    }

    private Lane lane(Side side, Channel client, FaultRelay relay, Direction direction, RandomGenerator random) {
        return new Lane(
                side,
                client.eventLoop(),
                random,
                relay.counter(direction),
                this::end,
                this::reset,
                relay.line(direction),
                relay.mark(direction));
    }

    private void clearIfBothAreGone(Channel client, Channel target) {
        if (!client.isOpen() && !target.isOpen()) {
            upLane.clear();
            downLane.clear();
        }
    }

    Lane lane(Direction direction) {
        return direction == Direction.UP ? upLane : downLane;
    }

    private Lane lane(Side side) {
        return side == up() ? upLane : downLane;
    }

    void inject(Direction direction, byte[] bytes) {
        if (!isDead()) {
            lane(direction).inject(Unpooled.wrappedBuffer(bytes));
        }
    }

    void renewKeys() {
        SslHandler tls = client.pipeline().get(SslHandler.class);
        if (tls != null && tls.handshakeFuture().isSuccess() && !isDead()) {
            tls.renegotiate();
        }
    }

    @Override
    protected void carry(Side from, ByteBuf bytes) {
        lane(from).take(bytes);
    }

    @Override
    protected void ended(Side from) {
        Lane lane = lane(from);
        if (!lane.isShut()) {
            lane.later(from::passEnd);
        }
    }

    @Override
    protected void gone(Side from) {
        lane(from).later(from::passGoing);
    }

    @Override
    protected boolean mayRead(Side from) {
        return lane(from).mayRead();
    }
}
