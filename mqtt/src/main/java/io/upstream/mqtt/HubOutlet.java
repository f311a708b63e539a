// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;

/** Where requests and answers leave that are no messages: those of one turn of the event loop together. Confined to the event loop. */
final class HubOutlet {
    private final EventLoop loop;
    private final PacketWriter writer;
    private final Runnable flush;
    private State state = State.CLEAN;

    private enum State {
        CLEAN,
        /** A flush will come behind all that the event loop has to do already. */
        DUE
    }

    HubOutlet(EventLoop loop, PacketWriter writer, Runnable flush) {
        this.loop = loop;
        this.writer = writer;
        this.flush = flush;
    }

    /** As {@link PacketWriter#publish(String, ByteBuffer)}, and has it sent. */
    ChannelFuture publish(String topic, ByteBuffer payload) {
        ChannelFuture written = writer.publish(topic, payload);
        if (state == State.CLEAN) {
            state = State.DUE;
            try {
                loop.execute(this::flush);
            } catch (RejectedExecutionException e) {
                flush(); // the loop is ending and takes nothing more
            }
        }
        return written;
    }

    private void flush() {
        state = State.CLEAN;
        flush.run();
    }
}
