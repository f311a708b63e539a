// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamProtocol;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Eleven things that go wrong between here and a hub, under each protocol: one line that says where, what and what to do. */
class FailureTableTest {
    /** For those that are found out by waiting. */
    private static final Duration SHORT = Duration.ofSeconds(2);

    /** For those that are found out at once: a busy machine must not turn them into a timeout. */
    private static final Duration AMPLE = Duration.ofSeconds(20);

    /** For starting and ending the command itself. */
    private static final Duration MARGIN = Duration.ofSeconds(2);

    private static final int AT_ONCE = 6;

    @TempDir
    private static Path directory;

    private static final Map<String, CompletableFuture<Shell.Run>> RUNS = new LinkedHashMap<>();
    private static TestHub hub;
    private static FailureLab lab;

    /** All together, a few at a time: some of them only wait. */
    @BeforeAll
    static void runAll() throws Exception {
        hub = TestHub.start();
        lab = new FailureLab(hub, directory);
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        Failure.underEachProtocol().forEach(row -> {
            Failure failure = (Failure) row.get()[0];
            UpstreamProtocol protocol = (UpstreamProtocol) row.get()[1];
            String[] args = lab.args(
                    failure, protocol, "--json", "--timeout", timeout(failure).toSeconds() + "s");
            RUNS.put(
                    failure + "-" + protocol,
                    CompletableFuture.supplyAsync(() -> Shell.run(new byte[] {'x', '\n'}, args), pool));
        });
        pool.shutdown();
    }

    @AfterAll
    static void stop() throws Exception {
        lab.close();
        hub.close();
    }

    @ParameterizedTest
    @MethodSource("io.upstream.cli.Failure#underEachProtocol")
    void endsInTimeWithOneLineThatNamesHopCauseAndRemedy(Failure failure, UpstreamProtocol protocol) {
        Shell.Run run = RUNS.get(failure + "-" + protocol).join();
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertTook(failure, run);
        assertEquals(1, run.errLines().size(), run.err());
        String line = run.errLines().get(0);
        assertTrue(line.startsWith("upstream send: "), line);
        assertTrue(line.matches(failure.words()), line);
        assertTrue(line.contains(lab.hop(failure, protocol)), line);
        assertEquals(1, run.events().size(), run.out());
        JsonNode error = run.last();
        assertEquals("error", error.get("event").asText());
        assertEquals(
                failure.outcome(protocol),
                error.get("stage").asText() + " " + error.get("kind").asText());
        assertEquals(lab.hop(failure, protocol), error.get("hop").asText());
        assertEquals("upstream send: " + error.get("message").asText(), line);
    }

    private static void assertTook(Failure failure, Shell.Run run) {
        assertTrue(run.took().compareTo(timeout(failure).plus(MARGIN)) < 0, run.toString());
        if (failure.isSilence()) {
            assertTrue(run.took().compareTo(timeout(failure)) >= 0, run.toString());
        }
    }

    private static Duration timeout(Failure failure) {
        return failure.isSilence() ? SHORT : AMPLE;
    }
}
