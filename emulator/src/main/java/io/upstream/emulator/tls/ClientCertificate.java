// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/** A device's certificate with its key and its issuer. Immutable. */
public final class ClientCertificate {
    private final PrivateKey key;
    private final List<X509Certificate> chain;

    ClientCertificate(PrivateKey key, List<X509Certificate> chain) {
        this.key = key;
        this.chain = List.copyOf(chain);
    }

    /** Where a client finds both, in PEM. */
    public record Files(Path certificate, Path key) {}

    public PrivateKey key() {
        return key;
    }

    /** The device's certificate first, its issuer last. */
    public List<X509Certificate> chain() {
        return chain;
    }

    /**
     * Writes {@code NAME-cert.pem} with the chain and {@code NAME-key.pem}, readable by its owner only, in place of earlier ones.
     *
     * @throws IOException if the directory does not take them
     */
    public Files write(Path directory, String name) throws IOException {
        Path certificateFile = directory.resolve(name + "-cert.pem").toAbsolutePath();
        Path keyFile = directory.resolve(name + "-key.pem").toAbsolutePath();
        StringBuilder pem = new StringBuilder();
        chain.forEach(each -> pem.append(PemFiles.encode(each)));
        PemFiles.write(keyFile, PemFiles.encode(key), true);
        PemFiles.write(certificateFile, pem.toString(), false);
        return new Files(certificateFile, keyFile);
    }
}
