// SPDX-License-Identifier: Apache-2.0
package io.upstream.pem;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.jspecify.annotations.Nullable;

/** The blocks of one PEM file, in order; text between them does not count. Read at once, kept nowhere. */
public final class PemFile {
    static final long MAX_BYTES = 1L << 20;

    private final Path file;
    private final List<PemObject> blocks;

    private PemFile(Path file, List<PemObject> blocks) {
        this.file = file;
        this.blocks = blocks;
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it is not there, may not be read, is larger than 1 MiB or no PEM
     */
    public static PemFile read(Path file) throws IOException {
        return of(file, bytes(file));
    }

    /** What stands in a file of that name. */
    static PemFile of(Path file, byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        List<PemObject> blocks = new ArrayList<>();
        try (PemReader reader = new PemReader(new StringReader(text))) {
            for (PemObject block = reader.readPemObject(); block != null; block = reader.readPemObject()) {
                blocks.add(block);
            }
        } catch (IOException | RuntimeException e) {
            throw new IOException(file + " is no PEM, or damaged", e);
        }
        if (blocks.isEmpty()) {
            throw new IOException(file + " is no PEM: nothing in it begins with -----BEGIN");
        }
        return new PemFile(file, blocks);
    }

    static byte[] bytes(Path file) throws IOException {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException(file + " is larger than " + MAX_BYTES + " bytes");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        } catch (AccessDeniedException e) {
            throw new IOException(file + " may not be read by this process", e);
        }
    }

    /**
     * All certificates, in the file's order.
     *
     * @throws IOException if there is none, or one cannot be read
     */
    public List<X509Certificate> certificates() throws IOException {
        List<X509Certificate> found = new ArrayList<>();
        for (PemObject block : blocks) {
            if (block.getType().equals("CERTIFICATE") || block.getType().equals("X509 CERTIFICATE")) {
                found.add(certificate(block));
            }
        }
        if (found.isEmpty()) {
            throw new IOException(file + " has no certificate in it, only " + types());
        }
        return found;
    }

    private X509Certificate certificate(PemObject block) throws IOException {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(block.getContent()));
        } catch (CertificateException e) {
            throw new IOException(file + " has a certificate in it that cannot be read", e);
        }
    }

    /**
     * The one private key.
     *
     * @param password for an encrypted one, else of no effect
     * @throws IOException if there is none or more than one, or it cannot be read or decrypted
     */
    public PrivateKey privateKey(char @Nullable [] password) throws IOException {
        PemObject found = null;
        for (PemObject block : blocks) {
            if (block.getType().endsWith("PRIVATE KEY")) {
                if (found != null) {
                    throw new IOException(file + " has more than one private key in it");
                }
                found = block;
            }
        }
        if (found == null) {
            throw new IOException(file + " has no private key in it, only " + types());
        }
        return new PemKey(file, blocks).decode(found, password);
    }

    /** What is there instead of what was looked for: a label of PEM is no secret. */
    private String types() {
        return String.join(
                ", ", blocks.stream().map(PemObject::getType).distinct().toList());
    }
}
