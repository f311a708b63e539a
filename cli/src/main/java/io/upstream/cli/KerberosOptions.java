// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.proxy.Negotiate;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Kerberos for a proxy that wants it: by a key in a file, or by a ticket that somebody keeps fresh. */
final class KerberosOptions {
    @Option(
            names = "--proxy-keytab",
            paramLabel = "FILE",
            description = "A Kerberos key for a proxy that offers Negotiate; goes with --proxy-principal.")
    private @Nullable Path keytab;

    @Option(names = "--proxy-principal", paramLabel = "NAME@REALM", description = "Whose key that is.")
    private @Nullable String principal;

    @Option(
            names = "--proxy-ticket-cache",
            paramLabel = "FILE",
            arity = "0..1",
            fallbackValue = "",
            description = "The Kerberos ticket in this file in place of a key, without FILE that of the user.")
    private @Nullable String ticketCache;

    boolean isGiven() {
        return keytab != null || principal != null || ticketCache != null;
    }

    /** @throws IllegalArgumentException saying what is missing or contradicts itself */
    Optional<Negotiate> resolve() {
        if ((keytab == null) != (principal == null)) {
            throw new IllegalArgumentException("--proxy-keytab and --proxy-principal go together");
        }
        if (keytab != null && principal != null) {
            if (ticketCache != null) {
                throw new IllegalArgumentException("--proxy-keytab and --proxy-ticket-cache exclude each other");
            }
            return Optional.of(Negotiate.withKeytab(ProxyOptions.readable("--proxy-keytab", keytab), principal));
        }
        return Optional.ofNullable(ticketCache).map(KerberosOptions::ofCache);
    }

    private static Negotiate ofCache(String file) {
        return Negotiate.withTicketCache(
                file.isEmpty()
                        ? Optional.empty()
                        : Optional.of(ProxyOptions.readable("--proxy-ticket-cache", Path.of(file))));
    }
}
