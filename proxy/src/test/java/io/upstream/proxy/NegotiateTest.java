// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import java.io.InputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.security.auth.login.LoginException;
import org.ietf.jgss.GSSContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a KDC and an acceptor that are not ours. */
class NegotiateTest {
    private static final String SERVICE = "HTTP/proxy.corp.example@" + Kdc.REALM;
    private static final String CLIENT = "gateway@" + Kdc.REALM;
    private static final int DAY = 86_400;

    @TempDir
    static Path directory;

    private static Kdc kdc;
    private static Path clientKey;
    private static Path serviceKey;

    private final InputStream console = System.in;
    private final AtomicInteger reads = new AtomicInteger();

    @BeforeAll
    static void startTheKdc() throws Exception {
        kdc = new Kdc(directory, DAY);
        clientKey = kdc.keytab(CLIENT);
        serviceKey = kdc.keytab(SERVICE);
    }

    @AfterAll
    static void stopTheKdc() throws Exception {
        kdc.close();
    }

    @BeforeEach
    void watchTheConsole() {
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
    }

    @AfterEach
    void nothingWasReadFromTheConsole() {
        System.setIn(console);
        assertEquals(0, reads.get());
    }

    private static Negotiate withKeytab() {
        return Negotiate.withKeytab(clientKey, CLIENT);
    }

    private static Map<String, List<String>> opened(byte[] token) {
        return Map.of(
                "proxy-authenticate", List.of("Negotiate " + Base64.getEncoder().encodeToString(token)));
    }

    @Test
    void isAcceptedAndVerifiesTheProxy() throws Exception {
        try (Negotiate kerberos = withKeytab().requireMutual(true)) {
            Conversation conversation = kerberos.begin(Asking.tunnel());
            assertFalse(conversation.isBound());
            assertEquals(Optional.empty(), conversation.unasked());
            String field = Asking.answer(conversation, "Negotiate");
            assertTrue(conversation.isBound());
            GSSContext service = Kdc.service(serviceKey, SERVICE);
            byte[] proof = Kdc.accept(service, field);
            assertTrue(service.isEstablished());
            assertEquals(CLIENT, service.getSrcName().toString());
            assertFalse(service.getCredDelegState());
            conversation.opened(opened(proof));
        }
    }

    @Test
    void readsTheProofFromEitherField() throws Exception {
        try (Negotiate kerberos = withKeytab().requireMutual(true)) {
            Conversation conversation = kerberos.begin(Asking.tunnel());
            byte[] proof = Kdc.accept(Kdc.service(serviceKey, SERVICE), Asking.answer(conversation, "Negotiate"));
            conversation.opened(Map.of(
                    "proxy-authentication-info",
                    List.of("Negotiate " + Base64.getEncoder().encodeToString(proof))));
        }
    }

    @Test
    void refusesAProofThatIsNone() throws Exception {
        try (Negotiate kerberos = withKeytab()) {
            Conversation forged = kerberos.begin(Asking.tunnel());
            byte[] proof = Kdc.accept(Kdc.service(serviceKey, SERVICE), Asking.answer(forged, "Negotiate"));
            proof[proof.length - 1] ^= 1;
            assertUnproven(forged, opened(proof));
            Conversation replayed = kerberos.begin(Asking.tunnel());
            Asking.answer(replayed, "Negotiate");
            proof[proof.length - 1] ^= 1;
            assertUnproven(replayed, opened(proof));
            Conversation garbage = kerberos.begin(Asking.tunnel());
            Asking.answer(garbage, "Negotiate");
            assertUnproven(garbage, Map.of("proxy-authenticate", List.of("Negotiate a=")));
        }
    }

    private static void assertUnproven(Conversation conversation, Map<String, List<String>> fields) {
        UpstreamException refused = assertThrows(UpstreamException.class, () -> conversation.opened(fields));
        assertEquals(FailureKind.PROXY_AUTH, refused.kind());
    }

    @Test
    void missesAProofOnlyWhereItIsRequired() throws Exception {
        try (Negotiate lenient = withKeytab();
                Negotiate strict = withKeytab().requireMutual(true)) {
            Conversation conversation = lenient.begin(Asking.tunnel());
            Asking.answer(conversation, "Negotiate");
            conversation.opened(Map.of());
            Conversation other = strict.begin(Asking.tunnel());
            Asking.answer(other, "Negotiate");
            assertUnproven(other, Map.of());
        }
    }

    @Test
    void takesAnEmptyChallengeAfterItsTokenForARefusal() throws Exception {
        try (Negotiate kerberos = withKeytab()) {
            Conversation conversation = kerberos.begin(Asking.tunnel());
            Asking.answer(conversation, "Negotiate");
            UpstreamException refused = Asking.refusal(conversation, "Negotiate");
            assertEquals(FailureKind.PROXY_AUTH, refused.kind());
            assertTrue(String.valueOf(refused.getMessage()).contains("HTTP/proxy.corp.example"), refused::toString);
        }
    }

    @Test
    void refusesNtlmWithinNegotiate() throws Exception {
        try (Negotiate kerberos = withKeytab()) {
            Conversation conversation = kerberos.begin(Asking.tunnel());
            Asking.answer(conversation, "Negotiate");
            UpstreamException refused = Asking.refusal(conversation, "Negotiate TlRMTVNTUAACAAAA");
            assertTrue(String.valueOf(refused.getMessage()).contains("NTLM"), refused::toString);
        }
    }

    @Test
    void refusesATokenThatContinuesNothing() throws Exception {
        try (Negotiate kerberos = withKeytab()) {
            Conversation conversation = kerberos.begin(Asking.tunnel());
            Asking.answer(conversation, "Negotiate");
            assertEquals(
                    FailureKind.PROXY_AUTH,
                    Asking.refusal(conversation, "Negotiate oQcwBaADCgEC").kind());
        }
    }

    @Test
    void fetchesOneTicketForAll() throws Exception {
        AtomicInteger logins = new AtomicInteger();
        TicketSource counted = counting(new TicketSource.Keytab(clientKey, CLIENT), logins);
        try (KerberosWorker worker = new KerberosWorker(counted)) {
            for (int i = 0; i < 3; i++) {
                assertTrue(worker.submit(() -> true).get(20, TimeUnit.SECONDS));
            }
        }
        assertEquals(1, logins.get());
    }

    @Test
    void fetchesAnotherTicketWhenTheFirstIsAboutToEnd(@TempDir Path elsewhere) throws Exception {
        AtomicInteger logins = new AtomicInteger();
        try (Kdc shortLived = new Kdc(elsewhere, 30)) {
            Path key = shortLived.keytab(CLIENT);
            TicketSource counted = counting(new TicketSource.Keytab(key, CLIENT), logins);
            try (KerberosWorker worker = new KerberosWorker(counted)) {
                assertTrue(worker.submit(() -> true).get(20, TimeUnit.SECONDS));
                assertTrue(worker.submit(() -> true).get(20, TimeUnit.SECONDS));
            }
        }
        assertEquals(2, logins.get());
    }

    private static TicketSource counting(TicketSource source, AtomicInteger logins) {
        return new TicketSource() {
            @Override
            public KerberosLogin login() throws LoginException {
                logins.incrementAndGet();
                return source.login();
            }

            @Override
            public String advice() {
                return source.advice();
            }
        };
    }

    @Test
    void takesAnApplicationsSubject() throws Exception {
        try (Negotiate kerberos = Negotiate.withSubject(Kdc.login(clientKey, CLIENT))) {
            String field = Asking.answer(kerberos.begin(Asking.tunnel()), "Negotiate");
            GSSContext service = Kdc.service(serviceKey, SERVICE);
            Kdc.accept(service, field);
            assertEquals(CLIENT, service.getSrcName().toString());
        }
    }

    @Test
    void asksForTheServicePrincipalThatItWasTold() throws Exception {
        TunnelRequest byAddress = new TunnelRequest(ProxyServer.http(new HostPort("192.0.2.1", 3128)), "hub:443");
        try (Negotiate kerberos = withKeytab().spn(SERVICE)) {
            String field = Asking.answer(kerberos.begin(byAddress), "Negotiate");
            GSSContext service = Kdc.service(serviceKey, SERVICE);
            Kdc.accept(service, field);
            assertTrue(service.isEstablished());
        }
    }

    @Test
    void needsANameForAProxyThatIsKnownByItsAddress() {
        TunnelRequest byAddress = new TunnelRequest(ProxyServer.http(new HostPort("192.0.2.1", 3128)), "hub:443");
        try (Negotiate kerberos = withKeytab()) {
            assertEquals(
                    FailureKind.CONFIGURATION,
                    Asking.refusal(kerberos.begin(byAddress), "Negotiate").kind());
        }
    }

    @Test
    void saysSoWhenTheKdcDoesNotKnowTheProxy() {
        try (Negotiate kerberos = withKeytab().spn("HTTP/unknown.corp.example")) {
            assertEquals(
                    FailureKind.PROXY_AUTH,
                    Asking.refusal(kerberos.begin(Asking.tunnel()), "Negotiate").kind());
        }
    }

    @Test
    void refusesAWrongKeyAtOnce() throws Exception {
        Path wrong = kdc.keytab("other@" + Kdc.REALM);
        try (Negotiate otherKey = Negotiate.withKeytab(wrong, CLIENT);
                Negotiate noKey = Negotiate.withKeytab(directory.resolve("missing"), CLIENT)) {
            for (Negotiate kerberos : List.of(otherKey, noKey)) {
                UpstreamException refused = Asking.refusal(kerberos.begin(Asking.tunnel()), "Negotiate");
                assertEquals(FailureKind.PROXY_AUTH, refused.kind());
                assertTrue(String.valueOf(refused.getMessage()).contains("no ticket here"), refused::toString);
                assertTrue(String.valueOf(refused.getMessage()).contains(CLIENT), refused::toString);
            }
        }
    }

    @Test
    void asksNobodyForAPasswordWhenThereIsNoTicket() {
        String property = "javax.security.auth.useSubjectCredsOnly";
        System.setProperty(property, "false");
        try (Negotiate empty = Negotiate.withSubject(Kdc.withoutTickets());
                Negotiate cache = Negotiate.withTicketCache(Optional.of(directory.resolve("no-cache")))) {
            for (Negotiate kerberos : List.of(empty, cache)) {
                UpstreamException refused = Asking.refusal(kerberos.begin(Asking.tunnel()), "Negotiate");
                assertEquals(FailureKind.PROXY_AUTH, refused.kind());
                assertTrue(String.valueOf(refused.getMessage()).contains("no ticket here"), refused::toString);
            }
        } finally {
            System.clearProperty(property);
        }
    }

    @Test
    void givesUpOnAKdcThatDoesNotAnswer(@TempDir Path elsewhere) throws Exception {
        String before = String.valueOf(System.getProperty("java.security.krb5.conf"));
        try (DatagramSocket hole = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                Negotiate kerberos = withKeytab().timeout(Duration.ofMillis(300))) {
            Kdc.configure(elsewhere, hole.getLocalPort(), "kdc_timeout = 5000\n  max_retries = 1");
            long start = System.nanoTime();
            Conversation conversation = kerberos.begin(Asking.tunnel());
            Conversation next = kerberos.begin(Asking.tunnel());
            UpstreamException late = Asking.refusal(conversation, "Negotiate");
            assertEquals(FailureKind.TIMEOUT, late.kind());
            assertEquals("here", late.hop(), "the proxy has nothing to do with it");
            assertEquals(FailureKind.TIMEOUT, Asking.refusal(next, "Negotiate").kind());
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toMillis() < 5000);
        } finally {
            Kdc.restore(before);
        }
    }

    @Test
    void closesAConversationWithoutWaitingForTheKdc(@TempDir Path elsewhere) throws Exception {
        String before = String.valueOf(System.getProperty("java.security.krb5.conf"));
        try (DatagramSocket hole = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                Negotiate kerberos = withKeytab()) {
            Kdc.configure(elsewhere, hole.getLocalPort(), "kdc_timeout = 20000\n  max_retries = 1");
            Conversation conversation = kerberos.begin(Asking.tunnel());
            var answer = conversation.answer(Asking.challenge("Negotiate")).toCompletableFuture();
            conversation.close();
            conversation.close();
            assertThrows(ExecutionException.class, () -> answer.get(10, TimeUnit.SECONDS));
        } finally {
            Kdc.restore(before);
        }
    }

    @Test
    void endsAConversationThatIsUnderWay() throws Exception {
        try (Negotiate kerberos = withKeytab()) {
            Conversation conversation = kerberos.begin(Asking.tunnel());
            byte[] proof = Kdc.accept(Kdc.service(serviceKey, SERVICE), Asking.answer(conversation, "Negotiate"));
            conversation.close();
            assertEquals(
                    FailureKind.PROXY_AUTH,
                    Asking.refusal(
                                    conversation,
                                    "Negotiate " + Base64.getEncoder().encodeToString(proof))
                            .kind());
        }
    }

    @Test
    void answersNothingOnceClosed() {
        Negotiate kerberos = withKeytab();
        kerberos.close();
        kerberos.close();
        assertEquals(
                FailureKind.INTERNAL,
                Asking.refusal(kerberos.begin(Asking.tunnel()), "Negotiate").kind());
    }

    @Test
    void printsNoKeys() throws Exception {
        try (Negotiate subject = Negotiate.withSubject(Kdc.login(clientKey, CLIENT));
                Negotiate keytab = withKeytab();
                Negotiate cache = Negotiate.withTicketCache(Optional.empty())) {
            assertEquals("Negotiate[the application's subject]", subject.toString());
            assertEquals("Negotiate[" + CLIENT + " of keytab " + clientKey + "]", keytab.toString());
            assertEquals("Negotiate[ticket cache of this user]", cache.toString());
        }
    }

    @Test
    void readsATicketCache() throws Exception {
        Path cache = directory.resolve("cache");
        kdc.writeTicketCache(clientKey, CLIENT, cache);
        assertTrue(Files.size(cache) > 0);
        try (Negotiate kerberos = Negotiate.withTicketCache(Optional.of(cache))) {
            GSSContext service = Kdc.service(serviceKey, SERVICE);
            Kdc.accept(service, Asking.answer(kerberos.begin(Asking.tunnel()), "Negotiate"));
            assertEquals(CLIENT, service.getSrcName().toString());
        }
    }

    @Test
    void refusesSettingsThatCannotBe() {
        assertThrows(IllegalArgumentException.class, () -> withKeytab().timeout(Duration.ZERO));
    }
}
