// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.UpstreamException.Where;
import io.upstream.pem.KeyMatch;
import io.upstream.pem.KeyStoreFile;
import io.upstream.pem.PemFile;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A certificate and its private key, shown in the TLS handshake: X.509 as the hub knows it, by thumbprint or by an authority. Under AMQP
 * such an identity has a connection of its own.
 *
 * <p>Files are looked at again for each connection attempt, so a certificate is replaced by replacing its files. Keep one object for each certificate: connections that are made with the same object share TLS
 * settings and resume sessions, those made with another never do. Immutable; any thread.
 */
public final class ClientCertificate implements Credentials {
    /** The layer that failures here are blamed on. */
    private static final String STAGE = "certificate";

    private final List<Path> files;
    private final Source source;

    private ClientCertificate(List<Path> files, Source source) {
        this.files = List.copyOf(files);
        this.source = source;
    }

    private interface Source {
        Loaded load() throws IOException;
    }

    /**
     * What is shown and used in handshakes from now on.
     *
     * @param key any key of the Java platform; a secret, unless it is only the handle of one
     * @param chain the identity's own certificate first, then its issuers as far as they are known
     */
    public record Loaded(PrivateKey key, List<X509Certificate> chain) {
        public Loaded {
            Objects.requireNonNull(key, "key");
            chain = List.copyOf(chain);
            if (chain.isEmpty()) {
                throw new IllegalArgumentException("a client certificate needs at least one certificate");
            }
        }

        /** The identity's own certificate. */
        public X509Certificate leaf() {
            return chain.get(0);
        }

        /**
         * Checks that the certificate's time has come and is not over: the hub would close the connection without saying why.
         *
         * @throws UpstreamException of kind {@link FailureKind#TLS_EXPIRED}
         */
        public void requireValid(Instant now) throws UpstreamException {
            Instant begin = leaf().getNotBefore().toInstant();
            Instant end = leaf().getNotAfter().toInstant();
            if (now.isBefore(begin)) {
                throw expired("is valid only from " + begin + " on: check this machine's clock, which says " + now);
            } else if (now.isAfter(end)) {
                throw expired("ended at " + end + ": replace it, or correct this machine's clock, which says " + now);
            }
        }

        private UpstreamException expired(String how) {
            return UpstreamException.of(
                    FailureKind.TLS_EXPIRED, Where.here(STAGE), "the client certificate " + name(leaf()) + " " + how);
        }

        /** Without the key. */
        @Override
        public String toString() {
            return "Loaded[" + name(leaf()) + "]";
        }
    }

    /**
     * Of two PEM files, which may be the same one.
     *
     * @param certificateChain the identity's own certificate first, then its issuers if the hub does not know them
     * @param key RSA or EC, not encrypted: PKCS #8 ({@code PRIVATE KEY}), PKCS #1 ({@code RSA PRIVATE KEY}) or SEC 1 ({@code EC PRIVATE
     *     KEY})
     */
    public static ClientCertificate pem(Path certificateChain, Path key) {
        return ofPem(certificateChain, key, null);
    }

    /**
     * As {@link #pem(Path, Path)}, with a key that is encrypted: PKCS #8 ({@code ENCRYPTED PRIVATE KEY}) or OpenSSL's older way ({@code
     * DEK-Info}).
     *
     * @param password copied
     */
    public static ClientCertificate pem(Path certificateChain, Path key, char[] password) {
        return ofPem(certificateChain, key, password.clone());
    }

    private static ClientCertificate ofPem(Path certificateChain, Path key, char @Nullable [] password) {
        Path chainFile = certificateChain.toAbsolutePath();
        Path keyFile = key.toAbsolutePath();
        List<Path> files = chainFile.equals(keyFile) ? List.of(chainFile) : List.of(chainFile, keyFile);
        return new ClientCertificate(
                files,
                () -> new Loaded(
                        PemFile.read(keyFile).privateKey(password),
                        PemFile.read(chainFile).certificates()));
    }

    /**
     * Of a PKCS #12 file ({@code .p12}, {@code .pfx}) with one private key in it.
     *
     * @param password of the file and the key; copied
     */
    public static ClientCertificate pkcs12(Path file, char[] password) {
        Path absolute = file.toAbsolutePath();
        char[] secret = password.clone();
        return new ClientCertificate(List.of(absolute), () -> {
            KeyStoreFile store = KeyStoreFile.read(absolute, secret);
            return new Loaded(store.key(), store.chain());
        });
    }

    /**
     * Of objects of the Java platform, such as a key that lies in a chip and is used through PKCS #11.
     *
     * @param chain the identity's own certificate first
     * @throws IllegalArgumentException if there is no certificate
     */
    public static ClientCertificate of(PrivateKey key, X509Certificate... chain) {
        Loaded given = new Loaded(key, List.of(chain));
        return new ClientCertificate(List.of(), () -> given);
    }

    /** What is looked at again for each connection attempt; none for {@link #of}. */
    public List<Path> files() {
        return files;
    }

    /**
     * Reads the files, if there are any, and checks that key and certificate belong together. Blocks.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} that says what cannot be used and why
     */
    public Loaded load() throws UpstreamException {
        Loaded loaded;
        try {
            loaded = source.load();
        } catch (IOException e) {
            throw unusable(e.getMessage() + ": correct the file or what names it", e);
        }
        for (int i = 0; i < loaded.chain().size(); i++) {
            if (KeyMatch.arePair(loaded.key(), loaded.chain().get(i).getPublicKey())) {
                if (i > 0) {
                    throw unusable(
                            "the private key belongs to certificate " + (i + 1) + " of "
                                    + loaded.chain().size() + ": put "
                                    + name(loaded.chain().get(i)) + " first",
                            null);
                }
                return loaded;
            }
        }
        throw unusable(
                "the private key does not belong to " + name(loaded.leaf())
                        + ": give the key that this certificate was issued for",
                null);
    }

    private UpstreamException unusable(String why, @Nullable IOException cause) {
        return UpstreamException.of(
                FailureKind.CONFIGURATION, Where.here(STAGE), "the client certificate cannot be used: " + why, cause);
    }

    /** What tells a certificate from others: no secret, every peer is shown it. */
    private static String name(X509Certificate certificate) {
        return "'" + certificate.getSubjectX500Principal().getName().replaceAll("\\p{Cc}", "?") + "'";
    }

    @Override
    public String toString() {
        return files.stream().map(Path::toString).collect(Collectors.joining(", ", "ClientCertificate[", "]"));
    }
}
