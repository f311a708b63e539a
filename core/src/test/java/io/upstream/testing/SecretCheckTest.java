// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class SecretCheckTest {
    private static final Logger log = LoggerFactory.getLogger("io.upstream.testing.secrets");

    @AfterEach
    void forget() {
        SecretScan.takeHits();
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

    @Test
    void noticesASecretInTheNameOfAThread() throws InterruptedException {
        Thread named = new Thread(SecretCheck::lookAtThreads, "for " + Canaries.USER_PASSWORD);
        named.start();
        named.join();
        assertEquals(1, SecretScan.takeHits().size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sig=***&se=1", "SharedAccessKey=***", "Proxy-Authorization: Basic ***", "a design=of-something"
            })
    void takesNothingElseForASecret(String text) {
        log.info("this is {}", text);
        assertEquals(List.of(), SecretScan.takeHits());
    }
}
