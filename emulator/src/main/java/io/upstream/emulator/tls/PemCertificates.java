// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

/** Reads the certificates of PEM (RFC 7468), one behind the other. */
public final class PemCertificates {
    private PemCertificates() {}

    /**
     * Reads a text.
     *
     * @throws CertificateException if there is no certificate in it, or something else
     */
    public static List<X509Certificate> parse(byte[] pem) throws CertificateException {
        List<X509Certificate> found =
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)).stream()
                        .map(X509Certificate.class::cast)
                        .toList();
        if (found.isEmpty()) {
            throw new CertificateException("there is no certificate in it");
        }
        return found;
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read or holds no certificate; the message names it
     */
    public static List<X509Certificate> read(Path file) throws IOException {
        try {
            return parse(Files.readAllBytes(file));
        } catch (CertificateException e) {
            throw new IOException(file + " does not hold certificates in PEM: " + e.getMessage(), e);
        }
    }
}
