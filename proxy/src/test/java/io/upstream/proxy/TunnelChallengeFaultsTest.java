// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.BASIC;
import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.login;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import io.upstream.proxy.TunnelBench.Case;
import java.io.IOException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a proxy can do with a 407 and the CONNECT that answers it, over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelChallengeFaultsTest {
    private static final String ASKS = "HTTP/1.1 407 Proxy Authentication Required\r\n";
    private static final String BASIC_ASKED = ASKS + "Proxy-Authenticate: Basic realm=\"corp\"\r\n";
    private static final String EMPTY = "Content-Length: 0\r\n\r\n";
    private static final String PAGE = "<html>" + "x".repeat(3000) + "</html>";
    private static final TunnelLimits IMPATIENT =
            new TunnelLimits(Duration.ofSeconds(15), Duration.ofSeconds(15), Duration.ofMillis(150), 64 << 10);

    private final TunnelBench bench = new TunnelBench();

    @BeforeAll
    void warmUp() throws Exception {
        bench.play(opens("warm-up", 1, line -> takes(line, BASIC_ASKED + EMPTY)));
    }

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    /** Asks, and opens the tunnel to whoever answers on the same connection. */
    private static void takes(ScriptedProxy.Line line, String... asking) throws IOException {
        line.request();
        for (String text : asking) {
            line.send(text);
        }
        opensTo(line);
    }

    private static void opensTo(ScriptedProxy.Line line) throws IOException {
        line.send(isBasic(line.request()) ? ESTABLISHED : "HTTP/1.1 400 no credentials\r\n\r\n");
        line.awaitEnd();
    }

    private static boolean isBasic(String request) {
        return request.contains(BASIC);
    }

    /** The second connection takes the credentials. */
    private static final Dialogue SECOND = TunnelChallengeFaultsTest::opensTo;

    private static Case opens(String name, int connections, Dialogue... dialogues) {
        return Case.opens(name, dialogues).by(login()).over(connections, 0);
    }

    /** Asks so, then ends the connection, or not; the second one opens the tunnel. */
    private static Case reconnects(String name, String asking, boolean closes) {
        return opens(
                name,
                2,
                line -> {
                    line.answer(asking);
                    if (!closes) {
                        line.awaitEnd();
                    }
                },
                SECOND);
    }

    static Stream<Case> reusing() {
        return Stream.of(
                opens("F60 407-basic-keepalive", 1, line -> takes(line, BASIC_ASKED + EMPTY)),
                opens(
                        "F61 407-body-cl",
                        1,
                        line -> takes(
                                line,
                                BASIC_ASKED + "Content-Length: " + PAGE.length() + "\r\n\r\n",
                                PAGE.substring(0, 1),
                                PAGE.substring(1, 500),
                                PAGE.substring(500, 501),
                                PAGE.substring(501, 1400),
                                PAGE.substring(1400, 2000),
                                PAGE.substring(2000))),
                opens(
                        "F62 407-body-chunked",
                        1,
                        line -> takes(
                                line,
                                BASIC_ASKED + "Transfer-Encoding: chunked\r\n\r\n",
                                "5;name=\"v;\"\r\nhello\r\n" + "1\r\nx\r\n".repeat(20) + "0\r\nX-Trailer: y\r\n\r\n")),
                opens(
                        "F64 407-gzip",
                        1,
                        line -> takes(
                                line,
                                BASIC_ASKED
                                        + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\u001f\u008b\u0008x\n")),
                opens(
                        "F70 407-http10-keepalive",
                        1,
                        line -> takes(
                                line,
                                BASIC_ASKED.replace("1.1", "1.0")
                                        + "Proxy-Connection: Keep-Alive\r\nContent-Length: 3\r\n\r\nabc")),
                opens(
                        "F75 407-dup-cl, equal lines",
                        1,
                        line -> takes(line, BASIC_ASKED + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")),
                opens(
                        "F75 407-dup-cl, equal list",
                        1,
                        line -> takes(line, BASIC_ASKED + "Content-Length: 5, 5\r\n\r\nhello")),
                opens(
                        "F83 unknown-plus-basic",
                        1,
                        line -> takes(
                                line,
                                ASKS + "Proxy-Authenticate: Foo x=\"a, Basic realm=\\\"b\\\"\"\r\n"
                                        + "Proxy-Authenticate: Basic realm=\"c\"\r\n" + EMPTY)),
                opens(
                        "F86 unescaped-quotes-realm",
                        1,
                        line -> takes(
                                line, ASKS + "Proxy-Authenticate: Basic realm=\"Squid, \"test\" realm\"\r\n" + EMPTY)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("reusing")
    void answersOnTheSameConnectionHoweverThe407IsCut(Case row) throws Exception {
        bench.playHoweverCut(row.over(1, 2), 240);
    }

    static Stream<Case> leaving() {
        String chunked = BASIC_ASKED + "Transfer-Encoding: chunked\r\n\r\n";
        String length = BASIC_ASKED + "Content-Length: ";
        return Stream.of(
                reconnects("F63 407-chunked-bad zz", chunked + "zz\r\nhello\r\n0\r\n\r\n", false),
                reconnects("F63 407-chunked-bad missing CRLF", chunked + "5\r\nhello0\r\n\r\n", false),
                reconnects("F63 407-chunked-bad negative", chunked + "-5\r\nhello\r\n0\r\n\r\n", false),
                reconnects("F63 407-chunked-bad 2^63", chunked + "8000000000000000\r\nhello", false),
                reconnects("F65 407-close-delimited-fin", BASIC_ASKED + "\r\n<html>", true),
                reconnects("F66 407-close-delimited-open", BASIC_ASKED + "\r\n<html>", false),
                reconnects("F67 407-connection-close", BASIC_ASKED + "Connection: foo, Close\r\n" + EMPTY, true),
                reconnects(
                        "F68 407-proxy-connection-close", BASIC_ASKED + "Proxy-Connection: close\r\n" + EMPTY, false),
                reconnects("F70 407-http10 without keep-alive", BASIC_ASKED.replace("1.1", "1.0") + EMPTY, false),
                reconnects("F73 407-extra-bytes", length + "3\r\n\r\nabcEXTRA", false),
                reconnects("F73 407-extra-bytes like an answer", length + "3\r\n\r\nabcHTTP/1.1 999 X\r\n\r\n", false),
                reconnects(
                        "F74 407-te-and-cl",
                        BASIC_ASKED + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                        false),
                reconnects("F75 407-dup-cl, different lines", length + "5\r\nContent-Length: 6\r\n\r\nhello", false),
                reconnects("F75 407-dup-cl, different list", length + "5, 6\r\n\r\nhello", false),
                reconnects("F75 407-cl 5x", length + "5x\r\n\r\nhello", false),
                reconnects("F75 407-cl -1", length + "-1\r\n\r\nhello", false),
                reconnects("F75 407-cl 2^64", length + "18446744073709551616\r\n\r\nhello", false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("leaving")
    void answersOnAnotherConnectionHoweverThe407IsCut(Case row) throws Exception {
        bench.playHoweverCut(row, 220);
    }

    static Stream<Case> once() {
        return Stream.of(
                opens(
                        "F69 407-lying-keepalive, FIN",
                        2,
                        line -> {
                            line.answer(BASIC_ASKED + EMPTY);
                            line.request();
                        },
                        SECOND),
                opens("F69 407-lying-keepalive, FIN at once", 2, line -> line.answer(BASIC_ASKED + EMPTY), SECOND),
                opens(
                        "F69 407-lying-keepalive, RST",
                        2,
                        line -> {
                            line.answer(BASIC_ASKED + EMPTY);
                            line.request();
                            line.reset();
                        },
                        SECOND),
                opens(
                        "F71 407-huge-body, length",
                        2,
                        line -> line.answer(BASIC_ASKED + "Content-Length: 10485760\r\n\r\n" + "x".repeat(10 << 20)),
                        SECOND),
                opens(
                        "F71 407-huge-body, chunks",
                        2,
                        line -> line.answer(BASIC_ASKED + "Transfer-Encoding: chunked\r\n\r\n"
                                + ("1000\r\n" + "x".repeat(4096) + "\r\n").repeat(2560)),
                        SECOND),
                opens(
                                "F72 407-slow-body",
                                2,
                                line -> {
                                    line.answer(BASIC_ASKED + "Content-Length: 1000\r\n\r\n");
                                    line.sendForEver("x", 40);
                                },
                                SECOND)
                        .within(IMPATIENT),
                fails("F76 407-no-challenge", login(), "no scheme offered", 1, line -> always(line, ASKS + EMPTY)),
                fails(
                        "F77 407-no-credentials",
                        ProxyAuthentication.NONE,
                        "schemes offered: Negotiate, Basic for 'corp'): put user and password",
                        1,
                        line -> always(line, ASKS + "Proxy-Authenticate: Negotiate, Basic realm=\"corp\"\r\n" + EMPTY)),
                fails(
                        "F78 407-loop-basic",
                        login(),
                        "does not take these credentials (schemes offered: Basic for 'corp')",
                        2,
                        line -> always(line, BASIC_ASKED + EMPTY)),
                fails(
                        "F78 407-loop-basic, closing",
                        login(),
                        "does not take these credentials",
                        2,
                        line -> line.answer(BASIC_ASKED + "\r\n")),
                fails(
                        "F79 407-loop-new-nonce",
                        login(),
                        "does not take these credentials",
                        2,
                        TunnelChallengeFaultsTest::newNonces),
                fails("F80 407-loop-stale", login(), "stale", 4, line -> {
                    for (int i = 0; i < 20; i++) {
                        line.answer(ASKS + "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n" + i
                                + "\", stale=TRUE\r\n" + EMPTY);
                    }
                }),
                Case.opens("F81 407-after-preemptive", line -> {
                            line.send(
                                    isBasic(line.request())
                                            ? ASKS + "Proxy-Authenticate: Digest nonce=\"n\"\r\n" + EMPTY
                                            : ASKS + EMPTY);
                            line.send(line.request().contains("Digest Aladdin n") ? ESTABLISHED : ASKS + EMPTY);
                            line.awaitEnd();
                        })
                        .by(login().toBuilder().basicUnasked(true).build())
                        .over(1, 2),
                fails(
                        "F82 unknown-scheme",
                        login(),
                        "none of the schemes that are configured here (schemes offered: Foo)",
                        1,
                        line -> always(line, ASKS + "Proxy-Authenticate: Foo x=1\r\n" + EMPTY)));
    }

    private static Case fails(
            String name, ProxyAuthentication login, String words, int requests, Dialogue... dialogues) {
        return Case.fails(name, FailureKind.PROXY_AUTH, words, dialogues)
                .by(login)
                .over(0, requests);
    }

    private static void always(ScriptedProxy.Line line, String answer) throws IOException {
        for (int i = 0; i < 20; i++) {
            line.answer(answer);
        }
    }

    private static void newNonces(ScriptedProxy.Line line) throws IOException {
        for (int i = 0; i < 20; i++) {
            line.answer(ASKS + "Proxy-Authenticate: Digest nonce=\"n" + i + "\", stale=false\r\n" + EMPTY);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("once")
    void endsAfterABoundedDialogue(Case row) throws Exception {
        bench.play(row);
    }

    private static final String LEGS = "HTTP/1.1 407 P\r\nProxy-Authenticate: Legs";

    static Stream<Case> bound() {
        return Stream.of(
                Case.opens("F104 three legs on one connection", line -> {
                            line.answer(LEGS + "\r\nContent-Length: 4\r\n\r\nbody");
                            line.answer(LEGS + " dG9rZW4=\r\nContent-Length: 4\r\n\r\nbody");
                            line.send(line.request().contains("Legs 2 dG9rZW4=") ? ESTABLISHED : ASKS + EMPTY);
                            line.awaitEnd();
                        })
                        .over(1, 3),
                Case.opens("F106 2xx to the first leg", line -> {
                            line.answer(LEGS + "\r\n" + EMPTY);
                            line.send(line.request().contains("Legs 1") ? ESTABLISHED : ASKS + EMPTY);
                            line.awaitEnd();
                        })
                        .over(1, 2),
                Case.opens(
                                "F105 closed after the token, begun again once",
                                line -> {
                                    line.answer(LEGS + "\r\n" + EMPTY);
                                    line.answer(LEGS + " dG9rZW4=\r\n" + EMPTY);
                                },
                                line -> {
                                    line.answer(LEGS + " b3RoZXI=\r\n" + EMPTY);
                                    line.send(line.request().contains("Legs 2 b3RoZXI=") ? ESTABLISHED : ASKS + EMPTY);
                                    line.awaitEnd();
                                })
                        .over(2, 0),
                Case.fails(
                                "F105 closed after each token",
                                FailureKind.PROXY_AUTH,
                                "in the middle of a scheme that needs it kept",
                                line -> {
                                    line.answer(LEGS + "\r\n" + EMPTY);
                                    line.answer(LEGS + " dG9rZW4=\r\n" + EMPTY);
                                },
                                line -> line.answer(LEGS + " dG9rZW4=\r\n" + EMPTY))
                        .over(2, 0),
                Case.fails(
                                "F109 ntlm-http10",
                                FailureKind.PROXY_AUTH,
                                "keep connections alive",
                                line -> line.answer(LEGS.replace("1.1", "1.0") + " dG9rZW4=\r\n" + EMPTY))
                        .over(3, 3));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bound")
    void keepsADialogueOnItsConnection(Case row) throws Exception {
        bench.play(
                row.by(ProxyAuthentication.builder().authenticator(new Legs()).build()));
    }
}
