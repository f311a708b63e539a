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
import java.net.Authenticator;
import java.net.Authenticator.RequestorType;
import java.net.MalformedURLException;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Asks an {@link Authenticator} for the credentials of proxies that have none: of an HTTP proxy when it challenges, of a SOCKS proxy
 * before, since SOCKS has no challenge. It may block, because a person may be asked: that happens on threads that exist for nothing else.
 */
final class JavaAuthenticator {
    private static final int MAX_WAITING = 16;

    private final Authenticator authenticator;
    private final Executor asking;

    JavaAuthenticator(Authenticator authenticator) {
        this.authenticator = authenticator;
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_WAITING), JavaAuthenticator::thread);
        threads.allowCoreThreadTimeOut(true); // it ends by itself, nobody has to close the settings
        this.asking = threads;
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "upstream-authenticator");
        thread.setDaemon(true);
        return thread;
    }

    /** The proxy with what the authenticator knows for it; may block. */
    ProxyServer knownTo(ProxyServer server, HostPort target) throws UpstreamException {
        if (ProxyLogin.isGiven(server.authentication())) {
            return server;
        }
        if (server.kind() == ProxyKind.HTTP || server.kind() == ProxyKind.HTTPS) {
            ProxyCredentialsProvider provider = new WhenAsked(this, target);
            return server.withAuthentication(
                    server.authentication().toBuilder().provider(provider).build());
        }
        Optional<UserPassword> login = ask(server, target, "SOCKS5", "", "");
        return login.isEmpty()
                ? server
                : checked(server.withAuthentication(server.authentication().toBuilder()
                        .userPassword(login.get())
                        .build()));
    }

    private ProxyServer checked(ProxyServer server) throws UpstreamException {
        try {
            ProxyLogin.check(server);
            return server;
        } catch (IllegalArgumentException e) {
            throw unusable(server, e);
        }
    }

    private Optional<UserPassword> ask(
            ProxyServer server, HostPort target, String protocol, String realm, String scheme)
            throws UpstreamException {
        try {
            PasswordAuthentication login = authenticator.requestPasswordAuthenticationInstance(
                    server.address().host(),
                    null,
                    server.address().port(),
                    protocol,
                    realm,
                    scheme,
                    URI.create("https://" + target).toURL(),
                    RequestorType.PROXY);
            return login == null ? Optional.empty() : Optional.of(credentials(login));
        } catch (RuntimeException | MalformedURLException e) {
            throw unusable(server, e);
        }
    }

    private UpstreamException unusable(ProxyServer server, Exception cause) {
        return UpstreamException.of(
                FailureKind.CONFIGURATION,
                Where.here("proxy"),
                "the authenticator " + authenticator.getClass().getName() + " has no usable credentials for " + server,
                cause);
    }

    private static UserPassword credentials(PasswordAuthentication login) {
        return new UserPassword(login.getUserName(), new String(login.getPassword())); // the array is the application's
    }

    /** Equal for the same authenticator and target, so that what is remembered of a proxy is found again. */
    private record WhenAsked(JavaAuthenticator from, HostPort target) implements ProxyCredentialsProvider {
        @Override
        public CompletableFuture<UserPassword> credentials(Request request) {
            CompletableFuture<UserPassword> answer = new CompletableFuture<>();
            from.asking.execute(() -> {
                try {
                    String realm = request.realm();
                    answer.complete(from.ask(request.proxy(), target, "http", realm, request.scheme())
                            .orElseThrow(() -> none(request)));
                } catch (UpstreamException | RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            });
            return answer;
        }

        private static UpstreamException none(Request request) {
            return UpstreamException.of(
                    FailureKind.PROXY_AUTH,
                    new Where("tunnel", "proxy " + request.proxy().address()),
                    "proxy " + request.proxy().address() + " wants " + request.scheme()
                            + " credentials and the authenticator has none for it: have it answer for this host and port");
        }
    }
}
