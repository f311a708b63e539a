// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.channel.ChannelPipeline;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.provisioning.Provisioning;
import org.jspecify.annotations.Nullable;

/**
 * Speaks the AMQP 1.0 dialect of an IoT Hub: with or without a SASL layer, claims by CBS, any number of identities on one
 * connection. Thread-safe; one head serves any number of connections.
 */
public final class AmqpHead {
    private final Hub hub;
    private final @Nullable Provisioning provisioning;
    private final Clientele clientele;

    /** Who is served. */
    enum Clientele {
        EVERYBODY,
        /** Clients of the provisioning service only. */
        PROVISIONING
    }

    public AmqpHead(Hub hub) {
        this(hub, null, Clientele.EVERYBODY);
    }

    /** A head for a hub and for a provisioning service, which devices address as {@code {idScope}/registrations/{id}}. */
    public AmqpHead(Hub hub, Provisioning provisioning) {
        this(hub, provisioning, Clientele.EVERYBODY);
    }

    private AmqpHead(Hub hub, @Nullable Provisioning provisioning, Clientele clientele) {
        this.hub = hub;
        this.provisioning = provisioning;
        this.clientele = clientele;
    }

    /** The same for clients of the provisioning service only: the addresses of the hub are not found. */
    public AmqpHead provisioningOnly() {
        return new AmqpHead(hub, provisioning, Clientele.PROVISIONING);
    }

    Hub hub() {
        return hub;
    }

    @Nullable
    Provisioning provisioning() {
        return provisioning;
    }

    Clientele clientele() {
        return clientele;
    }

    /**
     * Adds the handler of one connection at the end of the pipeline. It reads and writes {@link io.netty.buffer.ByteBuf} with AMQP bytes in
     * any cut; what lies below (TLS, WebSocket) must be through by then. The handler takes what it reads and closes the channel when the AMQP
     * connection ends.
     */
    public void install(ChannelPipeline pipeline) {
        pipeline.addLast("amqp", new AmqpConnectionHandler(this));
    }
}
