// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.ClientCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The certificate that proves who connects, in files. What is in them is looked at when a connection is made. */
final class CertificateOptions {
    @Option(
            names = "--cert",
            paramLabel = "PEM",
            description =
                    "The identity's certificate, its issuers behind it if the hub does not know them; goes with --key.")
    private @Nullable Path certificate;

    @Option(names = "--key", paramLabel = "PEM", description = "The certificate's private key; may be the same file.")
    private @Nullable Path key;

    @Option(
            names = "--key-password-file",
            paramLabel = "FILE",
            description = "A file that holds the password of an encrypted key; a line break at its end does not count.")
    private @Nullable Path passwordFile;

    boolean isGiven() {
        return certificate != null || key != null || passwordFile != null;
    }

    /** @throws IllegalArgumentException saying what is missing */
    Optional<ClientCertificate> resolve() {
        if (!isGiven()) {
            return Optional.empty();
        }
        if (certificate == null || key == null) {
            throw new IllegalArgumentException("--cert and --key go together");
        }
        requireReadable("--cert", certificate);
        requireReadable("--key", key);
        return Optional.of(
                passwordFile == null
                        ? ClientCertificate.pem(certificate, key)
                        : ClientCertificate.pem(
                                certificate,
                                key,
                                IdentityOptions.read("--key-password-file", passwordFile)
                                        .toCharArray()));
    }

    private static void requireReadable(String option, Path file) {
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException(option + ": cannot read the file " + file);
        }
    }
}
