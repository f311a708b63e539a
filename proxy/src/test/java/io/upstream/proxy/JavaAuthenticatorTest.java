// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyCredentialsProvider;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An authenticator of the Java platform is asked for credentials. */
class JavaAuthenticatorTest {
    private static final HostPort HUB = new HostPort("hub.azure-devices.net", 8883);

    /** Knows everything but the port 2. */
    private static final class Known extends Authenticator {
        @Override
        protected @Nullable PasswordAuthentication getPasswordAuthentication() {
            boolean meant = getRequestorType() == RequestorType.PROXY
                    && getRequestingPort() == 1
                    && getRequestingURL().toString().equals("https://hub.azure-devices.net:8883");
            String user = String.join(
                    ".", getRequestingHost(), getRequestingProtocol(), getRequestingScheme(), getRequestingPrompt());
            return meant ? new PasswordAuthentication(user, "p".toCharArray()) : null;
        }
    }

    private static CompletableFuture<UserPassword> asked(Route route) {
        ProxyServer proxy = (ProxyServer) route;
        ProxyCredentialsProvider provider =
                Objects.requireNonNull(proxy.authentication().provider());
        return provider.credentials(new ProxyCredentialsProvider.Request(proxy, "Digest", "realm", false))
                .toCompletableFuture();
    }

    @Test
    void asksAnAuthenticatorForProxiesWithoutCredentials() throws Exception {
        ProxySettings settings = ProxySettings.builder()
                .proxies("http://a:1,http://u:p@b:1,http://c:2,socks5h://d:1,socks5h://e:2,socks4a://f:1")
                .authenticator(new Known())
                .build();
        List<Route> routes = settings.routesTo(HUB);
        assertEquals(
                new UserPassword("a.http.Digest.realm", "p"),
                asked(routes.get(0)).get(20, TimeUnit.SECONDS));
        assertEquals(ProxyServer.http(new HostPort("b", 1), new UserPassword("u", "p")), routes.get(1));
        ExecutionException none = assertThrows(
                ExecutionException.class, () -> asked(routes.get(2)).get(20, TimeUnit.SECONDS));
        assertEquals(FailureKind.PROXY_AUTH, ((UpstreamException) none.getCause()).kind());
        assertEquals(new UserPassword("d.SOCKS5..", "p"), asked(routes.get(3)).get(20, TimeUnit.SECONDS));
        ExecutionException noneEither = assertThrows(
                ExecutionException.class, () -> asked(routes.get(4)).get(20, TimeUnit.SECONDS));
        assertEquals("socks", ((UpstreamException) noneEither.getCause()).stage());
        assertEquals(ProxyAuthentication.NONE, ((ProxyServer) routes.get(5)).authentication(), "it cannot ask");
        assertEquals(routes, settings.routesTo(HUB));
    }

    @Test
    void leavesThePasswordToTheAuthenticatorThatKeepsIt() throws Exception {
        PasswordAuthentication kept = new PasswordAuthentication("u", "p".toCharArray());
        Authenticator caching = new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return kept;
            }
        };
        Route route = ProxySettings.builder()
                .proxies("http://a:1")
                .authenticator(caching)
                .build()
                .routesTo(HUB)
                .get(0);
        for (int time = 1; time <= 2; time++) {
            assertEquals(new UserPassword("u", "p"), asked(route).get(20, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"socks5h://a:1", "http://a:1"})
    void saysWhichAuthenticatorIsOfNoUse(String proxy) throws Exception {
        Authenticator broken = new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                throw new IllegalStateException("hunter2");
            }
        };
        UpstreamException failure = failureOf(asked(ProxySettings.builder()
                .proxy(proxy)
                .authenticator(broken)
                .build()
                .routesTo(HUB)
                .get(0)));
        assertEquals(FailureKind.CONFIGURATION, failure.kind());
        assertTrue(failure.getMessage().contains("no usable credentials for " + proxy), failure.getMessage());
        assertFalse(failure.getMessage().contains("hunter2"), failure.getMessage());
    }

    /** Answers when the test lets it, and counts. */
    private static final class Person extends Authenticator {
        final AtomicInteger asked = new AtomicInteger();
        final CountDownLatch begun = new CountDownLatch(1);
        final CountDownLatch types = new CountDownLatch(1);

        @Override
        protected PasswordAuthentication getPasswordAuthentication() {
            asked.incrementAndGet();
            begun.countDown();
            try {
                assertTrue(types.await(60, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return new PasswordAuthentication(getRequestingHost(), "p".toCharArray());
        }
    }

    private static ProxyServer proxy(JavaAuthenticator from, String host) {
        return from.knownTo(ProxyServer.http(new HostPort(host, 1)), HUB);
    }

    private static UpstreamException failureOf(CompletableFuture<UserPassword> answer) {
        ExecutionException thrown = assertThrows(ExecutionException.class, () -> answer.get(20, TimeUnit.SECONDS));
        Throwable cause =
                thrown.getCause() instanceof CompletionException wrapped ? wrapped.getCause() : thrown.getCause();
        return (UpstreamException) Objects.requireNonNull(cause);
    }

    /** As when a site has lost its proxy for a moment and a thousand identities come back. */
    @Test
    void asksAPersonOnceForAllWhoWait() throws Exception {
        Person person = new Person();
        JavaAuthenticator authenticator = new JavaAuthenticator(person);
        List<CompletableFuture<UserPassword>> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            all.add(asked(proxy(authenticator, "a")));
        }
        CompletableFuture<UserPassword> elsewhere = asked(proxy(authenticator, "b"));
        person.types.countDown();
        for (CompletableFuture<UserPassword> each : all) {
            assertEquals(new UserPassword("a", "p"), each.get(20, TimeUnit.SECONDS));
        }
        assertEquals(new UserPassword("b", "p"), elsewhere.get(20, TimeUnit.SECONDS));
        assertEquals(2, person.asked.get());
    }

    @Test
    void asksAnewWhatWasRefusedAndWhatAnotherSchemeOrRealmWants() throws Exception {
        Person person = new Person();
        ProxyServer proxy = proxy(new JavaAuthenticator(person), "a");
        ProxyCredentialsProvider provider =
                Objects.requireNonNull(proxy.authentication().provider());
        List<CompletableFuture<UserPassword>> all = new ArrayList<>();
        for (ProxyCredentialsProvider.Request request : List.of(
                new ProxyCredentialsProvider.Request(proxy, "Digest", "realm", false),
                new ProxyCredentialsProvider.Request(proxy, "Digest", "realm", true),
                new ProxyCredentialsProvider.Request(proxy, "Basic", "realm", false),
                new ProxyCredentialsProvider.Request(proxy, "Digest", "other", false))) {
            all.add(provider.credentials(request).toCompletableFuture());
        }
        person.types.countDown();
        for (CompletableFuture<UserPassword> each : all) {
            each.get(20, TimeUnit.SECONDS);
        }
        assertEquals(4, person.asked.get());
    }

    @Test
    void aBurstOfDifferentQuestionsIsNoFailureOfTheCredentials() throws Exception {
        Person person = new Person();
        JavaAuthenticator authenticator = new JavaAuthenticator(person);
        List<CompletableFuture<UserPassword>> all = new ArrayList<>();
        all.add(asked(proxy(authenticator, "first")));
        assertTrue(person.begun.await(20, TimeUnit.SECONDS));
        for (int i = 0; i < JavaAuthenticator.MAX_QUESTIONS; i++) {
            all.add(asked(proxy(authenticator, "p" + i)));
        }
        UpstreamException failure = failureOf(asked(proxy(authenticator, "one-more")));
        assertEquals(FailureKind.INTERNAL, failure.kind());
        assertEquals("here", failure.hop());
        person.types.countDown();
        for (CompletableFuture<UserPassword> each : all) {
            each.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void nobodyWaitsForEverAndTheAnswerIsNotLost() throws Exception {
        Person person = new Person();
        JavaAuthenticator authenticator = new JavaAuthenticator(person, Duration.ofSeconds(2));
        UpstreamException failure = failureOf(asked(proxy(authenticator, "a")));
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals("here", failure.hop());

        assertTrue(person.begun.await(20, TimeUnit.SECONDS));
        CompletableFuture<UserPassword> again = asked(proxy(authenticator, "a"));
        person.types.countDown();
        assertEquals(new UserPassword("a", "p"), again.get(20, TimeUnit.SECONDS));
        assertEquals(1, person.asked.get());
    }

    @Test
    void anErrorReachesAllWhoWait() throws Exception {
        Authenticator broken = new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                throw new NoClassDefFoundError("thrown on purpose by a test");
            }
        };
        JavaAuthenticator authenticator = new JavaAuthenticator(broken);
        for (int time = 1; time <= 2; time++) {
            ExecutionException thrown = assertThrows(
                    ExecutionException.class,
                    () -> asked(proxy(authenticator, "a")).get(20, TimeUnit.SECONDS));
            assertTrue(thrown.toString().contains("thrown on purpose"), thrown.toString());
        }
    }
}
