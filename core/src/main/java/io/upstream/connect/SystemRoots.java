// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The roots that the Java platform believes, some 140, parsed when they are first asked for and again when their file has changed: a
 * site's store is replaced under programs that run for months. Thread-safe; blocks on the file.
 *
 * <p>The file is the one that the platform takes: {@code javax.net.ssl.trustStore}, else {@code jssecacerts}, else {@code cacerts} (JSSE
 * Reference Guide, "The Trust Store"). Where it is no file, the roots are those of the first time.
 */
final class SystemRoots {
    private @Nullable Parsed latest;

    private record Parsed(Optional<FileStamp> stamp, List<X509Certificate> roots) {}

    /** The roots to use now: the same list for as long as its file is the same. */
    synchronized List<X509Certificate> current() throws IOException, GeneralSecurityException {
        Optional<FileStamp> stamp = stamp();
        if (latest == null || !latest.stamp().equals(stamp)) {
            latest = new Parsed(stamp, List.of(manager(null).getAcceptedIssuers()));
        }
        return latest.roots();
    }

    private static Optional<FileStamp> stamp() throws IOException {
        Path file = file();
        return Files.isRegularFile(file) ? Optional.of(FileStamp.of(file)) : Optional.empty();
    }

    private static Path file() {
        String chosen = System.getProperty("javax.net.ssl.trustStore", "");
        if (!chosen.isEmpty()) {
            return Path.of(chosen);
        }
        Path security = Path.of(System.getProperty("java.home"), "lib", "security");
        Path own = security.resolve("jssecacerts");
        return Files.exists(own) ? own : security.resolve("cacerts");
    }

    /** Who judges by {@code roots}, or by the platform's own if there are none. */
    static X509TrustManager manager(@Nullable KeyStore roots) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(roots);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return x509;
            }
        }
        throw new GeneralSecurityException("this platform has no X.509 trust manager");
    }
}
