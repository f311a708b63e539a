// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamTransport;
import io.upstream.spi.UpstreamTransportProvider;
import java.util.EnumSet;
import java.util.Set;

/** AMQP and AMQP over WebSocket, for {@link java.util.ServiceLoader}. */
public final class AmqpTransportProvider implements UpstreamTransportProvider {
    @Override
    public Set<UpstreamProtocol> protocols() {
        return EnumSet.of(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS);
    }

    @Override
    public UpstreamTransport create(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime) {
        if (!protocols().contains(protocol)) {
            throw new IllegalArgumentException("this module speaks AMQP, not " + protocol.wireName());
        }
        return new AmqpTransport(protocol, options, runtime);
    }
}
