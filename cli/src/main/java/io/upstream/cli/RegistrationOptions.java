// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.Registration;
import io.upstream.SasKey;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Who registers, and how that is proved: with a key, a group's key, or a certificate. */
final class RegistrationOptions {
    static final String VARIABLE = "UPSTREAM_PROVISIONING_KEY";

    @Option(
            names = "--id-scope",
            paramLabel = "S",
            required = true,
            description = "The id scope of the provisioning service, such as 0ne000A1B2C.")
    private String idScope = "";

    @Option(
            names = "--registration-id",
            paramLabel = "R",
            required = true,
            description = "By which the device is enrolled; under X.509 the common name of the certificate.")
    private String registrationId = "";

    @Option(
            names = "--key-file",
            paramLabel = "FILE",
            description = "A file that holds the device's key. Default: the environment variable " + VARIABLE + ".")
    private @Nullable Path keyFile;

    @Option(
            names = "--group-key-file",
            paramLabel = "FILE",
            description = "A file that holds the key of an enrolment group, from which the device's own is derived.")
    private @Nullable Path groupKeyFile;

    @Mixin
    private final CertificateOptions certificate = new CertificateOptions();

    @Option(
            names = "--payload",
            paramLabel = "JSON",
            description = "Something for the service's allocation function to read: one JSON value.")
    private @Nullable String payload;

    /** @throws IllegalArgumentException saying what is missing or contradicts itself; never with a secret in it */
    Registration resolve(Map<String, String> env) {
        Registration registration = Registration.of(idScope, registrationId, credentials(env));
        return payload == null ? registration : registration.payload(payload);
    }

    private Credentials credentials(Map<String, String> env) {
        Optional<ClientCertificate> shown = certificate.resolve();
        if (Stream.of(keyFile != null, groupKeyFile != null, shown.isPresent())
                        .filter(given -> given)
                        .count()
                > 1) {
            throw new IllegalArgumentException("--key-file, --group-key-file and --cert exclude each other");
        } else if (shown.isPresent()) {
            return shown.get();
        } else if (groupKeyFile != null) {
            return SasKey.derived(IdentityOptions.read("--group-key-file", groupKeyFile), registrationId);
        } else if (keyFile != null) {
            return SasKey.of(IdentityOptions.read("--key-file", keyFile));
        }
        String key = env.get(VARIABLE);
        if (key == null) {
            throw new IllegalArgumentException(
                    "the key is missing: give --key-file, --group-key-file or " + VARIABLE + ", or --cert and --key");
        }
        return SasKey.of(key);
    }
}
