// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.ProxyChallenge;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChallengeTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "Basic realm=\"x\" | Basic",
                "Basic | Basic",
                "Foo x=\"a, Basic realm=\\\"b\\\"\" | Foo",
                "Negotiate, NTLM, Basic realm=\"x\", Digest nonce=\"n\", qop=\"auth\" | Negotiate NTLM Basic Digest",
                "Basic realm=\"Squid, \"test\" realm\" | Basic",
                "NTLM, Basic realm=\"Squid, \"test\" realm\" | NTLM Basic",
                "Digest realm=\"x | Digest",
                ", ,Basic realm=x,, | Basic",
                "bAsIc   ReAlM = \"x\" | bAsIc",
                "Negotiate a=b | Negotiate",
                "NTLM TlRM==, Basic | NTLM Basic",
                "= | ''",
                "realm=\"x\" | ''",
                "; Basic | ''"
            })
    void findsTheSchemesOf(String line, String schemes) {
        assertEquals(
                schemes.equals("''") ? "" : schemes,
                ChallengeReader.readAll(List.of(line)).stream()
                        .map(ProxyChallenge::scheme)
                        .collect(Collectors.joining(" ")));
    }

    @Test
    void readsParametersWithCommasEscapesAndBlanks() {
        ProxyChallenge digest =
                only("Digest realm=\"a\\\"b\\\\c, d\" ,\tQOP = \"auth,auth-int\", algorithm=MD5, realm=second");
        assertEquals(Map.of("realm", "a\"b\\c, d", "qop", "auth,auth-int", "algorithm", "MD5"), digest.parameters());
    }

    @Test
    void tellsATokenFromAParameter() {
        assertEquals("TlRMTVNTUAAC==", only("NTLM TlRMTVNTUAAC==").token());
        assertEquals("oYG/+-._~", only("Negotiate oYG/+-._~ ").token());
        assertEquals(Map.of("a", "b"), only("Negotiate a=b").parameters());
    }

    @Test
    void losesTheParametersOfABrokenChallenge() {
        assertEquals(new ProxyChallenge("Basic", "", Map.of()), only("Basic charset=\"UTF-8\", realm=\"a\"b\""));
    }

    @Test
    void joinsLines() {
        List<ProxyChallenge> challenges = ChallengeReader.readAll(List.of("Digest nonce=\"n\"", "Basic realm=\"x\""));
        assertEquals(
                List.of("Digest", "Basic"),
                challenges.stream().map(ProxyChallenge::scheme).toList());
    }

    @Test
    void readsOnlySoMuch() {
        assertEquals(
                ChallengeReader.MAX_CHALLENGES,
                ChallengeReader.readAll(List.of("A,".repeat(1000))).size());
        assertEquals(
                ChallengeReader.MAX_CHALLENGES,
                ChallengeReader.readAll(List.of("A,".repeat(10), "A,".repeat(10)))
                        .size());
        assertEquals(
                1,
                ChallengeReader.readAll(List.of("Basic realm=" + "x".repeat(1 << 20) + ", NTLM"))
                        .size());
        assertEquals(Map.of(), only("A " + numbered(40)).parameters());
    }

    private static String numbered(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append('p').append(i).append("=v,");
        }
        return text.toString();
    }

    private static ProxyChallenge only(String line) {
        List<ProxyChallenge> challenges = ChallengeReader.readAll(List.of(line));
        assertEquals(1, challenges.size(), challenges.toString());
        return challenges.get(0);
    }
}
