// SPDX-License-Identifier: Apache-2.0
/** AMQP 1.0 to an IoT Hub: found through {@link io.upstream.spi.UpstreamTransportProvider}, exports nothing. */
module io.upstream.amqp {
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.upstream.core;
    requires io.upstream.proxy;
    requires io.upstream.websocket;
    requires org.slf4j;
    requires static org.jspecify;

    provides io.upstream.spi.ProvisioningProvider with
            io.upstream.amqp.AmqpProvisioningProvider;
    provides io.upstream.spi.UpstreamTransportProvider with
            io.upstream.amqp.AmqpTransportProvider;
}
