// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.ClientCertificate;
import io.upstream.Trust;
import io.upstream.UpstreamRuntime;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;

/**
 * What the transports on one runtime share of TLS: the platform's roots, and one {@link TlsContexts} for all that believe the same
 * certificates, 45 KiB that each connection of its own would else cost. Whoever shows a certificate shares with those that show the same and with nobody else, so
 * that no session is resumed as somebody else. Keeps no settings that nobody uses any more. Thread-safe.
 */
final class SharedTls {
    private final SystemRoots system = new SystemRoots();
    private final Map<Optional<Path>, WeakReference<TlsContexts>> byBundle = new HashMap<>();

    /** A certificate is known by the object, and keeps what was made with it; {@link TlsContexts} must not keep the object. */
    private final Map<ClientCertificate, Map<Optional<Path>, TlsContexts>> byCertificate = new WeakHashMap<>();

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

    /** The settings for {@code trust} and a client that shows {@code certificate}, which live for as long as that object. */
    synchronized TlsContexts contexts(Trust trust, ClientCertificate certificate) {
        return byCertificate
                .computeIfAbsent(certificate, unused -> new HashMap<>())
                .computeIfAbsent(trust.bundle(), unused -> new TlsContexts(trust, system));
    }
}
