// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.concurrent.EventExecutor;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.proxy.ProxyMemory.Accepted;
import io.upstream.proxy.SchemeChoice.Option;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one attempt says to a proxy about who we are: the {@code Proxy-Authorization} of each CONNECT, over as many connections as it takes.
 * Every loop is counted: requests, refused credentials, stale nonces, dialogues begun again. Each dialogue is closed when another one takes
 * its place, when the tunnel is open, or with this. Confined to the event loop; what it gives is completed there.
 */
final class Negotiation implements AutoCloseable {
    static final int MAX_REQUESTS = 8;
    static final int MAX_REFUSALS = 2;
    static final int MAX_STALE = 2;

    private final ProxyServer proxy;
    private final ProxyMemory memory;
    private final ChallengeFailures failures;
    private final Executor loop;
    private final SchemeChoice choice;
    private final CredentialsSource credentials;
    private final Beginnings beginnings;
    private final Set<String> refusedValues = new HashSet<>();
    private List<ProxyChallenge> offered = List.of();
    private Supplier<CompletionStage<String>> opening = this::unasked;
    private Standing standing = Standing.UNDER_WAY;
    private @Nullable Turn turn;
    private @Nullable UpstreamException firstFailure;
    private String awaited = "";
    private int requests;
    private int refusals;
    private int stale;
    private int restarts;
    private int repeats;

    private enum Standing {
        UNDER_WAY,
        OVER
    }

    /** @param loop the event loop of all connections of the attempt */
    Negotiation(TunnelRequest request, ProxyMemory memory, ChallengeFailures failures, EventExecutor loop) {
        this.proxy = request.proxy();
        this.memory = memory;
        this.failures = failures;
        this.loop = LoopExecutor.of(loop);
        this.credentials = new CredentialsSource(proxy);
        this.beginnings = new Beginnings(request, credentials, failures, this.loop);
        this.choice = new SchemeChoice(request, memory.schemes(), credentials.isThere(), memory.bestOf(proxy));
    }

    ChallengeFailures failures() {
        return failures;
    }

    /** Whose answer is being waited for, for people. */
    String awaited() {
        return awaited;
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
        Optional<String> before = credentials.isThere() ? choice.heldTo(challenges) : Optional.empty();
        if (before.isPresent()) {
            memory.doubt(proxy);
            return failures.lessThanBefore(challenges, before.get());
        }
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
        if (!before.isBound()) {
            refusedValues.add(before.value());
        }
        Optional<ProxyChallenge> again = choice.again(before.option(), offered);
        if (again.isEmpty()) {
            if (!before.spokeUnasked() || offered.isEmpty()) {
                choice.exhaust(before.option());
                note(failures.wrongCredentials(offered));
            } else {
                choice.failed(before.option());
            }
            return choose();
        }
        if (before.isBound()) {
            return proceed(before, again.get());
        }
        if (DigestChallenge.isStale(again.get())) {
            return ++stale > MAX_STALE ? failed(failures.staleForEver()) : proceed(before, again.get());
        }
        return before.spokeUnasked() ? choose() : refused(before, failures.wrongCredentials(offered));
    }

    /**
     * The tunnel was refused, and not for want of credentials. Some proxies give 401 to those that they no longer take: the next attempt had
     * better wait to be asked.
     */
    void refusedAltogether(ConnectResponse response) {
        Turn now = turn;
        if (response.status() == 401) {
            memory.forget(proxy);
        } else if (now != null && !now.spokeUnasked()) {
            memory.prove(proxy, accepted(now.option()));
        }
    }

    private static Accepted accepted(Option option) {
        return new Accepted(option.challenge().scheme(), option.realm(), option.strength());
    }

    private CompletionStage<String> unasked() {
        return unasked(choice.unasked(memory.acceptedBy(proxy)).iterator());
    }

    private CompletionStage<String> unasked(Iterator<Option> options) {
        leave();
        if (!options.hasNext()) {
            return CompletableFuture.completedFuture("");
        }
        Option option = options.next();
        return begin(option)
                .thenComposeAsync(
                        begun -> {
                            String value = saidUnasked(begun);
                            return value.isEmpty()
                                    ? unasked(options)
                                    : CompletableFuture.completedFuture(outgoing(begun, value));
                        },
                        loop);
    }

    private String saidUnasked(Turn begun) {
        try {
            return begun.unasked();
        } catch (RuntimeException | Error e) {
            throw new CompletionException(failures.ofTheScheme(e, begun.option().challenge()));
        }
    }

    /** What was said so far led nowhere: something else. */
    private CompletionStage<String> choose() {
        leave();
        Optional<Option> best = choice.best(offered);
        if (best.isEmpty()) {
            UpstreamException first = firstFailure;
            return failed(first != null ? first : noAnswer(offered));
        }
        return start(best.get());
    }

    private CompletionStage<String> start(Option option) {
        return begin(option).thenComposeAsync(begun -> proceed(begun, option.challenge()), loop);
    }

    /** Gives the turn that is spoken from now on. */
    private CompletionStage<Turn> begin(Option option) {
        awaited = failures.theProvider();
        return beginnings
                .begin(option, offered)
                .thenApplyAsync(
                        begun -> {
                            leave();
                            if (standing == Standing.OVER) {
                                begun.close();
                                throw new CancellationException("the attempt is over");
                            }
                            turn = begun;
                            return begun;
                        },
                        loop);
    }

    private CompletionStage<String> proceed(Turn now, ProxyChallenge challenge) {
        awaited = failures.theAuthenticator(now.option());
        return now.answer(challenge)
                .handleAsync((value, error) -> settled(now, value, error), loop)
                .thenCompose(next -> next);
    }

    private CompletionStage<String> settled(Turn now, @Nullable String value, @Nullable Throwable error) {
        if (now.isOver()) {
            return CompletableFuture.failedFuture(new CancellationException("the attempt is over"));
        } else if (value == null) {
            return unanswered(now, error == null ? new NullPointerException("gave null") : error);
        } else if (refusedValues.contains(value)) {
            return refused(now, failures.wrongCredentials(offered));
        }
        try {
            now.answered(value);
        } catch (RuntimeException | Error e) {
            return unanswered(now, e);
        }
        try {
            return CompletableFuture.completedFuture(outgoing(now, value));
        } catch (CompletionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** A scheme that is at a loss here says nothing about the credentials: those may do for another one. */
    private CompletionStage<String> unanswered(Turn now, Throwable error) {
        if (SchemeFailure.unwrap(error) instanceof CredentialsRefused refusal) {
            return refused(now, refusal.failure());
        }
        choice.exhaust(now.option());
        note(failures.ofTheScheme(error, now.option().challenge()));
        return choose();
    }

    private CompletionStage<String> refused(Turn before, UpstreamException failure) {
        choice.failed(before.option());
        note(failure);
        refusals++;
        if (!before.option().takesPassword()) {
            choice.exhaust(before.option());
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

    private String outgoing(Turn now, String value) {
        try {
            OutgoingValue.check(now.option(), proxy, value);
        } catch (IllegalArgumentException e) {
            throw new CompletionException(failures.inexpressible(e));
        }
        failures.sent(value);
        return value;
    }

    private static <T> CompletionStage<T> failed(UpstreamException failure) {
        return CompletableFuture.failedFuture(failure);
    }

    /** Whether the last answer, not sent yet, makes sense on this connection only. */
    boolean needsThisConnection() {
        return turn != null && turn.isBound() && turn.answers() > 1;
    }

    /** Whether the dialogue is over if the connection is. */
    boolean isBound() {
        return turn != null && turn.isBound();
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
            opening = now.spokeUnasked() ? this::unasked : () -> proceed(now, now.challenge());
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
        leave();
        opening = () -> start(now.option());
        return true;
    }

    /** @throws UpstreamException if the proxy had to prove itself and did not */
    void opened(ConnectResponse response) throws UpstreamException {
        Turn now = turn;
        if (now == null) {
            return;
        }
        Option option = now.option();
        try {
            now.opened(response);
        } catch (RuntimeException | Error e) {
            throw failures.ofTheScheme(e, option.challenge());
        } finally {
            leave();
        }
        memory.remember(proxy, accepted(option));
    }

    private void leave() {
        Turn now = turn;
        turn = null;
        if (now != null) {
            now.close();
        }
    }

    /** The attempt is over, whatever came of it: what is being made is of use to nobody. */
    @Override
    public void close() {
        standing = Standing.OVER;
        leave();
    }
}
