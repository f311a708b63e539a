// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.tls;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.util.io.pem.PemObject;
import org.jspecify.annotations.Nullable;

/** Reads and writes PEM (RFC 7468). */
final class PemFiles {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private PemFiles() {}

    static String encode(X509Certificate certificate) {
        return encode((Object) certificate);
    }

    /** As PKCS#8, which every reader of EC keys takes. */
    static String encode(PrivateKey key) {
        return encode(new PemObject("PRIVATE KEY", key.getEncoded()));
    }

    private static String encode(Object object) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        } catch (IOException e) {
            throw new IllegalStateException("a certificate or key has no encoding", e);
        }
        return text.toString();
    }

    /** Writes beside the file and moves into place, so that nobody reads half of it. */
    static void write(Path file, String pem, boolean secret) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Path beside = Files.createTempFile(directory, file.getFileName().toString(), ".tmp");
        try {
            boolean posix = Files.getFileStore(beside).supportsFileAttributeView("posix");
            if (posix && !secret) {
                // Temporary files are private; a certificate is for everyone.
                Files.setPosixFilePermissions(
                        beside,
                        Set.of(
                                PosixFilePermission.OWNER_READ,
                                PosixFilePermission.OWNER_WRITE,
                                PosixFilePermission.GROUP_READ,
                                PosixFilePermission.OTHERS_READ));
            } else if (posix) {
                Files.setPosixFilePermissions(beside, OWNER_ONLY);
            }
            Files.writeString(beside, pem, StandardCharsets.US_ASCII);
            Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    static X509Certificate readCertificate(Path file) throws IOException {
        if (read(file) instanceof X509CertificateHolder holder) {
            try {
                return new JcaX509CertificateConverter().getCertificate(holder);
            } catch (CertificateException e) {
                throw new IOException(file + " holds a certificate that cannot be read", e);
            }
        }
        throw new IOException(file + " holds no certificate");
    }

    static PrivateKey readPrivateKey(Path file) throws IOException {
        Object object = read(file);
        PrivateKeyInfo info = object instanceof PEMKeyPair pair ? pair.getPrivateKeyInfo() : null;
        if (object instanceof PrivateKeyInfo plain) {
            info = plain;
        }
        if (info == null) {
            throw new IOException(file + " holds no unencrypted private key");
        }
        return new JcaPEMKeyConverter().getPrivateKey(info);
    }

    private static @Nullable Object read(Path file) throws IOException {
        try (PEMParser parser = new PEMParser(Files.newBufferedReader(file, StandardCharsets.US_ASCII))) {
            return parser.readObject();
        }
    }
}
