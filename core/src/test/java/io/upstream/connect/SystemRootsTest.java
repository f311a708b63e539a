// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.Trust;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemRootsTest {
    private static final String STORE = "javax.net.ssl.trustStore";
    private static final String PASSWORD = "javax.net.ssl.trustStorePassword";

    private final SystemRoots system = new SystemRoots();

    @TempDir
    Path directory;

    @AfterEach
    void believeThePlatformAgain() {
        System.clearProperty(STORE);
        System.clearProperty(PASSWORD);
    }

    private static X509Bundle root(String name) throws Exception {
        return new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject(name)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    private void believe(X509Bundle... roots) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (X509Bundle root : roots) {
            store.setCertificateEntry("root-" + store.size(), root.getCertificate());
        }
        Path file = directory.resolve("roots.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "changeit".toCharArray());
        }
        System.setProperty(STORE, file.toString());
        System.setProperty(PASSWORD, "changeit");
    }

    @Test
    void parsesThePlatformsRootsOnce() throws Exception {
        assertFalse(system.current().isEmpty());
        assertSame(system.current(), system.current());
    }

    /** P23: the platform's roots. */
    @Test
    void believesAStoreThatIsReplaced() throws Exception {
        X509Bundle first = root("CN=First CA");
        X509Bundle second = root("CN=Second CA");
        TlsContexts contexts = new TlsContexts(Trust.system(), system);
        believe(first);
        assertEquals(List.of(first.getCertificate()), system.current());
        SslContext before = contexts.current();

        believe(second, first);
        assertEquals(2, system.current().size());
        assertNotSame(before, contexts.current());
    }
}
