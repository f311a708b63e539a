// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthentication.Strength;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyKind;
import io.upstream.UserPassword;
import io.upstream.proxy.ProxyMemory.Accepted;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which of the offered challenges is answered: of those that the configuration allows the strongest, authenticators before passwords, and
 * among equals the proxy's first. What has led nowhere is not taken again, and once something stronger has failed, Basic is not taken any more:
 * whoever sits on the way could else ask for the password in clear. Nor is a password shown in a way that protects it less than what the proxy
 * took before. Confined to the event loop.
 */
final class SchemeChoice {
    private static final int AUTHENTICATOR = 100;

    private final TunnelRequest request;
    private final ProxyAuthentication authentication;
    private final List<PasswordScheme> passwordSchemes;
    private final boolean hasPassword;
    private final Optional<Accepted> before;
    private final Set<String> exhausted = new HashSet<>();
    private int strongestFailed;

    /**
     * One challenge that can be answered.
     *
     * @param authenticator null if it takes a user name and password
     * @param password null if it takes none
     */
    record Option(
            ProxyChallenge challenge,
            int strength,
            @Nullable ProxyAuthenticator authenticator,
            @Nullable PasswordScheme password) {

        boolean takesPassword() {
            return password != null;
        }

        String realm() {
            return challenge.parameters().getOrDefault("realm", "");
        }

        /** For a scheme that takes no user name and password. */
        Conversation begin(TunnelRequest request) {
            if (authenticator == null) {
                throw new IllegalStateException(challenge.scheme() + " takes a user name and password");
            }
            return authenticator.begin(request);
        }

        /** For a scheme that takes them. */
        Conversation begin(TunnelRequest request, UserPassword credentials) {
            if (password == null) {
                throw new IllegalStateException(challenge.scheme() + " takes no user name and password");
            }
            return password.begin(request, credentials);
        }
    }

    /** @param before the best that the proxy took before */
    SchemeChoice(
            TunnelRequest request,
            List<PasswordScheme> passwordSchemes,
            boolean hasPassword,
            Optional<Accepted> before) {
        this.request = request;
        this.authentication = request.proxy().authentication();
        this.passwordSchemes = passwordSchemes;
        this.hasPassword = hasPassword;
        this.before = before.filter(what -> isAllowed(what.scheme()));
    }

    /** Whoever allows less than what was taken before, means it. */
    private boolean isAllowed(String scheme) {
        return authentication.allows(scheme)
                || authentication.authenticators().stream()
                        .anyMatch(authenticator -> authenticator.scheme().equalsIgnoreCase(scheme));
    }

    Optional<Option> best(List<ProxyChallenge> offered) {
        Option best = null;
        for (ProxyChallenge challenge : offered) {
            Option option = option(challenge, 0);
            if (option != null && (best == null || option.strength() > best.strength())) {
                best = option;
            }
        }
        return Optional.ofNullable(best);
    }

    /** The challenge to go on with, of those that are of the same scheme and no weaker than what was said before. */
    Optional<ProxyChallenge> again(Option before, List<ProxyChallenge> offered) {
        PasswordScheme scheme = before.password();
        Stream<ProxyChallenge> same = offered.stream()
                .filter(challenge -> challenge.isOf(before.challenge().scheme()));
        if (scheme == null) {
            return same.findFirst();
        }
        return same.filter(challenge -> scheme.strength(challenge) >= before.strength())
                .reduce((one, other) -> scheme.strength(other) > scheme.strength(one) ? other : one);
    }

    /** What may be tried before the proxy asks, best first. */
    List<Option> unasked(Optional<Accepted> accepted) {
        Optional<Option> known = accepted.flatMap(what -> Optional.ofNullable(
                option(new ProxyChallenge(what.scheme(), "", Map.of("realm", what.realm())), what.strength())));
        if (known.isPresent()) {
            return List.of(known.get());
        }
        if (authentication.sendsBasicUnasked()) {
            Option basic = option(new ProxyChallenge(BasicScheme.NAME, "", Map.of()), PasswordScheme.BASIC);
            return basic == null ? List.of() : List.of(basic);
        }
        return authentication.authenticators().stream()
                .map(authenticator -> new Option(
                        new ProxyChallenge(authenticator.scheme(), "", Map.of()), AUTHENTICATOR, authenticator, null))
                .toList();
    }

    /** @param known the strength if the challenge does not tell, or 0 */
    private @Nullable Option option(ProxyChallenge challenge, int known) {
        if (exhausted.contains(lower(challenge))) {
            return null;
        }
        List<ProxyAuthenticator> authenticators = authentication.authenticators();
        for (int place = 0; place < authenticators.size(); place++) {
            ProxyAuthenticator authenticator = authenticators.get(place);
            if (challenge.isOf(authenticator.scheme())) {
                return new Option(challenge, AUTHENTICATOR + authenticators.size() - place, authenticator, null);
            }
        }
        for (PasswordScheme scheme : passwordSchemes) {
            int strength = challenge.isOf(scheme.name()) ? Math.max(known, scheme.strength(challenge)) : 0;
            if (strength >= leastAsBefore() && permits(scheme, strength)) {
                return new Option(challenge, strength, null, scheme);
            }
        }
        return null;
    }

    /** An authenticator shows no password: after it, everything is good enough that shows none either. */
    private int leastAsBefore() {
        return before.map(what -> what.strength() >= AUTHENTICATOR ? PasswordScheme.DIGEST_MD5 : what.strength())
                .orElse(PasswordScheme.BASIC);
    }

    /** What the proxy took before, if something of this would be answered otherwise. */
    Optional<String> heldTo(List<ProxyChallenge> offered) {
        return offered.stream().anyMatch(this::isOnlyTooWeak) ? before.map(Accepted::scheme) : Optional.empty();
    }

    private boolean isOnlyTooWeak(ProxyChallenge challenge) {
        return passwordSchemes.stream().anyMatch(scheme -> {
            int strength = challenge.isOf(scheme.name()) ? scheme.strength(challenge) : 0;
            return strength > 0
                    && strength < leastAsBefore()
                    && authentication.allows(scheme.name())
                    && strength >= floor(authentication.minimum());
        });
    }

    private boolean permits(PasswordScheme scheme, int strength) {
        if (!hasPassword || !authentication.allows(scheme.name()) || strength < floor(authentication.minimum())) {
            return false;
        }
        return strength > PasswordScheme.BASIC || (strongestFailed <= PasswordScheme.BASIC && mayShowPassword());
    }

    private boolean mayShowPassword() {
        return authentication.allowsBasicOverPlaintext() || request.proxy().kind() == ProxyKind.HTTPS;
    }

    private static int floor(Strength minimum) {
        return switch (minimum) {
            case BASIC -> PasswordScheme.BASIC;
            case DIGEST_MD5 -> PasswordScheme.DIGEST_MD5;
            case NTLM -> PasswordScheme.NTLM;
            case DIGEST_SHA_256 -> PasswordScheme.DIGEST_SHA_256;
            case DIGEST_SHA_512_256 -> PasswordScheme.DIGEST_SHA_512_256;
        };
    }

    /** Why an offered Basic is not taken, for people; empty if it would be. */
    String whyNoBasic() {
        if (!hasPassword || !authentication.allows(BasicScheme.NAME)) {
            return "";
        }
        if (strongestFailed > PasswordScheme.BASIC) {
            return "Basic is not tried after something stronger has failed";
        }
        if (authentication.minimum() != Strength.BASIC) {
            return "Basic is weaker than the minimum that is configured";
        }
        return mayShowPassword() ? "" : "Basic over plain text is switched off";
    }

    /** Something of this strength was refused, or did not work. */
    void failed(Option option) {
        strongestFailed = Math.max(strongestFailed, option.strength());
    }

    /** This scheme is not tried again by this attempt. */
    void exhaust(Option option) {
        failed(option);
        exhausted.add(lower(option.challenge()));
    }

    private static String lower(ProxyChallenge challenge) {
        return challenge.scheme().toLowerCase(Locale.ROOT);
    }
}
