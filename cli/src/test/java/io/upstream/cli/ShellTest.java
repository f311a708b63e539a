// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.testing.Canaries;
import io.upstream.testing.SecretCheck;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a command prints is looked at for secrets, whatever its test looks at. */
class ShellTest {
    /** In place of the name of a host, which is none, and is shown. */
    private static final String SECRET = Canaries.DEVICE_KEY_TEXT;

    @AfterEach
    void forget() {
        SecretCheck.takeHits();
    }

    private static Shell.Run failing(String... more) {
        String[] args = {
            "send", "--hub", SECRET, "--device", "d", "--sasl", "anonymous", "--proxy", "none", "--timeout", "9s"
        };
        String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return Shell.run(all);
    }

    private static void assertNoticed(String in) {
        List<String> hits = SecretCheck.takeHits();
        assertTrue(hits.stream().anyMatch(hit -> hit.contains(SECRET + "' in " + in)), hits::toString);
    }

    @Test
    void noticesASecretInALineOfJson() {
        Shell.Run run = failing("--json");
        assertNotEquals(Cli.DONE, run.code());
        assertTrue(run.last().toString().contains(SECRET), run.out());
        assertNoticed("standard output");
    }

    @Test
    void noticesASecretOnStandardError() {
        Shell.Run run = failing();
        assertTrue(run.err().contains(SECRET), run.err());
        assertNoticed("standard error");
    }
}
