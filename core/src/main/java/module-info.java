// SPDX-License-Identifier: Apache-2.0
/** The public API of Upstream, and what its protocol modules share. */
@SuppressWarnings("module") // the siblings that the qualified exports name are not on this module's own path
module io.upstream.core {
    requires com.fasterxml.jackson.core;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.classes.io_uring;
    requires org.bouncycastle.pkix;
    requires org.bouncycastle.provider;
    requires org.slf4j;
    requires static jdk.jfr; // events are recorded where it is there
    requires static transitive org.jspecify;

    exports io.upstream;
    exports io.upstream.spi;
    exports io.upstream.connect to
            io.upstream.proxy,
            io.upstream.websocket,
            io.upstream.mqtt,
            io.upstream.amqp;
    exports io.upstream.frame to
            io.upstream.websocket,
            io.upstream.mqtt,
            io.upstream.amqp;
    exports io.upstream.session to
            io.upstream.mqtt,
            io.upstream.amqp;
    exports io.upstream.provisioning to
            io.upstream.mqtt,
            io.upstream.amqp;
    exports io.upstream.watch to
            io.upstream.mqtt,
            io.upstream.amqp;

    uses io.upstream.spi.ProvisioningProvider;
    uses io.upstream.spi.UpstreamTransportProvider;
}
