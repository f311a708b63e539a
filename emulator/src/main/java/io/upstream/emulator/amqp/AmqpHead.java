// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.channel.ChannelPipeline;
import io.upstream.emulator.hub.Hub;

/**
 * Speaks the AMQP 1.0 dialect of an IoT Hub: with or without a SASL layer, claims by CBS, any number of identities on one
 * connection. Thread-safe; one head serves any number of connections.
 */
public final class AmqpHead {
    private final Hub hub;

    public AmqpHead(Hub hub) {
        this.hub = hub;
    }

    /**
     * Adds the handler of one connection at the end of the pipeline. It reads and writes {@link io.netty.buffer.ByteBuf} with AMQP bytes in
     * any cut; what lies below (TLS, WebSocket) must be through by then. The handler takes what it reads and closes the channel when the AMQP
     * connection ends.
     */
    public void install(ChannelPipeline pipeline) {
        pipeline.addLast("amqp", new AmqpConnectionHandler(hub));
    }
}
