// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyCredentialsProvider;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.Failures;
import java.net.Authenticator;
import java.net.Authenticator.RequestorType;
import java.net.MalformedURLException;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks an {@link Authenticator} for the credentials of proxies that have none, when they ask for them. It may block, because a person may be
 * asked: that happens on a thread that exists for nothing else. The same question is asked once, however many connections wait for its answer,
 * and its answer is good for all who have asked by then; nobody waits longer than {@link #LIMIT}. Thread-safe.
 */
final class JavaAuthenticator {
    /** As for everybody who makes an answer to a proxy. */
    static final Duration LIMIT = TunnelLimits.DEFAULT.authentication();

    /** Different questions. The platform lets an authenticator be asked one at a time. */
    static final int MAX_QUESTIONS = 64;

    /** Who waits for the answer to one of them. */
    static final int MAX_WAITING = 10_000;

    private final Authenticator authenticator;
    private final Duration limit;
    private final Executor asking;

    /** Who waits for which answer; guards itself. */
    private final Map<Question, Set<Waiter>> waiting = new HashMap<>();

    /** What makes two questions one: what the authenticator knows them by, but for the hub behind the proxy. */
    private record Question(String proxy, String protocol, String scheme, String realm, boolean rejected) {
        static Question of(ProxyCredentialsProvider.Request request) {
            return isSocks(request.proxy())
                    ? new Question(request.proxy().toString(), "SOCKS5", "", "", request.rejected())
                    : new Question(
                            request.proxy().toString(), "http", request.scheme(), request.realm(), request.rejected());
        }
    }

    /** One connection that waits. */
    private static final class Waiter {
        final CompletableFuture<UserPassword> answer = new CompletableFuture<>();
    }

    JavaAuthenticator(Authenticator authenticator) {
        this(authenticator, LIMIT);
    }

    JavaAuthenticator(Authenticator authenticator, Duration limit) {
        this.authenticator = authenticator;
        this.limit = limit;
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_QUESTIONS), JavaAuthenticator::thread);
        threads.allowCoreThreadTimeOut(true); // it ends by itself, nobody has to close the settings
        this.asking = threads;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "upstream-authenticator");
        thread.setDaemon(true);
        return thread;
    }

    private static boolean isSocks(ProxyServer server) {
        return server.kind() == ProxyKind.SOCKS5 || server.kind() == ProxyKind.SOCKS5H;
    }

    /** The proxy with the authenticator as its provider, if it has no credentials and can ask for some, as SOCKS 4 cannot. */
    ProxyServer knownTo(ProxyServer server, HostPort target) {
        boolean asks = server.kind() == ProxyKind.HTTP || server.kind() == ProxyKind.HTTPS || isSocks(server);
        if (!asks || ProxyLogin.isGiven(server.authentication())) {
            return server;
        }
        return server.withAuthentication(server.authentication().toBuilder()
                .provider(new WhenAsked(this, target))
                .build());
    }

    private CompletionStage<UserPassword> ask(ProxyCredentialsProvider.Request request, HostPort target) {
        Question question = Question.of(request);
        Waiter mine = new Waiter();
        boolean first;
        synchronized (waiting) {
            Set<Waiter> others = waiting.get(question);
            first = others == null;
            if (others == null) {
                others = new HashSet<>();
                waiting.put(question, others);
            } else if (others.size() >= MAX_WAITING) {
                return CompletableFuture.failedFuture(tooMany(null));
            }
            others.add(mine);
        }
        if (first) {
            begin(question, request, target);
        }
        return mine.answer.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS).exceptionallyCompose(error -> {
            if (!(error instanceof TimeoutException)) {
                return CompletableFuture.failedFuture(error);
            }
            synchronized (waiting) {
                Set<Waiter> others = waiting.get(question);
                if (others != null) {
                    others.remove(mine); // the question stays: whoever asks it again gets the answer that comes
                }
            }
            return CompletableFuture.failedFuture(tooLate(request.proxy()));
        });
    }

    private void begin(Question question, ProxyCredentialsProvider.Request request, HostPort target) {
        try {
            asking.execute(() -> {
                try {
                    settle(question, answer(question, request, target), null);
                } catch (UpstreamException | RuntimeException | Error e) {
                    settle(question, null, e); // errors too: all who ask would else wait for them
                }
            });
        } catch (RejectedExecutionException e) {
            settle(question, null, tooMany(e));
        }
    }

    private void settle(Question question, @Nullable UserPassword login, @Nullable Throwable error) {
        Set<Waiter> all;
        synchronized (waiting) {
            Set<Waiter> asked = waiting.remove(question);
            all = asked == null ? Set.of() : asked;
        }
        for (Waiter each : all) {
            if (login != null) {
                each.answer.complete(login);
            } else if (error != null) {
                each.answer.completeExceptionally(error);
            }
        }
    }

    /** May block. */
    private UserPassword answer(Question question, ProxyCredentialsProvider.Request request, HostPort target)
            throws UpstreamException {
        ProxyServer server = request.proxy();
        PasswordAuthentication login;
        try {
            login = authenticator.requestPasswordAuthenticationInstance(
                    server.address().host(),
                    null,
                    server.address().port(),
                    question.protocol(),
                    question.realm(),
                    question.scheme(),
                    URI.create("https://" + target).toURL(),
                    RequestorType.PROXY);
            if (login != null) {
                // the array is the application's
                UserPassword known = new UserPassword(login.getUserName(), new String(login.getPassword()));
                ProxyLogin.check(server.withAuthentication(
                        server.authentication().toBuilder().userPassword(known).build()));
                return known;
            }
        } catch (RuntimeException | MalformedURLException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("proxy"),
                    name() + " has no usable credentials for " + server,
                    e);
        }
        throw none(question, server);
    }

    private static UpstreamException none(Question question, ProxyServer server) {
        String hop = "proxy " + server.address();
        String wanted = question.scheme().isEmpty() ? "" : question.scheme() + " ";
        return UpstreamException.of(
                FailureKind.PROXY_AUTH,
                new Where(isSocks(server) ? "socks" : "tunnel", hop),
                hop + " wants " + wanted
                        + "credentials and the authenticator has none for it: have it answer for this host and port");
    }

    private UpstreamException tooMany(@Nullable Throwable cause) {
        return UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here("proxy"),
                name() + " is not asked, too many wait for its answers (" + MAX_QUESTIONS + " questions, " + MAX_WAITING
                        + " connections with the same): look at why it is slow",
                cause);
    }

    private UpstreamException tooLate(ProxyServer server) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                Where.here("proxy"),
                name() + " has had no credentials for " + server + " within " + Failures.seconds(limit)
                        + ": look at why it is slow; what it answers later is used if it is asked again meanwhile");
    }

    private String name() {
        return "the authenticator " + authenticator.getClass().getName();
    }

    /** Equal for the same authenticator and target, so that what is remembered of a proxy is found again. */
    private record WhenAsked(JavaAuthenticator from, HostPort target) implements ProxyCredentialsProvider {
        @Override
        public CompletionStage<UserPassword> credentials(Request request) {
            return from.ask(request, target);
        }
    }
}
