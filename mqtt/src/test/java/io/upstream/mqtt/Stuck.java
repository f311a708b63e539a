// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.ArrayList;
import java.util.List;

/** A socket whose buffer is full until the test says otherwise. */
final class Stuck extends ChannelOutboundHandlerAdapter {
    private final List<Runnable> kept = new ArrayList<>();
    private boolean full = true;

    /** Lets everything through from now on. */
    void release() {
        full = false;
        kept.forEach(Runnable::run);
        kept.clear();
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object part, ChannelPromise promise) {
        leave(() -> ctx.write(part, promise));
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        leave(ctx::flush);
    }

    private void leave(Runnable what) {
        if (full) {
            kept.add(what);
        } else {
            what.run();
        }
    }
}
