// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.spi.UpstreamTransportProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Function;

/** Finds the module that speaks a protocol, and puts several protocols behind one transport. */
final class Transports {
    private Transports() {}

    static UpstreamTransport create(UpstreamOptions options) {
        UpstreamRuntime runtime = UpstreamRuntime.create();
        try {
            return new ProtocolChoice(
                    candidates(options, runtime), options.closeTimeout(), runtime, true, System::nanoTime);
        } catch (RuntimeException | Error e) {
            runtime.close();
            throw e;
        }
    }

    static UpstreamTransport create(UpstreamOptions options, UpstreamRuntime runtime) {
        return new ProtocolChoice(
                candidates(options, runtime), options.closeTimeout(), runtime, false, System::nanoTime);
    }

    private static List<UpstreamTransport> candidates(UpstreamOptions options, UpstreamRuntime runtime) {
        List<UpstreamTransport> made = new ArrayList<>();
        try {
            for (UpstreamProtocol protocol : options.protocols()) {
                made.add(provider(UpstreamTransportProvider.class, UpstreamTransportProvider::protocols, protocol)
                        .create(protocol, options, runtime));
            }
        } catch (RuntimeException | Error e) {
            made.forEach(each -> each.close(Duration.ZERO)); // nobody else can
            throw e;
        }
        return List.copyOf(made);
    }

    /**
     * The first module here that offers a service for {@code protocol}.
     *
     * @param spoken which protocols a module can speak
     */
    static <P> P provider(Class<P> service, Function<P, Set<UpstreamProtocol>> spoken, UpstreamProtocol protocol) {
        for (P provider : ServiceLoader.load(service, service.getClassLoader())) {
            if (spoken.apply(provider).contains(protocol)) {
                return provider;
            }
        }
        throw new IllegalStateException("no module here speaks " + protocol.wireName() + ": add io.upstream:upstream-"
                + protocol.name().substring(0, 4).toLowerCase(Locale.ROOT) + " to the class path");
    }
}
