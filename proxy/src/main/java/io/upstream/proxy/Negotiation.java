// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.concurrent.EventExecutor;
import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.proxy.ProxyMemory.Accepted;
import io.upstream.proxy.SchemeChoice.Option;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one attempt says to a proxy about who we are: the {@code Proxy-Authorization} of each CONNECT, over as many connections as it takes.
 * Every loop is counted: requests, refused credentials, stale nonces, dialogues begun again. Confined to the event loop; what it gives is
 * completed there.
 */
final class Negotiation {
    static final int MAX_REQUESTS = 8;
    static final int MAX_REFUSALS = 2;
    static final int MAX_STALE = 2;

    private static final Logger log = LoggerFactory.getLogger(Negotiation.class);
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private final TunnelRequest request;
    private final ProxyServer proxy;
    private final ProxyMemory memory;
    private final ChallengeFailures failures;
    private final Executor loop;
    private final SchemeChoice choice;
    private final CredentialsSource credentials;
    private final Set<String> refusedValues = new HashSet<>();
    private List<ProxyChallenge> offered = List.of();
    private Supplier<CompletionStage<String>> opening = this::unasked;
    private @Nullable Turn turn;
    private @Nullable UpstreamException firstFailure;
    private int requests;
    private int refusals;
    private int stale;
    private int restarts;
    private int repeats;

    /** @param loop the event loop of all connections of the attempt */
    Negotiation(TunnelRequest request, ProxyMemory memory, ChallengeFailures failures, EventExecutor loop) {
        this.request = request;
        this.proxy = request.proxy();
        this.memory = memory;
        this.failures = failures;
        this.loop = LoopExecutor.of(loop);
        this.credentials = new CredentialsSource(proxy);
        this.choice = new SchemeChoice(request, memory.schemes(), credentials.isThere());
    }

    ChallengeFailures failures() {
        return failures;
    }

    /** The value for the first CONNECT of a connection, or empty for none. */
    CompletionStage<String> opening() {
        return opening.get();
    }

    /** Whether another CONNECT may be sent; counts it. */
    boolean mayRequest() {
        return requests++ < MAX_REQUESTS;
    }

    /** Whether {@link #answer} may have something to say to this 407; else why not. */
    Optional<UpstreamException> refusal(ConnectResponse response) {
        List<ProxyChallenge> challenges = ChallengeReader.readAll(response.values("proxy-authenticate"));
        return turn != null || choice.best(challenges).isPresent()
                ? Optional.empty()
                : Optional.of(noAnswer(challenges));
    }

    private UpstreamException noAnswer(List<ProxyChallenge> challenges) {
        return failures.noAnswer(challenges, proxy.authentication(), choice.whyNoBasic());
    }

    /** The value for the CONNECT that answers a 407; fails with an {@link UpstreamException} if there is none. */
    CompletionStage<String> answer(ConnectResponse response) {
        offered = ChallengeReader.readAll(response.values("proxy-authenticate"));
        memory.forget(proxy);
        Turn before = turn;
        if (before == null) {
            return choose();
        }
        if (!before.conversation.isBound()) {
            refusedValues.add(before.value);
        }
        Optional<ProxyChallenge> again = choice.again(before.option, offered);
        if (again.isEmpty()) {
            if (!before.spokeUnasked() || offered.isEmpty()) {
                choice.exhaust(before.option);
                note(failures.wrongCredentials(offered));
            } else {
                choice.failed(before.option);
            }
            turn = null;
            return choose();
        }
        if (before.conversation.isBound()) {
            return proceed(before, again.get());
        }
        if (DigestChallenge.isStale(again.get())) {
            return ++stale > MAX_STALE ? failed(failures.staleForEver()) : proceed(before, again.get());
        }
        if (before.spokeUnasked()) {
            turn = null;
            return choose();
        }
        return refused(before, failures.wrongCredentials(offered));
    }

    /** Some proxies give 401 to credentials that they no longer take: the next attempt had better wait to be asked. */
    void refusedAltogether(ConnectResponse response) {
        if (response.status() == 401) {
            memory.forget(proxy);
        }
    }

    private CompletionStage<String> unasked() {
        return unasked(choice.unasked(memory.acceptedBy(proxy)).iterator());
    }

    private CompletionStage<String> unasked(Iterator<Option> options) {
        if (!options.hasNext()) {
            turn = null;
            return CompletableFuture.completedFuture("");
        }
        Option option = options.next();
        return begin(option)
                .thenComposeAsync(
                        begun -> {
                            String value = begun.conversation.unasked().orElse("");
                            if (value.isEmpty()) {
                                return unasked(options);
                            }
                            turn = begun;
                            return CompletableFuture.completedFuture(sendable(begun, value));
                        },
                        loop);
    }

    private CompletionStage<String> choose() {
        Optional<Option> best = choice.best(offered);
        if (best.isEmpty()) {
            UpstreamException first = firstFailure;
            return failed(first != null ? first : noAnswer(offered));
        }
        return start(best.get());
    }

    private CompletionStage<String> start(Option option) {
        return begin(option)
                .thenComposeAsync(
                        begun -> {
                            turn = begun;
                            return proceed(begun, option.challenge());
                        },
                        loop);
    }

    private CompletionStage<Turn> begin(Option option) {
        try {
            if (!option.takesPassword()) {
                return CompletableFuture.completedFuture(new Turn(option, option.begin(request)));
            }
            return credentials
                    .credentials(option.challenge().scheme(), option.realm())
                    .handleAsync(
                            (login, error) -> {
                                if (error != null) {
                                    throw new CompletionException(failures.ofTheProvider(error));
                                } else if (credentials.isRejected(login)) {
                                    throw new CompletionException(failures.wrongCredentials(offered));
                                }
                                return new Turn(option, begun(() -> option.begin(request, login)));
                            },
                            loop);
        } catch (RuntimeException | LinkageError e) {
            return CompletableFuture.failedFuture(failures.translated(e));
        }
    }

    private Conversation begun(Supplier<Conversation> conversation) {
        try {
            return conversation.get();
        } catch (IllegalArgumentException e) {
            throw new CompletionException(failures.inexpressible(e));
        }
    }

    private CompletionStage<String> proceed(Turn now, ProxyChallenge challenge) {
        now.challenge = challenge;
        CompletionStage<String> said;
        try {
            said = now.conversation.answer(challenge);
        } catch (RuntimeException | LinkageError e) {
            said = CompletableFuture.failedFuture(e);
        }
        CompletableFuture<CompletionStage<String>> next = new CompletableFuture<>();
        said.whenCompleteAsync((value, error) -> next.complete(settled(now, value, error)), loop);
        return next.thenCompose(stage -> stage);
    }

    private CompletionStage<String> settled(Turn now, @Nullable String value, @Nullable Throwable error) {
        if (value != null) {
            if (refusedValues.contains(value)) {
                return refused(now, failures.wrongCredentials(offered));
            }
            now.answers++;
            try {
                return CompletableFuture.completedFuture(sendable(now, value));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
        UpstreamException failure = failures.ofTheScheme(error, now.option.challenge());
        if (now.answers > 0 && failure.kind() == FailureKind.PROXY_AUTH) {
            return refused(now, failure);
        }
        choice.exhaust(now.option);
        note(failure);
        turn = null;
        return choose();
    }

    private CompletionStage<String> refused(Turn before, UpstreamException failure) {
        turn = null;
        choice.failed(before.option);
        note(failure);
        refusals++;
        if (!before.option.takesPassword()) {
            choice.exhaust(before.option);
            return choose();
        }
        if (!credentials.hasOthers() || refusals >= MAX_REFUSALS) {
            return failed(failure);
        }
        credentials.reject();
        return choose();
    }

    /** The first reason is the one to tell; what was tried after it was second best. */
    private void note(UpstreamException failure) {
        if (firstFailure == null) {
            firstFailure = failure;
        }
    }

    private String sendable(Turn now, String value) {
        if (!value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            throw new CompletionException(failures.inexpressible(new IllegalArgumentException(
                    now.option.challenge().scheme() + " gave an answer that is not one line of printable ASCII")));
        }
        if (now.option.strength() == PasswordScheme.BASIC
                && proxy.kind() == ProxyKind.HTTP
                && WARNED.compareAndSet(false, true)) {
            log.warn(
                    "the password for {} goes out in clear, readable on the way: use an https:// proxy or Digest"
                            + " (said once for this process)",
                    proxy);
        }
        now.value = value;
        failures.sent(value);
        return value;
    }

    private static <T> CompletionStage<T> failed(UpstreamException failure) {
        return CompletableFuture.failedFuture(failure);
    }

    /** Whether the last answer, not sent yet, makes sense on this connection only. */
    boolean needsThisConnection() {
        return isBound() && turn != null && turn.answers > 1;
    }

    /** Whether the dialogue is over if the connection is. */
    boolean isBound() {
        return turn != null && turn.conversation.isBound();
    }

    /** The next connection begins with {@code value}. */
    void carryOver(String value) {
        opening = () -> CompletableFuture.completedFuture(value);
    }

    /**
     * The next connection begins with what the last one ended with, said anew, since a nonce must not be counted twice.
     *
     * @return false if that was done before
     */
    boolean repeat() {
        Turn now = turn;
        if (now == null) {
            carryOver("");
        } else {
            opening = now.spokeUnasked() ? this::unasked : () -> proceed(now, now.challenge);
        }
        return repeats++ == 0;
    }

    /**
     * The next connection begins the dialogue of this scheme from the start.
     *
     * @return false if that was done before
     */
    boolean restart() {
        Turn now = turn;
        if (now == null || restarts++ > 0) {
            return false;
        }
        turn = null;
        opening = () -> start(now.option);
        return true;
    }

    /** @throws UpstreamException if the proxy had to prove itself and did not */
    void opened(ConnectResponse response) throws UpstreamException {
        Turn now = turn;
        if (now == null) {
            return;
        }
        Map<String, List<String>> fields = new LinkedHashMap<>();
        response.fields()
                .forEach(field -> fields.computeIfAbsent(field.name(), unused -> new ArrayList<>())
                        .add(field.value()));
        now.conversation.opened(fields);
        memory.remember(
                proxy, new Accepted(now.option.challenge().scheme(), now.option.realm(), now.option.strength()));
    }
}
