// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.Anonymous;
import io.upstream.ClientCertificate;
import io.upstream.ConnectionString;
import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.UserPassword;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Who connects, and how that is proved: a connection string or a certificate for a hub, or SASL for any other broker. */
final class IdentityOptions {
    static final String VARIABLE = "UPSTREAM_CONNECTION_STRING";

    private static final long MAX_SECRET_BYTES = 64 << 10;

    enum Sasl {
        PLAIN,
        ANONYMOUS
    }

    @Option(
            names = "--connection-string",
            paramLabel = "CS",
            description =
                    "The identity's connection string. Others can read it in the list of processes: better the file, or the"
                            + " environment variable " + VARIABLE + ".")
    private @Nullable String text;

    @Option(
            names = "--connection-string-file",
            paramLabel = "FILE",
            description = "A file that holds the connection string.")
    private @Nullable Path file;

    @Option(
            names = "--hub",
            paramLabel = "HOST",
            description = "The host to connect to; overrides HostName of a connection string.")
    private @Nullable String hub;

    @Option(
            names = "--device",
            paramLabel = "ID",
            description =
                    "The identity, in place of a connection string: with --cert, or at a broker that is no IoT Hub.")
    private @Nullable String device;

    @Option(
            names = "--sasl",
            paramLabel = "plain|anonymous",
            description = "For a broker that is no IoT Hub: how to log in.")
    private @Nullable Sasl sasl;

    @Option(names = "--username", paramLabel = "U", description = "User name for --sasl plain.")
    private @Nullable String username;

    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            description = "A file that holds the password for --sasl plain; a line break at its end does not count.")
    private @Nullable Path passwordFile;

    @Mixin
    private final CertificateOptions certificate = new CertificateOptions();

    /**
     * The three facts.
     *
     * @param gatewayHost where to connect instead of the hub, or null
     */
    record Who(String hubHost, @Nullable String gatewayHost, Identity identity, Credentials credentials) {}

    /** Whether anything says who connects. */
    boolean isGiven(Map<String, String> env) {
        return text != null
                || file != null
                || sasl != null
                || device != null
                || certificate.isGiven()
                || env.containsKey(VARIABLE);
    }

    /** @throws IllegalArgumentException saying what is missing or contradicts itself; never with a secret in it */
    Who resolve(Map<String, String> env) {
        if (text != null && file != null) {
            throw new IllegalArgumentException("--connection-string and --connection-string-file exclude each other");
        }
        Optional<ClientCertificate> shown = certificate.resolve();
        if (sasl != null || username != null || passwordFile != null || device != null) {
            return withoutString(shown);
        }
        String string = text != null ? text : file != null ? read("--connection-string-file", file) : env.get(VARIABLE);
        if (string == null) {
            throw new IllegalArgumentException("who connects is missing: give --connection-string-file or " + VARIABLE
                    + ", or --hub and --device with --cert and --key,"
                    + " or with --sasl for a broker that is no IoT Hub");
        }
        ConnectionString parsed =
                shown.isPresent() ? ConnectionString.parse(string, shown.get()) : ConnectionString.parse(string);
        return new Who(
                hub != null ? hub : parsed.hubHost(), parsed.gatewayHost(), parsed.identity(), parsed.credentials());
    }

    private Who withoutString(Optional<ClientCertificate> shown) {
        if (text != null || file != null) {
            throw new IllegalArgumentException(
                    "a connection string excludes --device, --sasl, --username and --password-file");
        } else if (hub == null || device == null || (sasl == null) == shown.isEmpty()) {
            throw new IllegalArgumentException(
                    "without a connection string, --hub and --device go together with either --cert or --sasl");
        } else if (sasl == null && (username != null || passwordFile != null)) {
            throw new IllegalArgumentException("--cert takes no --username and no --password-file");
        }
        Identity identity = Identity.device(device);
        return sasl == null
                ? new Who(hub, null, identity, shown.orElseThrow())
                : new Who(hub, null, identity, credentials(sasl));
    }

    private Credentials credentials(Sasl mechanism) {
        if (mechanism == Sasl.ANONYMOUS) {
            if (username != null || passwordFile != null) {
                throw new IllegalArgumentException("--sasl anonymous takes no --username and no --password-file");
            }
            return new Anonymous();
        }
        if (username == null || passwordFile == null) {
            throw new IllegalArgumentException("--sasl plain needs --username and --password-file");
        }
        return new UserPassword(username, read("--password-file", passwordFile));
    }

    static String read(String option, Path path) {
        try {
            if (Files.size(path) > MAX_SECRET_BYTES) {
                throw new IllegalArgumentException(option + ": " + path + " is too large for a secret");
            }
            return Files.readString(path).replaceFirst("\\R\\z", "");
        } catch (IOException e) {
            throw new IllegalArgumentException(option + ": cannot read " + path + " as UTF-8 text");
        }
    }
}
