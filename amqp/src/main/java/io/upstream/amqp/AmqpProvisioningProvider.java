// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Assignment;
import io.upstream.Registration;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.LowerLayers;
import io.upstream.provisioning.RegistrationRun;
import io.upstream.provisioning.RegistrationRun.Layers;
import io.upstream.proxy.ProxyLayers;
import io.upstream.spi.ProvisioningProvider;
import io.upstream.websocket.WebSocketStage;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** Registrations over {@code Amqp} and {@code AmqpWs}, for {@link java.util.ServiceLoader}: the layers of a transport under another login. */
public final class AmqpProvisioningProvider implements ProvisioningProvider {
    /** For {@link java.util.ServiceLoader}. */
    public AmqpProvisioningProvider() {}

    @Override
    public Set<UpstreamProtocol> protocols() {
        return EnumSet.of(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS);
    }

    @Override
    public CompletionStage<Assignment> register(
            UpstreamProtocol protocol,
            UpstreamOptions service,
            Registration registration,
            UpstreamRuntime runtime,
            CompletionStage<?> wanted) {
        LowerLayers lower = new LowerLayers(service, protocol, runtime, ProxyLayers::towards, WebSocketStage::new);
        Layers layers = new Layers(
                () -> lower.plan(registration.credentials()), () -> new RegistrationLogin(registration, service));
        return RegistrationRun.start(runtime, protocol, service.connectTimeout(), registration, wanted, layers);
    }
}
