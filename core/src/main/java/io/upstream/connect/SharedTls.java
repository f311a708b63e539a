// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.Trust;
import io.upstream.UpstreamRuntime;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the transports on one runtime share of TLS: the platform's roots, and one {@link TlsContexts} for all that believe the same
 * certificates, 45 KiB that each connection of its own would else cost. Keeps no settings that nobody uses any more. Thread-safe.
 */
final class SharedTls {
    private final SystemRoots system = new SystemRoots();
    private final Map<Optional<Path>, WeakReference<TlsContexts>> byBundle = new HashMap<>();

    private SharedTls() {}

    static SharedTls on(UpstreamRuntime runtime) {
        return runtime.shared(SharedTls.class, SharedTls::new);
    }

    /** The settings for {@code trust}, which live for as long as anybody holds them. */
    synchronized TlsContexts contexts(Trust trust) {
        byBundle.values().removeIf(held -> held.get() == null);
        WeakReference<TlsContexts> held = byBundle.get(trust.bundle());
        TlsContexts contexts = held == null ? null : held.get();
        if (contexts == null) {
            contexts = new TlsContexts(trust, system);
            byBundle.put(trust.bundle(), new WeakReference<>(contexts));
        }
        return contexts;
    }
}
