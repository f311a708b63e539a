// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The TLS settings for one {@link Trust} and at most one {@link ClientCertificate}: TLS 1.2 with ECDHE and an AEAD cipher, or TLS 1.3, and
 * nothing else. Made again when a file of the trust bundle, of the platform's roots or of the certificate has changed. Thread-safe; blocks
 * on these files.
 *
 * <p>Connections to the same host and port resume the session of an earlier one (RFC 8446 §2.2, RFC 5246 §7.3), which saves the
 * certificates and the signature. What was verified then is believed for an hour: after that, and at once after a change of the
 * files, every session is forgotten and the next handshake is a full one.
 */
final class TlsContexts {
    /** The hub dropped everything else; all seven have forward secrecy and authenticated encryption. */
    static final List<String> CIPHERS = List.of(
            "TLS_AES_256_GCM_SHA384",
            "TLS_AES_128_GCM_SHA256",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");

    /** How long a verified certificate stands for connections that do not show it again. */
    static final Duration RESUMABLE = Duration.ofHours(1);

    /** Each is good for one TLS 1.3 handshake, which gives one or two new ones. */
    static final int SESSIONS = 256;

    private static final long MAX_BUNDLE_BYTES = 4L << 20;

    private final Trust trust;
    private final SystemRoots system;
    private final SslProvider provider;
    private final LongSupplier nanoClock;
    private @Nullable Made latest;
    private long verifiedSince;

    /** On BoringSSL where its native library is there, else on the JDK's own TLS. */
    TlsContexts(Trust trust, SystemRoots system) {
        this(trust, system, OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK, System::nanoTime);
    }

    TlsContexts(Trust trust, SystemRoots system, SslProvider provider, LongSupplier nanoClock) {
        this.trust = trust;
        this.system = system;
        this.provider = provider;
        this.nanoClock = nanoClock;
    }

    /** A context and what it was made from. */
    private record Made(
            Optional<FileStamp> bundle,
            List<X509Certificate> roots,
            List<FileStamp> shownFrom,
            ClientCertificate.@Nullable Loaded shown,
            SslContext context) {
        boolean isFrom(Optional<FileStamp> bundleNow, List<X509Certificate> rootsNow, List<FileStamp> shownFromNow) {
            return bundle.equals(bundleNow) && roots == rootsNow && shownFrom.equals(shownFromNow);
        }
    }

    /**
     * The settings to use for a connection made now.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if the trust bundle cannot be read or holds no certificate
     */
    SslContext current() throws UpstreamException {
        return current(null);
    }

    /**
     * As {@link #current()}, for a client that shows {@code certificate}: the same one in all calls.
     *
     * @throws UpstreamException also of kind {@link FailureKind#CONFIGURATION} or {@link FailureKind#TLS_EXPIRED} if the certificate cannot be
     *     used, or not now
     */
    synchronized SslContext current(@Nullable ClientCertificate certificate) throws UpstreamException {
        List<FileStamp> shownFrom = certificate == null ? List.of() : FileStamp.ofAll(certificate.files());
        ClientCertificate.Loaded shown = null;
        if (certificate != null) {
            Made before = latest;
            shown = before != null && before.shownFrom().equals(shownFrom) ? before.shown() : certificate.load();
        }
        if (shown != null) {
            shown.requireValid(Instant.now());
        }
        return current(shownFrom, shown);
    }

    private SslContext current(List<FileStamp> shownFrom, ClientCertificate.@Nullable Loaded shown)
            throws UpstreamException {
        try {
            Optional<FileStamp> bundle = trust.bundle().isPresent()
                    ? Optional.of(FileStamp.of(trust.bundle().get()))
                    : Optional.empty();
            List<X509Certificate> roots = system.current();
            long now = nanoClock.getAsLong();
            if (latest == null || !latest.isFrom(bundle, roots, shownFrom)) {
                latest = new Made(bundle, roots, shownFrom, shown, make(roots, shown));
                verifiedSince = now;
            } else if (now - verifiedSince >= RESUMABLE.toNanos()) {
                forget(latest.context().sessionContext());
                verifiedSince = now;
            }
            return latest.context();
        } catch (IOException | GeneralSecurityException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("trust"),
                    "the trust bundle " + trust.bundle().map(Path::toString).orElse("of the system")
                            + " cannot be used (" + Failures.printable(String.valueOf(e.getMessage()))
                            + "): it must be a readable PEM file with at least one certificate",
                    e);
        }
    }

    private static void forget(SSLSessionContext sessions) {
        for (byte[] id : Collections.list(sessions.getIds())) {
            SSLSession session = sessions.getSession(id);
            if (session != null) {
                session.invalidate();
            }
        }
    }

    private SslContext make(List<X509Certificate> roots, ClientCertificate.@Nullable Loaded shown)
            throws IOException, GeneralSecurityException {
        SslContextBuilder builder = SslContextBuilder.forClient();
        if (shown != null) {
            builder.keyManager(new ShownCertificate(shown));
        }
        return builder.sslProvider(shown == null || ShownCertificate.suitsBoringSsl(shown) ? provider : SslProvider.JDK)
                .protocols("TLSv1.3", "TLSv1.2")
                .ciphers(CIPHERS)
                .endpointIdentificationAlgorithm("HTTPS")
                .trustManager(trustManager(roots))
                .sessionCacheSize(SESSIONS)
                .sessionTimeout(RESUMABLE.toSeconds())
                .build();
    }

    /** One set of roots, so that one manager gives one verdict and one error. */
    private TrustManager trustManager(List<X509Certificate> system) throws IOException, GeneralSecurityException {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        int count = 0;
        for (X509Certificate root : system) {
            roots.setCertificateEntry("system-" + count++, root);
        }
        if (trust.bundle().isPresent()) {
            for (Certificate root : readBundle(trust.bundle().get())) {
                roots.setCertificateEntry("bundle-" + count++, root);
            }
        }
        X509TrustManager judge = SystemRoots.manager(roots);
        return judge instanceof X509ExtendedTrustManager extended ? new CertificateJudge(extended) : judge;
    }

    private static Collection<? extends Certificate> readBundle(Path file)
            throws IOException, GeneralSecurityException {
        if (Files.size(file) > MAX_BUNDLE_BYTES) {
            throw new IOException("larger than " + MAX_BUNDLE_BYTES + " bytes");
        }
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (certificates.isEmpty()) {
                throw new IOException("no certificate in it");
            }
            return certificates;
        }
    }
}
