// SPDX-License-Identifier: Apache-2.0
package io.upstream.pem;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a PKCS #12 file (RFC 7292) is read for: one private key and the certificates that belong to it.
 *
 * @param chain the key's own certificate first
 */
public record KeyStoreFile(PrivateKey key, List<X509Certificate> chain) {
    public KeyStoreFile {
        chain = List.copyOf(chain);
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it is not there, may not be read, does not open with the password, or has not exactly one private key in it
     */
    public static KeyStoreFile read(Path file, char[] password) throws IOException {
        KeyStore store = open(file, password);
        try {
            KeyStoreFile found = null;
            for (String alias : Collections.list(store.aliases())) {
                if (store.getKey(alias, password) instanceof PrivateKey key) {
                    if (found != null) {
                        throw new IOException(file + " has more than one private key in it");
                    }
                    found = new KeyStoreFile(key, chain(file, store.getCertificateChain(alias)));
                }
            }
            if (found == null) {
                throw new IOException(file + " has no private key in it");
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " has a private key in it that this password does not open", e);
        }
    }

    private static KeyStore open(Path file, char[] password) throws IOException {
        byte[] bytes = PemFile.bytes(file);
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(bytes), password);
            return store;
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            throw new IOException(file + " is no PKCS #12 file, or its password is another one", e);
        }
    }

    private static List<X509Certificate> chain(Path file, Certificate[] certificates) throws IOException {
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate each : certificates == null ? new Certificate[0] : certificates) {
            if (each instanceof X509Certificate certificate) {
                chain.add(certificate);
            }
        }
        if (chain.isEmpty()) {
            throw new IOException(file + " has no certificate in it that belongs to its private key");
        }
        return chain;
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "KeyStoreFile[" + chain.size() + " certificates]";
    }
}
