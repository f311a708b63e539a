// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamRuntime;
import io.upstream.UserPassword;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What all transports of a runtime know about proxies: which scheme each accepted last from whom, so that the next connection need not wait to
 * be asked. Forgotten as soon as the proxy asks again. Holds no password, and at most {@value #MAX_PROXIES} proxies. Thread-safe.
 */
final class ProxyMemory {
    static final int MAX_PROXIES = 256;

    private final List<PasswordScheme> schemes;
    private final Map<Key, Accepted> accepted = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * What a proxy accepted.
     *
     * @param scheme its name
     * @param realm for whoever is asked for credentials again
     * @param strength as of the challenge that was answered
     */
    record Accepted(String scheme, String realm, int strength) {}

    /** Another user, or another source of credentials, has to be asked again. */
    private record Key(ProxyKind kind, HostPort address, Object principal) {
        static Key of(ProxyServer proxy) {
            return new Key(proxy.kind(), proxy.address(), principal(proxy.authentication()));
        }

        private static Object principal(ProxyAuthentication authentication) {
            UserPassword given = authentication.userPassword();
            if (given != null) {
                return given.user();
            }
            return authentication.provider() == null ? authentication.authenticators() : authentication.provider();
        }
    }

    /** @param schemes for user name and password, whose own memory lasts as long as this */
    ProxyMemory(List<PasswordScheme> schemes) {
        this.schemes = List.copyOf(schemes);
    }

    static ProxyMemory on(UpstreamRuntime runtime) {
        return runtime.shared(ProxyMemory.class, ProxyMemory::ofAllSchemes);
    }

    /** Which of them are used is for each proxy's configuration to say. */
    static ProxyMemory ofAllSchemes() {
        return new ProxyMemory(List.of(new DigestScheme(new DigestMemory()), new NtlmScheme(), new BasicScheme()));
    }

    List<PasswordScheme> schemes() {
        return schemes;
    }

    synchronized Optional<Accepted> acceptedBy(ProxyServer proxy) {
        return Optional.ofNullable(accepted.get(Key.of(proxy)));
    }

    synchronized void remember(ProxyServer proxy, Accepted what) {
        accepted.put(Key.of(proxy), what);
        if (accepted.size() > MAX_PROXIES) {
            var eldest = accepted.keySet().iterator();
            eldest.next();
            eldest.remove();
        }
    }

    synchronized void forget(ProxyServer proxy) {
        accepted.remove(Key.of(proxy));
    }
}
