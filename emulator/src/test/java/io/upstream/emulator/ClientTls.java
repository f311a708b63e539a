// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.PemCertificates;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** TLS of a client that trusts one authority, with the JDK's own means. */
public final class ClientTls {
    private static final char[] NO_PASSWORD = {};

    private ClientTls() {}

    /** Trusts the first certificate of a file and shows none. */
    public static SSLContext trusting(Path bundle) throws IOException, GeneralSecurityException {
        return trusting(PemCertificates.read(bundle).get(0), null);
    }

    /**
     * A context of the JDK's default provider.
     *
     * @param own what the client shows, if anything
     */
    public static SSLContext trusting(X509Certificate authority, @Nullable ClientCertificate own)
            throws IOException, GeneralSecurityException {
        KeyStore trusted = empty();
        trusted.setCertificateEntry("ca", authority);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyStore keys = empty();
        if (own != null) {
            keys.setKeyEntry("own", own.key(), NO_PASSWORD, own.chain().toArray(Certificate[]::new));
        }
        KeyManagerFactory manager = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        manager.init(keys, NO_PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(manager.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore empty() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        return store;
    }
}
