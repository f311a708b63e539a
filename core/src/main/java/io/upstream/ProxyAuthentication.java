// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How to answer a proxy that asks who we are: with a user name and password, given or asked for, by the schemes allowed; or with
 * authenticators for other schemes. Of what the proxy offers the strongest is taken, authenticators first. Immutable and thread-safe; prints
 * no secret.
 */
public final class ProxyAuthentication {
    /** The password schemes that are allowed unless others are: Digest and Basic. NTLM can be relayed by whoever reads it. */
    public static final Set<String> DEFAULT_SCHEMES = Set.of("digest", "basic");

    /** Nobody has given credentials: a proxy that asks for some refuses us. */
    public static final ProxyAuthentication NONE = builder().build();

    private static final Set<String> PASSWORD_SCHEMES = Set.of("digest", "basic", "ntlm");

    /** How well a way to prove a password protects it, weakest first. */
    public enum Strength {
        /** In clear. */
        BASIC,
        /** Digest with MD5. */
        DIGEST_MD5,
        /** NTLM, version 2. */
        NTLM,
        /** Digest with SHA-256. */
        DIGEST_SHA_256,
        /** Digest with SHA-512/256. */
        DIGEST_SHA_512_256
    }

    private final @Nullable UserPassword userPassword;
    private final @Nullable ProxyCredentialsProvider provider;
    private final List<ProxyAuthenticator> authenticators;
    private final Set<String> schemes;
    private final Strength minimum;
    private final boolean basicOverPlaintext;
    private final boolean basicUnasked;
    private final boolean legacyNtlm;

    private ProxyAuthentication(Builder from) {
        userPassword = from.userPassword;
        provider = from.provider;
        authenticators = List.copyOf(from.authenticators);
        schemes = Set.copyOf(from.schemes);
        minimum = from.minimum;
        basicOverPlaintext = from.basicOverPlaintext;
        basicUnasked = from.basicUnasked;
        legacyNtlm = from.legacyNtlm;
    }

    /** The same user name and password for as long as the process runs. */
    public static ProxyAuthentication of(UserPassword userPassword) {
        return builder().userPassword(userPassword).build();
    }

    /** Credentials that are asked for when the proxy asks. */
    public static ProxyAuthentication of(ProxyCredentialsProvider provider) {
        return builder().provider(provider).build();
    }

    /** Starts from {@link #NONE}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts from this. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.userPassword = userPassword;
        builder.provider = provider;
        builder.authenticators.addAll(authenticators);
        builder.schemes = schemes;
        builder.minimum = minimum;
        builder.basicOverPlaintext = basicOverPlaintext;
        builder.basicUnasked = basicUnasked;
        builder.legacyNtlm = legacyNtlm;
        return builder;
    }

    /** What was given as user name and password, or null. */
    public @Nullable UserPassword userPassword() {
        return userPassword;
    }

    /** Who is asked for a user name and password, or null. */
    public @Nullable ProxyCredentialsProvider provider() {
        return provider;
    }

    /** For schemes other than those of a user name and password, in order of preference. */
    public List<ProxyAuthenticator> authenticators() {
        return authenticators;
    }

    /** Whether a user name and password may be proved by the scheme of that name. */
    public boolean allows(String scheme) {
        return schemes.contains(scheme.toLowerCase(Locale.ROOT));
    }

    /** What protects a password less than this is not used. */
    public Strength minimum() {
        return minimum;
    }

    /** Whether a password may go out in clear over a connection that is not under TLS. */
    public boolean allowsBasicOverPlaintext() {
        return basicOverPlaintext;
    }

    /** Whether Basic credentials go out before the proxy asks. */
    public boolean sendsBasicUnasked() {
        return basicUnasked;
    }

    /** Whether NTLM is spoken with proxies, too, whose NTLM is older than Windows 2000. */
    public boolean allowsLegacyNtlm() {
        return legacyNtlm;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ProxyAuthentication that
                && Objects.equals(userPassword, that.userPassword)
                && Objects.equals(provider, that.provider)
                && authenticators.equals(that.authenticators)
                && schemes.equals(that.schemes)
                && minimum == that.minimum
                && basicOverPlaintext == that.basicOverPlaintext
                && basicUnasked == that.basicUnasked
                && legacyNtlm == that.legacyNtlm;
    }

    @Override
    public int hashCode() {
        return Objects.hash(userPassword, provider, authenticators);
    }

    @Override
    public String toString() {
        List<String> ways = new ArrayList<>();
        authenticators.forEach(authenticator -> ways.add(authenticator.scheme()));
        if (userPassword != null) {
            ways.add("user name and password");
        } else if (provider != null) {
            ways.add("a provider of credentials");
        }
        return ways.isEmpty() ? "no credentials" : String.join(", ", ways);
    }

    /** Collects choices; not thread-safe. */
    public static final class Builder {
        private @Nullable UserPassword userPassword;
        private @Nullable ProxyCredentialsProvider provider;
        private final List<ProxyAuthenticator> authenticators = new ArrayList<>();
        private Set<String> schemes = DEFAULT_SCHEMES;
        private Strength minimum = Strength.BASIC;
        private boolean basicOverPlaintext = true;
        private boolean basicUnasked;
        private boolean legacyNtlm;

        private Builder() {}

        /** The same user name and password for as long as the process runs, instead of a provider. */
        public Builder userPassword(UserPassword userPassword) {
            this.userPassword = Objects.requireNonNull(userPassword, "userPassword");
            this.provider = null;
            return this;
        }

        /** Credentials that are asked for when the proxy asks, instead of given ones. */
        public Builder provider(ProxyCredentialsProvider provider) {
            this.provider = Objects.requireNonNull(provider, "provider");
            this.userPassword = null;
            return this;
        }

        /** Adds a scheme that needs no user name and password of ours, preferred to those that do, and to those added later. */
        public Builder authenticator(ProxyAuthenticator authenticator) {
            authenticators.add(Objects.requireNonNull(authenticator, "authenticator"));
            return this;
        }

        /**
         * Which schemes may prove a user name and password: {@code Digest}, {@code Basic}, {@code NTLM}; default is Digest and Basic.
         *
         * @throws IllegalArgumentException for another name
         */
        public Builder schemes(String... names) {
            Set<String> chosen = new LinkedHashSet<>();
            for (String name : names) {
                String known = name.toLowerCase(Locale.ROOT);
                if (!PASSWORD_SCHEMES.contains(known)) {
                    throw new IllegalArgumentException(
                            "a user name and password are proved by Digest, Basic or NTLM, not by '" + name + "'");
                }
                chosen.add(known);
            }
            schemes = Set.copyOf(chosen);
            return this;
        }

        /** What protects a password less than this is not used; default is {@link Strength#BASIC}. */
        public Builder minimum(Strength minimum) {
            this.minimum = Objects.requireNonNull(minimum, "minimum");
            return this;
        }

        /**
         * Whether Basic may be spoken to a proxy that is not under TLS, where whoever reads the connection reads the password; default is
         * true, with one warning in the log, because most proxies know nothing else.
         */
        public Builder allowBasicOverPlaintext(boolean allow) {
            basicOverPlaintext = allow;
            return this;
        }

        /**
         * Whether the first request to a proxy that is not known yet carries Basic credentials already; default is false. It saves a round
         * trip, and shows the password also to a proxy that would have been content with less.
         */
        public Builder basicUnasked(boolean unasked) {
            basicUnasked = unasked;
            return this;
        }

        /**
         * Whether NTLM, where {@link #schemes} allows it, is also spoken with a proxy that does not describe itself or knows no extended
         * session security, as all have since Windows 2000; default is false. Our answer is of version 2 all the same, but nothing binds it
         * to this proxy: whoever reads or makes up the challenge can log in elsewhere with the answer. Only for a proxy that cannot be
         * updated, on a network that nobody else can reach.
         */
        public Builder allowLegacyNtlm(boolean allow) {
            legacyNtlm = allow;
            return this;
        }

        public ProxyAuthentication build() {
            return new ProxyAuthentication(this);
        }
    }
}
