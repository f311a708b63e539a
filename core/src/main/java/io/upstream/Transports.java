// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.spi.UpstreamTransportProvider;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/** Finds the module that speaks a protocol, and puts several protocols behind one transport. */
final class Transports {
    private Transports() {}

    static UpstreamTransport create(UpstreamOptions options) {
        UpstreamRuntime runtime = UpstreamRuntime.create();
        try {
            return new ProtocolChoice(candidates(options, runtime), options.closeTimeout(), runtime, true);
        } catch (RuntimeException | Error e) {
            runtime.close();
            throw e;
        }
    }

    static UpstreamTransport create(UpstreamOptions options, UpstreamRuntime runtime) {
        return new ProtocolChoice(candidates(options, runtime), options.closeTimeout(), runtime, false);
    }

    private static List<UpstreamTransport> candidates(UpstreamOptions options, UpstreamRuntime runtime) {
        return options.protocols().stream()
                .map(protocol -> provider(protocol).create(protocol, options, runtime))
                .toList();
    }

    private static UpstreamTransportProvider provider(UpstreamProtocol protocol) {
        ServiceLoader<UpstreamTransportProvider> providers =
                ServiceLoader.load(UpstreamTransportProvider.class, UpstreamTransportProvider.class.getClassLoader());
        for (UpstreamTransportProvider provider : providers) {
            if (provider.protocols().contains(protocol)) {
                return provider;
            }
        }
        throw new IllegalStateException("no module here speaks " + protocol.wireName() + ": add io.upstream:upstream-"
                + protocol.name().substring(0, 4).toLowerCase(Locale.ROOT) + " to the class path");
    }
}
