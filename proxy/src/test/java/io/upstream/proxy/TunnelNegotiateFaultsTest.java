// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.connect.ConnectAttempt;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proxies that ask for Kerberos, with a KDC behind them that is not ours, over sockets; F numbers are those of the list of faults. */
class TunnelNegotiateFaultsTest {
    private static final String SERVICE = "HTTP/proxy.corp.example@" + Kdc.REALM;
    private static final String CLIENT = "gateway@" + Kdc.REALM;
    private static final String ASKS = "HTTP/1.1 407 P\r\nProxy-Authenticate: Negotiate\r\n";
    private static final String EMPTY = "Content-Length: 0\r\n\r\n";
    private static final String DIGEST = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
    private static final String BASIC = "Proxy-Authenticate: Basic realm=\"r\"\r\n";

    @TempDir
    static Path directory;

    private static Kdc kdc;
    private static Path clientKey;
    private static Path serviceKey;
    private static TunnelBench bench;

    @BeforeAll
    static void startTheKdc() throws Exception {
        kdc = new Kdc(directory, 86_400);
        clientKey = kdc.keytab(CLIENT);
        serviceKey = kdc.keytab(SERVICE);
        bench = new TunnelBench(ProxyMemory::ofAllSchemes);
    }

    @AfterAll
    static void stopTheKdc() throws Exception {
        bench.close();
        kdc.close();
    }

    private static Negotiate kerberos() {
        return Negotiate.withKeytab(clientKey, CLIENT).spn(SERVICE);
    }

    private static ProxyServer server(ScriptedProxy proxy, Negotiate kerberos, boolean withPassword) {
        ProxyAuthentication.Builder login = ProxyAuthentication.builder().authenticator(kerberos);
        return ProxyServer.of(
                ProxyKind.HTTP,
                proxy.address(),
                (withPassword ? login.userPassword(TunnelBench.LOGIN) : login).build());
    }

    private static TunnelStage tunnel(ProxyServer server) {
        return new TunnelStage(server, TunnelBench.HUB, ProxyMemory.ofAllSchemes(), TunnelBench.QUICK);
    }

    private static @Nullable UpstreamException attempt(ProxyServer server) throws Exception {
        return bench.attempt(server, tunnel(server), List.of());
    }

    private static UpstreamException refused(
            ScriptedProxy proxy, FailureKind kind, @Nullable UpstreamException failure) {
        assertNotNull(failure, "the tunnel must not open");
        assertEquals(kind, failure.kind(), failure.getMessage());
        assertEquals("tunnel", failure.stage());
        assertEquals("proxy " + proxy.address(), failure.hop());
        return failure;
    }

    /** What comes with the 2xx in proof of the proxy. */
    enum Proof {
        VALID,
        FORGED,
        OF_ANOTHER_DIALOGUE,
        GARBAGE,
        MISSING
    }

    private static String opens(Proof proof, byte[] own, byte[] other) {
        byte[] forged = own.clone();
        forged[forged.length - 1] ^= 1;
        String token = switch (proof) {
            case VALID -> base64(own);
            case FORGED -> base64(forged);
            case OF_ANOTHER_DIALOGUE -> base64(other);
            case GARBAGE -> "a=";
            case MISSING -> "";
        };
        return token.isEmpty()
                ? ESTABLISHED
                : ESTABLISHED.replace("\r\n\r\n", "\r\nProxy-Authenticate: Negotiate " + token + "\r\n\r\n");
    }

    private static String base64(byte[] token) {
        return Base64.getEncoder().encodeToString(token);
    }

    /** Takes the ticket as a service does, and proves itself so. */
    private static Dialogue accepting(Proof proof) {
        return line -> {
            line.answer(ASKS + EMPTY);
            byte[] own = accept(line.request());
            byte[] other = proof == Proof.OF_ANOTHER_DIALOGUE ? otherProof() : own;
            line.send(opens(proof, own, other));
            line.awaitEnd();
        };
    }

    private static byte[] otherProof() throws IOException {
        try (Negotiate another = kerberos()) {
            return accept("\r\nProxy-Authorization: " + Asking.answer(another.begin(Asking.tunnel()), "Negotiate"));
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    private static byte[] accept(String request) throws IOException {
        String field = request.replaceFirst("(?s).*\r\nProxy-Authorization: (Negotiate [^\r]+).*", "$1")
                .trim();
        try {
            return Kdc.accept(Kdc.service(serviceKey, SERVICE), field);
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    @ParameterizedTest(name = "F110 negotiate-200-token, {0}")
    @EnumSource
    void verifiesTheProofOfTheProxyHoweverItIsCut(Proof proof) throws Exception {
        try (Negotiate kerberos = kerberos();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(accepting(proof)))) {
            for (int cut : new int[] {ScriptedProxy.WHOLE, ScriptedProxy.BYTES, 17, 60, 90, 130}) {
                proxy.restart(cut);
                UpstreamException failure = attempt(server(proxy, kerberos, false));
                if (proof == Proof.VALID || proof == Proof.MISSING) {
                    assertNull(failure, "cut at " + cut);
                } else {
                    refused(proxy, FailureKind.PROXY_AUTH, failure);
                }
                assertEquals(1, proxy.connections());
            }
        }
    }

    @Test
    @DisplayName("F110 negotiate-200-token, missing where it is required")
    void missesAProofWhereItIsRequired() throws Exception {
        try (Negotiate strict = kerberos().requireMutual(true);
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(accepting(Proof.MISSING)))) {
            refused(proxy, FailureKind.PROXY_AUTH, attempt(server(proxy, strict, false)));
        }
    }

    @ParameterizedTest(name = "F111 negotiate-407-empty-after-token, cut at {0}")
    @ValueSource(ints = {ScriptedProxy.WHOLE, ScriptedProxy.BYTES, 40})
    void takesAnEmptyChallengeForARefusal(int cut) throws Exception {
        try (Negotiate kerberos = kerberos();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
                    for (int i = 0; i < 9; i++) {
                        line.answer(ASKS + EMPTY);
                    }
                }))) {
            proxy.restart(cut);
            UpstreamException failure = refused(proxy, FailureKind.PROXY_AUTH, attempt(server(proxy, kerberos, false)));
            assertTrue(failure.getMessage().contains("does not take this Kerberos ticket"), failure.getMessage());
            assertEquals(2, proxy.requests().size());
        }
    }

    @Test
    @DisplayName("F111 negotiate-407-empty-after-token: Digest is next, if the proxy offers it")
    void triesDigestWhenTheTicketIsRefused() throws Exception {
        try (Negotiate kerberos = kerberos();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
                    line.answer(ASKS + DIGEST + BASIC + EMPTY);
                    line.answer(ASKS + DIGEST + BASIC + EMPTY);
                    line.send(line.request().contains("Digest username=") ? ESTABLISHED : ASKS + EMPTY);
                    line.awaitEnd();
                }))) {
            assertNull(attempt(server(proxy, kerberos, true)));
        }
    }

    @Test
    @DisplayName("F114 downgrade: no password in clear once the ticket is refused")
    void sendsNoPasswordInClearWhenTheTicketIsRefused() throws Exception {
        try (Negotiate kerberos = kerberos();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
                    for (int i = 0; i < 9; i++) {
                        line.answer(ASKS + BASIC + EMPTY);
                    }
                }))) {
            refused(proxy, FailureKind.PROXY_AUTH, attempt(server(proxy, kerberos, true)));
            assertFalse(proxy.requests().toString().contains("Basic"), proxy.requests()::toString);
        }
    }

    @Test
    @DisplayName("F112 negotiate-no-tgt: at once, and nobody is asked for a password")
    void saysThatThereIsNoTicket() throws Exception {
        AtomicInteger reads = new AtomicInteger();
        InputStream console = System.in;
        System.setIn(new InputStream() {
            @Override
            public int read() {
                reads.incrementAndGet();
                return -1;
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                return read();
            }
        });
        long start = System.nanoTime();
        try (Negotiate empty = Negotiate.withTicketCache(Optional.of(directory.resolve("no-cache")))
                        .spn(SERVICE);
                ScriptedProxy proxy = ScriptedProxy.answering(ASKS + EMPTY)) {
            UpstreamException failure = refused(proxy, FailureKind.PROXY_AUTH, attempt(server(proxy, empty, false)));
            assertTrue(failure.getMessage().contains("no ticket here"), failure.getMessage());
            assertEquals(1, proxy.requests().size());
        } finally {
            System.setIn(console);
        }
        assertEquals(0, reads.get());
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(8).toNanos());
    }

    @Test
    @DisplayName("F113 negotiate-kdc-hang: within its limit, and the event loop is free")
    void givesUpOnAKdcThatDoesNotAnswer(@TempDir Path elsewhere) throws Exception {
        String before = String.valueOf(System.getProperty("java.security.krb5.conf"));
        try (DatagramSocket hole = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                Negotiate kerberos = kerberos().timeout(Duration.ofMillis(700));
                ScriptedProxy asking = ScriptedProxy.answering(ASKS + EMPTY);
                ScriptedProxy other = ScriptedProxy.answering(ESTABLISHED)) {
            Kdc.configure(elsewhere, hole.getLocalPort(), "kdc_timeout = 5000\n  max_retries = 1");
            long start = System.nanoTime();
            ProxyServer server = server(asking, kerberos, false);
            ConnectAttempt late = bench.start(server, tunnel(server), List.of());
            asking.request();
            assertNull(attempt(ProxyServer.http(other.address())), "the one event loop is free");
            assertFalse(late.outcome().toCompletableFuture().isDone() && System.nanoTime() - start < 700_000_000L);
            UpstreamException failure = HubAttempt.failure(late);
            assertNotNull(failure, "the tunnel must not open");
            assertEquals(FailureKind.TIMEOUT, failure.kind());
            assertEquals("here", failure.hop(), "the proxy has answered, the KDC has not");
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(5).toNanos());
        } finally {
            Kdc.restore(before);
        }
    }
}
