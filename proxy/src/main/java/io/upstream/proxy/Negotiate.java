// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import javax.security.auth.Subject;
import org.jspecify.annotations.Nullable;

/**
 * Kerberos for a proxy that offers {@code Negotiate} (RFC 4559 with SPNEGO, RFC 4178), through the Java runtime's own Kerberos, which reads
 * {@code krb5.conf}. Never asks anybody for a password, never delegates, and never falls back to NTLM.
 *
 * <pre>{@code
 * try (Negotiate kerberos = Negotiate.withKeytab(Path.of("/etc/edge.keytab"), "edge/gw7@CORP.EXAMPLE")) {
 *     ProxyAuthentication answers = ProxyAuthentication.builder().authenticator(kerberos).build();
 * }
 * }</pre>
 *
 * <p>One object serves all connections: it holds the ticket, gets another when that one ends, and talks to the KDC on one thread of its
 * own, which ends when it has nothing to do. Thread-safe. The methods that are named for a setting return a copy that has it and shares
 * nothing; close the one that is used.
 */
public final class Negotiate implements ProxyAuthenticator, AutoCloseable {
    /** How long a proxy's challenge may take to answer, the KDC included. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private final TicketSource source;
    private final Terms terms;
    private final KerberosWorker worker;

    /** How the name of the proxy becomes the name that its ticket is for. */
    public enum Canonicalization {
        /** {@code HTTP/} and the name as configured. */
        NONE,
        /** As {@link #NONE}, with aliases (CNAME records) replaced by what they stand for. Never by the name of an address. */
        FORWARD
    }

    /** @param spn what the ticket is for, or null to derive it from the proxy's name */
    record Terms(@Nullable String spn, Canonicalization canonicalization, boolean requireMutual, Duration timeout) {}

    private Negotiate(TicketSource source, Terms terms) {
        this.source = source;
        this.terms = terms;
        this.worker = new KerberosWorker(source);
    }

    /**
     * Logs in with a key from a file.
     *
     * @param keytab readable for nobody else
     * @param principal {@code name@REALM}, or {@code name} in the default realm
     */
    public static Negotiate withKeytab(Path keytab, String principal) {
        Objects.requireNonNull(keytab, "keytab");
        Objects.requireNonNull(principal, "principal");
        return new Negotiate(new TicketSource.Keytab(keytab.toAbsolutePath(), principal), defaults());
    }

    /**
     * Takes the ticket that {@code kinit} or a daemon keeps fresh.
     *
     * @param cache a file; empty for the one of this process's user, that is {@code KRB5CCNAME} or {@code /tmp/krb5cc_UID}
     */
    public static Negotiate withTicketCache(Optional<Path> cache) {
        return new Negotiate(
                new TicketSource.Cache(cache.map(Path::toAbsolutePath).orElse(null)), defaults());
    }

    /** Takes the tickets of a subject that the application has logged in, and keeps logged in. */
    public static Negotiate withSubject(Subject subject) {
        return new Negotiate(new TicketSource.Given(Objects.requireNonNull(subject, "subject")), defaults());
    }

    private static Terms defaults() {
        return new Terms(null, Canonicalization.NONE, false, DEFAULT_TIMEOUT);
    }

    /**
     * The service principal that the proxy's ticket is for, such as {@code HTTP/proxy.corp.example@CORP.EXAMPLE}, in place of the one that
     * is derived from the proxy's name. Needed for a proxy that is configured by address.
     */
    public Negotiate spn(String principal) {
        Objects.requireNonNull(principal, "principal");
        return new Negotiate(source, new Terms(principal, terms.canonicalization, terms.requireMutual, terms.timeout));
    }

    /** How the proxy's name is made into a principal's; {@link Canonicalization#NONE} without. */
    public Negotiate canonicalize(Canonicalization canonicalization) {
        Objects.requireNonNull(canonicalization, "canonicalization");
        return new Negotiate(source, new Terms(terms.spn, canonicalization, terms.requireMutual, terms.timeout));
    }

    /**
     * Whether a proxy that lets us in must prove who it is. Without, a proof that is there is verified, and one that is missing is not
     * missed: many proxies send none.
     */
    public Negotiate requireMutual(boolean required) {
        return new Negotiate(source, new Terms(terms.spn, terms.canonicalization, required, terms.timeout));
    }

    /**
     * The limit for each answer to the proxy; {@link #DEFAULT_TIMEOUT} without.
     *
     * @throws IllegalArgumentException unless it is above zero
     */
    public Negotiate timeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("timeout must be above zero, was " + limit);
        }
        return new Negotiate(source, new Terms(terms.spn, terms.canonicalization, terms.requireMutual, limit));
    }

    @Override
    public String scheme() {
        return "Negotiate";
    }

    /** Whether each proxy is given a ticket of its own, which is of no use to another. */
    boolean suitsEveryProxy() {
        return terms.spn == null;
    }

    @Override
    public Conversation begin(TunnelRequest request) {
        return new NegotiateConversation(request, terms, worker);
    }

    /** Drops the ticket and answers no more challenges; conversations under way fail. Does not wait. Idempotent. */
    @Override
    public void close() {
        worker.close();
    }

    @Override
    public String toString() {
        return "Negotiate[" + source + "]";
    }
}
