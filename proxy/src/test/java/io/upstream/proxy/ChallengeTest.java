// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ProxyChallenge;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** One line for each field line; a challenge is written {@code scheme[token]{parameters}}. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "F82 unknown scheme | Foo x=1 | Foo[]{x=1}",
                "F83 unknown plus Basic | Foo x=\"a, Basic realm=\\\"b\\\"\" ¶ Basic | Foo[]{x=a, Basic realm=\"b\"} Basic[]{}",
                "F84 merged line | Negotiate, NTLM, Basic realm=\"x\", Digest nonce=n, qop=\"auth\""
                        + " | Negotiate[]{} NTLM[]{} Basic[]{realm=x} Digest[]{nonce=n, qop=auth}",
                "F85 commas in quotes | Digest realm=\"a, b\", qop=\"auth,auth-int\" | Digest[]{qop=auth,auth-int, realm=a, b}",
                "F86 squid's realm | Basic realm=\"Squid, \"test\" realm\" | Basic[]{}",
                "F86 among others | Digest nonce=n, realm=r ¶ Basic realm=\"Squid, \"test\" realm\" ¶ NTLM"
                        + " | Digest[]{nonce=n, realm=r} Basic[]{} NTLM[]{}",
                "F87 unterminated quote | Digest realm=\"x | Digest[]{}",
                "F87 unterminated escape | Digest realm=\"x\\ | Digest[]{}",
                "F88 escaped realm | Digest realm=\"a\\\"b\\\\c\" | Digest[]{realm=a\"b\\c}",
                "F89 padded token | NTLM TlRMTVNTUAAC== | NTLM[TlRMTVNTUAAC==]{}",
                "F89 token, then more | Negotiate oYG+/w= , Basic realm=x | Negotiate[oYG+/w=]{} Basic[]{realm=x}",
                "F89 parameter | Negotiate a=b | Negotiate[]{a=b}",
                "F89 padding in the middle | NTLM Tl=RM | NTLM[]{tl=RM}",
                "F89 token and a parameter | NTLM TlRM==, a=b | NTLM[]{}",
                "F90 empty elements | , ,Basic realm=x,, | Basic[]{realm=x}",
                "F91 case and blanks | bAsIc   ReAlM = \"x\" | bAsIc[]{realm=x}",
                "F91 tabs | Basic\trealm\t=\t\"x\"\t,\tcharset=\"UTF-8\" | Basic[]{charset=UTF-8, realm=x}",
                "F93 empty realm | Digest realm=\"\", nonce=\"n\" | Digest[]{nonce=n, realm=}",
                "F95 quoted algorithm | Digest algorithm=\"md5\", nonce=n | Digest[]{algorithm=md5, nonce=n}",
                "first value wins | Digest nonce=a, NONCE=b | Digest[]{nonce=a}",
                "missing comma | Basic realm=\"x\" Digest nonce=n | Basic[]{}"
            })
    void reads(String name, String lines, String expected) {
        assertEquals(
                expected,
                ChallengeReader.readAll(List.of(lines.split(" ¶ ", -1))).stream()
                        .map(challenge -> challenge.scheme()
                                + '['
                                + challenge.token()
                                + ']'
                                + new TreeMap<>(challenge.parameters()))
                        .collect(Collectors.joining(" ")));
    }

    @Test
    void losesWhatStandsWhereALineIsTooLong() {
        String nonce = "n".repeat(ChallengeReader.MAX_LINE);
        assertEquals(new ProxyChallenge("Digest", "", Map.of()), only("Digest realm=x, nonce=" + nonce));
        assertEquals(new ProxyChallenge("Negotiate", "", Map.of()), only("Negotiate " + nonce));
    }

    @ParameterizedTest
    @ValueSource(strings = {"A ", "A,", "A =", "a=\"", "\\\"", "A a=b,", "==", ", ", "A aaaa", "\"", "a =\t\"\\"})
    void readsAMegabyteInNoTime(String pattern) {
        String line = "Digest " + pattern.repeat((1 << 20) / pattern.length());
        for (int i = 0; i < 100; i++) {
            assertTrue(ChallengeReader.readAll(List.of(line)).size() <= ChallengeReader.MAX_CHALLENGES);
        }
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
