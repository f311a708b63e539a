// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamRuntime;
import io.upstream.UserPassword;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all transports of a runtime know about proxies: which scheme each accepted last from whom, so that the next connection need not wait to
 * be asked, which is forgotten as soon as the proxy asks again; and how well what it took protects a password, so that nobody on the way
 * gets it by asking for less. The latter ends only when less has been asked for all of {@link #DISBELIEF}: the proxy was changed then. Holds
 * no password, and at most {@value #MAX_PROXIES} proxies. Thread-safe.
 */
final class ProxyMemory {
    static final int MAX_PROXIES = 256;

    /** For how long a proxy that asks for less than before is not believed. */
    static final Duration DISBELIEF = Duration.ofHours(1);

    private static final Logger log = LoggerFactory.getLogger(ProxyMemory.class);

    private final List<PasswordScheme> schemes;
    private final LongSupplier nanos;
    private final Map<Key, Accepted> accepted = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Key, Proven> proven = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * What a proxy accepted.
     *
     * @param scheme its name
     * @param realm for whoever is asked for credentials again
     * @param strength as of the challenge that was answered
     */
    record Accepted(String scheme, String realm, int strength) {}

    /**
     * The best that was accepted.
     *
     * @param doubtedSince when the proxy first asked for less, or null
     */
    private record Proven(Accepted best, @Nullable Long doubtedSince) {}

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
        this(schemes, System::nanoTime);
    }

    /** @param nanos a clock as {@link System#nanoTime} */
    ProxyMemory(List<PasswordScheme> schemes, LongSupplier nanos) {
        this.schemes = List.copyOf(schemes);
        this.nanos = nanos;
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

    /** The tunnel is open. */
    synchronized void remember(ProxyServer proxy, Accepted what) {
        Key key = Key.of(proxy);
        accepted.put(key, what);
        dropEldest(accepted);
        prove(key, what);
    }

    /** The proxy judged something else than the credentials: those it took. */
    synchronized void prove(ProxyServer proxy, Accepted what) {
        prove(Key.of(proxy), what);
    }

    private void prove(Key key, Accepted what) {
        Proven before = proven.get(key);
        if (what.strength() > PasswordScheme.BASIC && (before == null || before.best.strength() <= what.strength())) {
            proven.put(key, new Proven(what, null));
            dropEldest(proven);
        }
    }

    /** What the proxy must not ask for less than; empty if nothing is known, or if it has asked for less for so long that it is believed. */
    synchronized Optional<Accepted> bestOf(ProxyServer proxy) {
        Key key = Key.of(proxy);
        Proven known = proven.get(key);
        if (known == null) {
            return Optional.empty();
        }
        Long since = known.doubtedSince;
        if (since != null && nanos.getAsLong() - since >= DISBELIEF.toNanos()) {
            proven.remove(key);
            log.warn(
                    "{} has offered less than {} for {} min, and is believed from now on",
                    proxy,
                    known.best.scheme(),
                    DISBELIEF.toMinutes());
            return Optional.empty();
        }
        return Optional.of(known.best);
    }

    /** The proxy asked for less than {@link #bestOf}, and was not answered. */
    synchronized void doubt(ProxyServer proxy) {
        proven.computeIfPresent(
                Key.of(proxy),
                (key, known) -> known.doubtedSince != null ? known : new Proven(known.best, nanos.getAsLong()));
    }

    /** The proxy asks again: it is not spoken to unasked any more. */
    synchronized void forget(ProxyServer proxy) {
        accepted.remove(Key.of(proxy));
    }

    private static void dropEldest(Map<?, ?> map) {
        if (map.size() > MAX_PROXIES) {
            var eldest = map.keySet().iterator();
            eldest.next();
            eldest.remove();
        }
    }
}
