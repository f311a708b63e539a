// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.proxy.SchemeChoice.Option;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** What it is called when a proxy asks for credentials and there is no end of it: which schemes it offered, and who can do what. */
final class ChallengeFailures {
    private final Where where;
    private final Excerpts excerpts;

    ChallengeFailures(Where where, Excerpts excerpts) {
        this.where = where;
        this.excerpts = excerpts;
    }

    /** Nothing of this is repeated to anybody. */
    void sent(String authorization) {
        excerpts.sent(authorization);
    }

    /** Leaves an {@link UpstreamException} as it is. */
    UpstreamException translated(Throwable error) {
        return Failures.translate(error, where);
    }

    /**
     * For a 407 that nothing here answers.
     *
     * @param whyNoBasic why Basic is not taken although the proxy may offer it, or empty
     */
    UpstreamException noAnswer(List<ProxyChallenge> offered, ProxyAuthentication authentication, String whyNoBasic) {
        String schemes = schemes(offered);
        boolean hasLogin = authentication.userPassword() != null || authentication.provider() != null;
        if (offered.isEmpty()) {
            return auth("asks for credentials without saying which (" + schemes
                    + "): ask its owner which it takes, or to let this machine through");
        } else if (!hasLogin && authentication.authenticators().isEmpty()) {
            return auth("asks for credentials (" + schemes + "): put user and password into the proxy's URL");
        } else if (!whyNoBasic.isEmpty() && offered.stream().anyMatch(challenge -> challenge.isOf(BasicScheme.NAME))) {
            return auth("takes nothing that is allowed here (" + schemes + "), " + whyNoBasic
                    + ": have it offer Digest with SHA-256, or allow it");
        }
        String known = offered.stream().anyMatch(challenge -> challenge.isOf("NTLM")) && !authentication.allows("NTLM")
                ? "allow NTLM if it must be, or ask its owner for Digest or Basic"
                : "configure an authenticator for one of them, or ask its owner for Digest or Basic";
        return auth("takes none of the schemes that are configured here (" + schemes + "): " + known);
    }

    /** Either somebody is after the password, or the proxy was changed, and both are for its owner to know. */
    UpstreamException lessThanBefore(List<ProxyChallenge> offered, String before) {
        return auth("asks for less than before, when it took " + before + " (" + schemes(offered)
                + "): somebody on the way may be after the password, ask its owner; if it was changed, it is believed after "
                + ProxyMemory.DISBELIEF.toMinutes() + " min of this, or when the program is restarted");
    }

    UpstreamException wrongCredentials(List<ProxyChallenge> offered) {
        return auth("does not take these credentials (" + schemes(offered) + "): check user name and password");
    }

    UpstreamException staleForEver() {
        return auth("calls every nonce stale that it gave: it may be several proxies behind one name, ask its owner");
    }

    UpstreamException tooManyRequests() {
        return auth("asks for credentials again and again, " + Negotiation.MAX_REQUESTS
                + " requests were answered: ask its owner which scheme it takes");
    }

    UpstreamException connectionsUsedUp() {
        return auth(
                "closes the connection after each answer and wants yet another: ask its owner to keep connections alive");
    }

    UpstreamException closedWithinTheDialogue() {
        return auth("closes the connection in the middle of a scheme that needs it kept, as NTLM and Negotiate do:"
                + " ask its owner to keep connections alive, or for Digest or Basic");
    }

    /** Leaves an {@link UpstreamException} as it is. */
    UpstreamException ofTheProvider(Throwable error) {
        Throwable cause = SchemeFailure.unwrap(error);
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(
                        FailureKind.PROXY_AUTH,
                        where,
                        where.hop()
                                + " asks for credentials, and their provider failed (the cause tells why): mend the provider",
                        cause);
    }

    /** Leaves an {@link UpstreamException} as it is. */
    UpstreamException ofTheScheme(Throwable error, ProxyChallenge challenge) {
        Throwable cause = SchemeFailure.unwrap(error);
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(
                        FailureKind.PROXY_AUTH,
                        where,
                        where.hop() + " asks for " + excerpts.of(challenge.scheme())
                                + ", and its authenticator failed (the cause tells why): mend the authenticator",
                        cause);
    }

    /** @param error says what, and holds no secret */
    UpstreamException inexpressible(IllegalArgumentException error) {
        return UpstreamException.of(FailureKind.CONFIGURATION, where, String.valueOf(error.getMessage()), error);
    }

    /** Who is waited for while credentials are asked for. */
    String theProvider() {
        return "the provider of the credentials for " + where.hop();
    }

    /** Who is waited for while a scheme makes its answer. */
    String theAuthenticator(Option option) {
        return (option.authenticator() instanceof Negotiate
                        ? "the KDC"
                        : "the authenticator for "
                                + excerpts.of(option.challenge().scheme()))
                + ", which is asked for " + where.hop() + ",";
    }

    /** The proxy has nothing to do with it: neither it nor another one would be served sooner. */
    UpstreamException noAuthorizationInTime(String awaited, Duration limit) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                Where.here(where.stage()),
                awaited + " had no answer within " + Failures.seconds(limit)
                        + ": look at why that is slow, and at the way to it if it is elsewhere");
    }

    private UpstreamException auth(String what) {
        return UpstreamException.of(FailureKind.PROXY_AUTH, where, where.hop() + " " + what);
    }

    private String schemes(List<ProxyChallenge> offered) {
        return offered.isEmpty()
                ? "no scheme offered"
                : "schemes offered: " + offered.stream().map(this::describe).collect(Collectors.joining(", "));
    }

    private String describe(ProxyChallenge challenge) {
        String realm = challenge.parameters().getOrDefault("realm", "");
        return excerpts.of(challenge.scheme()) + (realm.isEmpty() ? "" : " for '" + excerpts.of(realm) + "'");
    }
}
