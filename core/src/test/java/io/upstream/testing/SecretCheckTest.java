// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class SecretCheckTest {
    private static final Logger log = LoggerFactory.getLogger("io.upstream.testing.secrets");

    @AfterEach
    void forget() {
        SecretCheck.takeHits();
    }

    static List<String> secrets() {
        String login = Canaries.base64("user:" + Canaries.PROXY_PASSWORD);
        return List.of(
                "x" + Canaries.PROXY_PASSWORD,
                login,
                Canaries.base64("\0user\0" + Canaries.USER_PASSWORD),
                Canaries.encoded(Canaries.PROXY_PASSWORD),
                "the key " + Canaries.DEVICE_KEY,
                "SharedAccessSignature sr=h%2Fdevices%2Fd&sig=abcdefghijklmn%3D&se=1",
                "HostName=h;DeviceId=d;SharedAccessKey=abcd",
                "Proxy-Authorization: Digest username=\"u\"",
                "proxy-authorization: Negotiate YII",
                "NTLM TlRMTVNTUAADAAAAGAAYAIIAAADs",
                "Negotiate YIICdgYGKwYBBQUCoIICajCCAmag",
                "Digest username=\"u\", response=\"a31051789d10dfdf74ebee79c6fbcc15\"");
    }

    @ParameterizedTest(name = "F141 log-scan, {index}")
    @MethodSource("secrets")
    void noticesASecretInWhatIsNotEvenPrinted(String secret) {
        log.trace("a {} within", secret);
        assertEquals(1, SecretScan.takeHits().size());
    }

    @Test
    void noticesASecretInWhatAnExceptionSuppresses() {
        IOException outer = new IOException("outer", new IOException("cause"));
        outer.addSuppressed(new IllegalStateException("for " + Canaries.DEVICE_KEY_TEXT));
        log.debug("it failed", outer);
        assertEquals(1, SecretScan.takeHits().size());
        log.debug("it failed for {}", "d", outer);
        assertEquals(1, SecretScan.takeHits().size());
    }

    @Test
    void hearsThoseWhoAskFirst() {
        assertTrue(log.isTraceEnabled());
        assertFalse(LoggerFactory.getLogger("org.example").isDebugEnabled(), "others are left alone");
    }

    @Test
    void noticesASecretThatWasMadeUpOnlyNow() {
        SecretScan.guard("made-up-now-4711");
        log.info("made-up-now-4711");
        assertEquals(1, SecretScan.takeHits().size());
    }

    static List<Throwable> leaks() {
        String secret = "for " + Canaries.PROXY_PASSWORD;
        IOException outer = new IOException("outer", new IOException("cause"));
        outer.addSuppressed(new UnsupportedOperationException("suppressed " + secret));
        return List.of(
                new IllegalArgumentException("only " + secret),
                new IOException("outer", new IllegalStateException("below " + secret)),
                outer,
                new AssertionError("failed " + secret),
                UpstreamException.of(FailureKind.CLOSED, UpstreamException.Where.here("open"), "ours " + secret));
    }

    /** Nobody throws them, logs them or shows them to anybody. */
    @Test
    void noticesASecretInAnExceptionThatNobodyShows() {
        assumeTrue(FlightWatch.isPossible());
        SecretCheck.takeHits();
        int made = leaks().size();
        List<String> hits = SecretCheck.takeHits();
        assertTrue(hits.size() >= made, hits::toString);
        for (String name : List.of("only", "below", "suppressed", "failed", "ours")) {
            assertTrue(hits.stream().anyMatch(hit -> hit.contains(name + " for")), name + " in " + hits);
        }
    }

    @Test
    void noticesASecretInTheNameOfAThreadThatHasEnded() throws InterruptedException {
        assumeTrue(FlightWatch.isPossible());
        Thread named = new Thread(() -> {}, "for " + Canaries.DEVICE_KEY_TEXT);
        named.start();
        named.join();
        assertTrue(SecretCheck.takeHits().stream().anyMatch(hit -> hit.contains("the name of a thread")));
    }

    @Test
    void noticesASecretInWhatIsPrinted() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (OutputWatch out = new OutputWatch("the output", printed, StandardCharsets.UTF_8)) {
            out.println("nothing");
            out.printf("{\"password\":\"%s\"}%n", Canaries.USER_PASSWORD);
            out.println();
            out.println("{\"password\":\"" + Canaries.USER_PASSWORD.replace("ö", "\\u00f6") + "\"}");
            out.append("without an end: ").append(Canaries.DEVICE_KEY);
            out.look();
        }
        assertEquals(3, SecretScan.takeHits().size());
        assertTrue(printed.toString(StandardCharsets.UTF_8).startsWith("nothing"));
        assertInstanceOf(OutputWatch.class, System.out);
        assertInstanceOf(OutputWatch.class, System.err);
    }

    /** Names of hosts are no secrets, and are shown; what hides itself and what is the test's own are left alone. */
    @SuppressWarnings("UnusedVariable") // looked at by reflection
    private static final class Holding {
        private static final HostPort KEPT = new HostPort(Canaries.DEVICE_KEY_TEXT, 1);

        private final List<Object> several = List.of("x", new HostPort(Canaries.WRONG_KEY_TEXT, 1));
        private final Map<String, HostPort> named = Map.of("x", new HostPort("canary-key-of-the-device", 2));
        private final UserPassword hidden = new UserPassword("u", Canaries.USER_PASSWORD);
        private final String own = Canaries.USER_PASSWORD;
    }

    @Test
    void noticesASecretInTheTextFormOfWhatATestHolds() {
        TextForms.look(new Holding());
        List<String> hits = SecretScan.takeHits();
        assertEquals(3, hits.size(), hits::toString);
        assertTrue(hits.stream().allMatch(hit -> hit.contains("HostPort, which Holding holds")), hits::toString);
    }

    /** The whole of it: a class that ends so is a class that fails. */
    @Test
    void failsTheClass() {
        ExtensionContext context = (ExtensionContext) Proxy.newProxyInstance(
                SecretCheckTest.class.getClassLoader(),
                new Class<?>[] {ExtensionContext.class},
                (proxy, method, args) -> method.getReturnType() == Optional.class ? Optional.empty() : "SomeTest");
        SecretCheck check = new SecretCheck();
        check.beforeAll(context);
        SecretScan.takeHits();
        check.afterAll(context);
        leaks();
        String said = assertThrows(AssertionError.class, () -> check.afterAll(context))
                .getMessage();
        assertTrue(said.contains("secrets came to light in or before SomeTest"), said);
        check.afterAll(context); // what was said of it is not taken for another
    }

    @Test
    void noticesASecretInTheNameOfAThread() throws InterruptedException {
        Thread named = new Thread(SecretCheck::lookAtThreads, "for " + Canaries.USER_PASSWORD);
        named.start();
        named.join();
        assertEquals(1, SecretScan.takeHits().size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sig=***&se=1",
                "SharedAccessKey=***",
                "Proxy-Authorization: Basic ***",
                "a design=of-something",
                "handshake key: noDZVL129+dDs/4CXgfsig==, response: EUALsrgq6jP4og8fXWyhrBiy18c=",
                "handshake key: noDZVL129+dDs/4CXgfsiA==, response: EUALsrgq6jP4og8fXWyhrBiysig="
            })
    void takesNothingElseForASecret(String text) {
        log.info("this is {}", text);
        assertEquals(List.of(), SecretScan.takeHits());
    }
}
