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
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

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
                .proxies("http://a:1,http://u:p@b:1,http://c:2,socks5h://d:1,socks5h://e:2")
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
        assertEquals(
                new UserPassword("d.SOCKS5..", "p"),
                ((ProxyServer) routes.get(3)).authentication().userPassword());
        assertEquals(ProxyAuthentication.NONE, ((ProxyServer) routes.get(4)).authentication());
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

    @Test
    void saysWhichAuthenticatorIsOfNoUse() {
        Authenticator broken = new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                throw new IllegalStateException("hunter2");
            }
        };
        String message = failure(ProxySettings.builder()
                .proxy("socks5h://a:1")
                .authenticator(broken)
                .build());
        assertTrue(message.contains("no usable credentials for socks5h://a:1"), message);
        assertFalse(message.contains("hunter2"), message);
    }

    private static String failure(ProxySettings settings) {
        UpstreamException error = assertThrows(UpstreamException.class, () -> settings.routesTo(HUB));
        assertEquals(FailureKind.CONFIGURATION, error.kind());
        return String.valueOf(error.getMessage());
    }
}
