// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import io.upstream.proxy.SchemeChoice.Option;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Begins the dialogues of one attempt, with the credentials that a scheme needs. Confined to the event loop. */
final class Beginnings {
    private final TunnelRequest request;
    private final CredentialsSource credentials;
    private final ChallengeFailures failures;
    private final Executor loop;

    /** @param loop where what it gives is completed */
    Beginnings(TunnelRequest request, CredentialsSource credentials, ChallengeFailures failures, Executor loop) {
        this.request = request;
        this.credentials = credentials;
        this.failures = failures;
        this.loop = loop;
    }

    /**
     * Gives a turn that whoever gets it has to close. Fails with an {@link UpstreamException} if there are no credentials, none that can be
     * said, or only those that were refused; an authenticator that cannot begin fails when it is to answer.
     *
     * @param offered what the proxy has asked for
     */
    CompletionStage<Turn> begin(Option option, List<ProxyChallenge> offered) {
        if (!option.takesPassword()) {
            return CompletableFuture.completedFuture(new Turn(option, conversation(option)));
        }
        return credentials
                .credentials(option.challenge().scheme(), option.realm())
                .handleAsync((login, error) -> new Turn(option, conversation(option, offered, login, error)), loop);
    }

    private Conversation conversation(Option option) {
        try {
            Conversation begun = option.begin(request);
            return begun == null ? failing(new NullPointerException("began null")) : begun;
        } catch (RuntimeException | Error e) {
            return failing(e);
        }
    }

    private static Conversation failing(Throwable error) {
        return challenge -> CompletableFuture.failedFuture(error);
    }

    private Conversation conversation(
            Option option, List<ProxyChallenge> offered, @Nullable UserPassword login, @Nullable Throwable error) {
        if (login == null) {
            throw new CompletionException(
                    failures.ofTheProvider(error == null ? new NullPointerException("gave null") : error));
        } else if (credentials.isRejected(login)) {
            throw new CompletionException(failures.wrongCredentials(offered));
        }
        try {
            return option.begin(request, login);
        } catch (IllegalArgumentException e) {
            throw new CompletionException(failures.inexpressible(e));
        }
    }
}
