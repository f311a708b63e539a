// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.upstream.Trust;
import io.upstream.UpstreamRuntime;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedTlsTest {
    private static final Path BUNDLE = Path.of("site-ca.pem");

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @AfterEach
    void close() {
        runtime.close();
    }

    private TlsContexts contexts(Trust trust) {
        return SharedTls.on(runtime).contexts(trust);
    }

    @Test
    void givesTheSameSettingsToAllThatTrustTheSameFileOnOneRuntime() {
        TlsContexts first = contexts(Trust.systemAnd(BUNDLE));

        assertSame(first, contexts(Trust.systemAnd(BUNDLE.toAbsolutePath())));
        assertNotSame(first, contexts(Trust.systemAnd(Path.of("other.pem"))));
        assertNotSame(first, contexts(Trust.system()));
        try (UpstreamRuntime other = UpstreamRuntime.builder().threads(1).build()) {
            assertNotSame(first, SharedTls.on(other).contexts(Trust.systemAnd(BUNDLE)));
        }
    }

    @Test
    void keepsNoSettingsThatNobodyUses() {
        WeakReference<TlsContexts> kept = new WeakReference<>(contexts(Trust.systemAnd(BUNDLE)));
        for (int i = 0; i < 100 && kept.get() != null; i++) {
            System.gc();
            Thread.onSpinWait();
        }
        assertNull(kept.get());
    }
}
