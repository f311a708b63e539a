// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.upstream.emulator.proxy.Misbehaviour.CutAfterBytes;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.server.Joint;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Two joined connections, counted in the access log, that the proxy's misbehaviours cut. */
final class Tunnel extends Joint {
    private final Channel client;
    private final AccessLog.Entry entry;
    private final @Nullable CutAfterBytes cut;
    private final TunnelTimer timer;

    Tunnel(Channel client, Channel target, AccessLog.Entry entry, Faults faults) {
        super(client, target);
        this.client = client;
        this.entry = entry;
        this.cut = faults.find(CutAfterBytes.class);
        this.timer = new TunnelTimer(faults, this::end, this::die);
    }

    @Override
    public void open() {
        entry.opened();
        client.closeFuture().addListener(f -> timer.stop());
        timer.start(client.eventLoop());
        super.open();
    }

    void end(Ending ending) {
        if (ending == Ending.RST) {
            reset();
        } else {
            end();
        }
    }

    @Override
    public void end() {
        entry.closed();
        super.end();
    }

    @Override
    public void reset() {
        entry.closed();
        super.reset();
    }

    static void end(Channel channel, Ending ending) {
        if (ending == Ending.RST) {
            reset(channel);
        } else {
            channel.close();
        }
    }

    @Override
    protected void gone(Side from) {
        entry.closed();
        super.gone(from);
    }

    @Override
    protected void carry(Side from, ByteBuf bytes) {
        AtomicLong carried = from == up() ? entry.up : entry.down;
        timer.carried();
        long room = cut == null ? Long.MAX_VALUE : cut.bytes() - carried.get();
        if (bytes.readableBytes() < room) {
            carried.addAndGet(bytes.readableBytes());
            from.pass(bytes);
        } else if (cut != null) {
            bytes.writerIndex(bytes.readerIndex() + (int) Math.max(0, room));
            carried.addAndGet(bytes.readableBytes());
            from.passLast(bytes, cut.ending() == Ending.RST ? this::reset : this::end);
        } else {
            bytes.release();
        }
    }
}
