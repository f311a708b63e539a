// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.proxy.Misbehaviour.CloseOn407;
import io.upstream.emulator.proxy.Misbehaviour.CutAfterAnswer;
import io.upstream.emulator.proxy.Misbehaviour.CutAfterBytes;
import io.upstream.emulator.proxy.Misbehaviour.CutAtAge;
import io.upstream.emulator.proxy.Misbehaviour.CutBeforeAnswer;
import io.upstream.emulator.proxy.Misbehaviour.CutWhenIdle;
import io.upstream.emulator.proxy.Misbehaviour.DelayAnswer;
import io.upstream.emulator.proxy.Misbehaviour.DropWhenIdle;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.proxy.Misbehaviour.Garble;
import io.upstream.emulator.proxy.Misbehaviour.GlueBehindAnswer;
import io.upstream.emulator.proxy.Misbehaviour.Refuse;
import io.upstream.emulator.proxy.Misbehaviour.Silence;
import io.upstream.emulator.proxy.Misbehaviour.SplitAnswer;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("NullAway.Init") // set before each test
class MisbehaviourTest {
    private static final String OK = "HTTP/1.1 200 Connection established\r\n\r\n";

    private TargetServer target;
    private ConnectProxy proxy;
    private ProxyClient client;

    @BeforeEach
    void open() throws IOException {
        target = new TargetServer();
        proxy = ConnectProxy.builder().start();
        client = new ProxyClient(proxy);
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        proxy.close();
        target.close();
    }

    private String ask() throws IOException {
        return client.ask(ProxyClient.connect(target.authority()));
    }

    @Test
    void delaysTheAnswer() throws IOException {
        proxy.misbehave(new DelayAnswer(Duration.ofMillis(300)));
        long before = System.nanoTime();
        assertEquals(OK, ask());
        assertTrue(System.nanoTime() - before >= 300_000_000L);
    }

    @Test
    void refusesBytesThatComeWhileTheAnswerIsDelayed() throws IOException {
        proxy.misbehave(new DelayAnswer(Duration.ofSeconds(30)));
        client.send(ProxyClient.connect(target.authority()));
        target.accept().close();
        client.send("early");
        assertTrue(client.readHead().startsWith("HTTP/1.1 400 "));
    }

    @Test
    void neverAnswers() throws IOException {
        proxy.misbehave(new Silence());
        client.socket.setSoTimeout(300);
        assertThrows(SocketTimeoutException.class, this::ask);
        assertEquals(0, proxy.accessLog().get(0).status());
    }

    @Test
    void refusesWithAGivenStatusAndServesTheNextRequestAsOrdered() throws IOException {
        proxy.misbehave(new Refuse(429, "slow down"));
        String head = ask();
        assertTrue(head.startsWith("HTTP/1.1 429 Too Many Requests\r\n"), head);
        assertEquals("slow down", client.readBody(head));
        proxy.misbehave();
        assertEquals(OK, ask());
    }

    @Test
    void sendsGarbage() throws IOException {
        proxy.misbehave(new Garble("SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII)));
        client.send(ProxyClient.connect(target.authority()));
        assertEquals("SSH-2.0-x\r\n", client.readToEnd());
    }

    @Test
    void splitsTheAnswer() throws IOException {
        proxy.misbehave(new SplitAnswer());
        assertEquals(OK, ask());
        try (Socket far = target.accept()) {
            client.send("x");
            assertEquals('x', far.getInputStream().read());
        }
    }

    @Test
    void gluesBytesBehindTheAnswer() throws IOException {
        proxy.misbehave(new GlueBehindAnswer("AMQP".getBytes(StandardCharsets.US_ASCII)));
        assertEquals(OK, ask());
        assertEquals("AMQP", client.read(4));
        try (Socket far = target.accept()) {
            far.getOutputStream().write('!');
            assertEquals("!", client.read(1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void cutsBeforeTheAnswer(Ending ending) throws IOException {
        proxy.misbehave(new CutBeforeAnswer(ending));
        client.send(ProxyClient.connect(target.authority()));
        assertEnds(ending);
    }

    @ParameterizedTest
    @EnumSource
    void cutsBehindTheAnswer(Ending ending) throws IOException {
        proxy.misbehave(new CutAfterAnswer(ending));
        if (ending == Ending.FIN) {
            assertEquals(OK, ask());
        } else {
            client.send(ProxyClient.connect(target.authority())); // a reset may overtake what was sent before it
        }
        assertEnds(ending);
    }

    @Test
    void cutsAfterSomeBytesUp() throws IOException {
        proxy.misbehave(new CutAfterBytes(5, Ending.FIN));
        ask();
        try (Socket far = target.accept()) {
            client.send("1234567");
            assertEquals("12345", new String(far.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
            assertEnds(Ending.FIN);
            assertEquals(5, proxy.accessLog().get(0).bytesUp());
        }
    }

    @Test
    void cutsAfterSomeBytesDown() throws IOException {
        proxy.misbehave(new CutAfterBytes(5, Ending.FIN));
        ask();
        try (Socket far = target.accept()) {
            far.getOutputStream().write("123".getBytes(StandardCharsets.US_ASCII));
            assertEquals("123", client.read(3));
            far.getOutputStream().write("4567".getBytes(StandardCharsets.US_ASCII));
            assertEquals("45", client.readToEnd());
        }
    }

    @ParameterizedTest
    @EnumSource
    void cutsATunnelThatIsIdle(Ending ending) throws IOException {
        proxy.misbehave(new CutWhenIdle(Duration.ofMillis(200), ending));
        ask();
        try (Socket far = target.accept()) {
            for (int i = 0; i < 3; i++) {
                client.send("x"); // counts as traffic
                assertEquals('x', far.getInputStream().read());
            }
            assertEnds(ending);
        }
    }

    @Test
    void forgetsATunnelThatIsIdle() throws IOException {
        proxy.misbehave(new DropWhenIdle(Duration.ofMillis(100)));
        ask();
        try (Socket far = target.accept()) {
            far.setSoTimeout(400);
            client.socket.setSoTimeout(400);
            assertThrows(SocketTimeoutException.class, () -> client.read(1));
            client.send("x");
            far.getOutputStream().write('y');
            assertThrows(
                    SocketTimeoutException.class, () -> far.getInputStream().read());
            assertThrows(SocketTimeoutException.class, () -> client.read(1));
            client.close();
            assertThrows(
                    SocketTimeoutException.class, () -> far.getInputStream().read(), "nobody is told");
        }
    }

    @Test
    void cutsATunnelAtAnAgeWhateverItCarries() throws IOException {
        proxy.misbehave(new CutAtAge(Duration.ofMillis(300), Ending.FIN));
        ask();
        try (Socket far = target.accept()) {
            long start = System.nanoTime();
            int echoed = 0;
            while (echo(far)) {
                echoed++;
            }
            assertTrue(echoed > 0);
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(10).toNanos());
        }
    }

    /** Whether a byte goes through. */
    private boolean echo(Socket far) {
        try {
            client.send("x");
            int read = far.getInputStream().read();
            far.getOutputStream().write(read);
            return client.socket.getInputStream().read() == 'x';
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void closesTheConnectionOn407AsTinyproxyDoes() throws IOException {
        try (ConnectProxy asking = ConnectProxy.builder().credentials("u", "p").start();
                ProxyClient asked = new ProxyClient(asking)) {
            asking.misbehave(new CloseOn407());
            String head = asked.ask(ProxyClient.connect(target.authority()));
            assertTrue(head.startsWith("HTTP/1.0 407 "), head);
            assertTrue(head.contains("\r\nConnection: close\r\n"), head);
            assertTrue(!head.contains("Content-Length"), head);
            assertTrue(asked.readToEnd().contains("</html>"));
        }
    }

    private void assertEnds(Ending ending) throws IOException {
        if (ending == Ending.FIN) {
            assertEquals("", client.readToEnd());
        } else {
            assertThrows(IOException.class, client::readToEnd);
        }
    }
}
