// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.ProxyChallenge;
import io.upstream.testing.Mutants;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever stands in Proxy-Authenticate: challenges within the limits, no exception, and what was understood reads the same again. */
class ChallengeFuzzTest {
    static Stream<byte[]> seeds() {
        return Stream.of(
                        "Basic realm=\"a \\\"b\\\"\", charset=UTF-8",
                        "Negotiate, NTLM TlRMTVNTUAAC==, Digest realm=\"x\", nonce=\"y\", qop=\"auth,auth-int\"",
                        "Bearer es ,error=x",
                        " , ,Bearer\tscope = \"\" ,error=x",
                        "Basic realm=\"squid \"proxy\" caching\"")
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAnyLineWithinTheLimits(byte[] input) {
        List<ProxyChallenge> challenges = read(new String(input, StandardCharsets.ISO_8859_1));
        assertTrue(challenges.size() <= ChallengeReader.MAX_CHALLENGES);
        for (ProxyChallenge challenge : challenges) {
            assertFalse(challenge.scheme().isEmpty());
            assertTrue(challenge.parameters().size() <= ChallengeReader.MAX_PARAMETERS);
            assertTrue(challenge.token().isEmpty() || challenge.parameters().isEmpty());
            String written = written(challenge);
            if (written.length() <= ChallengeReader.MAX_LINE) {
                assertEquals(List.of(challenge), read(written));
            }
        }
    }

    @Test
    void readsMutantsOfChallenges() {
        Mutants.feed(seeds(), 10_000, this::readsAnyLineWithinTheLimits);
    }

    private static List<ProxyChallenge> read(String line) {
        return new ChallengeReader(line).read();
    }

    private static String written(ProxyChallenge challenge) {
        String parameters = challenge.parameters().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getKey().toUpperCase(Locale.ROOT) + "=\""
                        + entry.getValue().replace("\\", "\\\\").replace("\"", "\\\"") + '"')
                .collect(Collectors.joining(" ,"));
        return (challenge.scheme() + ' ' + challenge.token() + parameters).strip();
    }
}
