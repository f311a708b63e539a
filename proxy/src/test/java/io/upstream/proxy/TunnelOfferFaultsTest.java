// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.login;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.proxy.TunnelBench.Case;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What comes of the ways to write a challenge, over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelOfferFaultsTest {
    private static final String BASIC = "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    private static final String DIGEST = "Proxy-Authorization: Digest username=\"Aladdin\", ";

    private final TunnelBench bench = new TunnelBench(ProxyMemory::ofAllSchemes);

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    private static String asks(String... offers) {
        StringBuilder head = new StringBuilder("HTTP/1.1 407 P\r\n");
        for (String offer : offers) {
            head.append("Proxy-Authenticate: ").append(offer).append("\r\n");
        }
        return head + "Content-Length: 0\r\n\r\n";
    }

    private static Case answered(String name, String words, String... offers) {
        return Case.opens(name, line -> {
                    line.answer(asks(offers));
                    line.send(line.request().contains(words) ? ESTABLISHED : "HTTP/1.1 400 not expected\r\n\r\n");
                    line.awaitEnd();
                })
                .by(login())
                .over(1, 2);
    }

    private static Case refused(String name, ProxyAuthentication login, String words, String... offers) {
        return Case.fails(name, FailureKind.PROXY_AUTH, words, line -> {
                    line.answer(asks(offers));
                    line.awaitEnd();
                })
                .by(login)
                .over(1, 1);
    }

    static Stream<Case> offers() {
        String four = "Negotiate, NTLM, Basic realm=\"x\", Digest realm=\"y\", nonce=\"n\", qop=\"auth\"";
        return Stream.of(
                answered("F84 merged-line", DIGEST + "realm=\"y\", nonce=\"n\"", four),
                refused(
                        "F84 merged-line, nobody has credentials",
                        ProxyAuthentication.NONE,
                        "schemes offered: Negotiate, NTLM, Basic for 'x', Digest for 'y'",
                        four),
                answered(
                        "F85 commas-in-quotes",
                        DIGEST + "realm=\"a, b\"",
                        "Digest realm=\"a, b\", qop=\"auth,auth-int\", nonce=\"n\""),
                refused("F87 unterminated-quote", login(), "schemes offered: Digest", "Digest realm=\"x"),
                answered(
                        "F88 escaped-realm",
                        DIGEST + "realm=\"a\\\"b\\\\c\"",
                        "Digest realm=\"a\\\"b\\\\c\", nonce=\"n\""),
                answered("F89 token68-padding, a token", BASIC, "NTLM TlRMTVNTUAAC==, Basic realm=\"x\""),
                answered("F89 token68-padding, a parameter", BASIC, "Negotiate a=b, Basic realm=\"x\""),
                answered("F90 empty-elements", BASIC, ", ,Basic realm=x,,"),
                answered("F91 case-and-space, blanks", BASIC, "bAsIc   ReAlM = \"x\""),
                answered("F91 case-and-space, tabs", BASIC, "Basic\trealm\t=\t\"x\"\t,\tcharset=\"UTF-8\""),
                refused("F93 digest-no-nonce", login(), "schemes offered: Digest", "Digest realm=\"x\""),
                answered("F93 empty-realm", DIGEST + "realm=\"\"", "Digest realm=\"\", nonce=\"n\""),
                answered(
                        "F94 digest-bad-alg, SHA-1 and then MD5",
                        DIGEST + "realm=\"x\", nonce=\"m\"",
                        "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-1",
                        "Digest realm=\"x\", nonce=\"m\", algorithm=MD5"),
                answered(
                        "F94 digest-bad-alg, MD5-foo and then MD5",
                        DIGEST + "realm=\"x\", nonce=\"m\"",
                        "Digest realm=\"x\", nonce=\"n\", algorithm=MD5-foo, Digest realm=\"x\", nonce=\"m\""),
                answered("F95 digest-alg-quoted", DIGEST, "Digest realm=\"x\", nonce=\"n\", algorithm=\"md5\""),
                refused(
                        "F96 digest-qop-unknown",
                        login(),
                        "schemes offered: Digest",
                        "Digest realm=\"x\", nonce=\"n\", qop=\"auth-conf\""),
                answered(
                        "F97 digest-sess, MD5",
                        "algorithm=MD5-sess, qop=auth, nc=00000001, cnonce=\"",
                        "Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=MD5-sess"),
                answered(
                        "F97 digest-sess, SHA-256",
                        "algorithm=SHA-256-sess, qop=auth, nc=00000001, cnonce=\"",
                        "Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256-sess"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("offers")
    void readsAChallengeHoweverItIsCut(Case row) throws Exception {
        bench.playSomeCuts(row, 130, 9);
    }
}
