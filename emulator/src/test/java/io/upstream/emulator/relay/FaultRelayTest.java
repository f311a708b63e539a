// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Between two plain sockets, so that what each of them sees is what TCP shows. */
class FaultRelayTest {
    private static final int LIMIT_MILLIS = 20_000;
    private static final int SOON_MILLIS = 300;

    private ServerSocket server;
    private FaultRelay relay;
    private Socket client;
    private Socket hub;

    @BeforeEach
    void join() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server.setSoTimeout(LIMIT_MILLIS);
        relay = FaultRelay.to((InetSocketAddress) server.getLocalSocketAddress())
                .seed(1)
                .start();
        client = connect();
        hub = accept();
        say(client, "1");
        assertHears(hub, "1"); // now they are joined
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), relay.port());
        socket.setSoTimeout(LIMIT_MILLIS);
        socket.setTcpNoDelay(true);
        return socket;
    }

    private Socket accept() throws IOException {
        Socket socket = server.accept();
        socket.setSoTimeout(LIMIT_MILLIS);
        return socket;
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        hub.close();
        relay.close();
        server.close();
    }

    private static void say(Socket from, String text) throws IOException {
        from.getOutputStream().write(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    private static void assertHears(Socket at, String text) throws IOException {
        assertEquals(
                text,
                new String(at.getInputStream().readNBytes(text.length()), java.nio.charset.StandardCharsets.US_ASCII));
    }

    private static void assertHearsNothing(Socket at) throws IOException {
        at.setSoTimeout(SOON_MILLIS);
        assertThrows(SocketTimeoutException.class, () -> at.getInputStream().read());
        at.setSoTimeout(LIMIT_MILLIS);
    }

    @Test
    void carriesBothWaysAndCounts() throws IOException {
        say(client, "question");
        assertHears(hub, "question");
        say(hub, "an answer");
        assertHears(client, "an answer");
        assertEquals(9, relay.bytes(Direction.UP));
        assertEquals(9, relay.bytes(Direction.DOWN));
        assertEquals(1, relay.connections());
        assertEquals(1, relay.liveConnections());
    }

    @Test
    void passesTheEndOfOneDirectionOnWhileTheOtherFlows() throws IOException {
        say(client, "last");
        client.shutdownOutput();
        assertHears(hub, "last");
        assertEquals(-1, hub.getInputStream().read());
        say(hub, "still here");
        assertHears(client, "still here");
        hub.close();
        assertEquals(-1, client.getInputStream().read());
    }

    @Test
    void delaysWithoutChangingTheOrder() throws IOException {
        relay.delay(Duration.ofMillis(200), Duration.ofMillis(100));
        long begun = System.nanoTime();
        for (int i = 0; i < 10; i++) {
            say(client, "" + i);
        }
        assertHears(hub, "0123456789");
        assertTrue(System.nanoTime() - begun >= TimeUnit.MILLISECONDS.toNanos(195), "came at once");
    }

    @Test
    void holdsOneDirectionAndLosesNothing() throws IOException {
        relay.hold(Direction.UP);
        say(client, "up");
        say(hub, "down");
        assertHears(client, "down");
        assertHearsNothing(hub);
        relay.heal();
        assertHears(hub, "up");
    }

    @Test
    void holdsBothDirectionsAndTheEnd() throws IOException {
        relay.hold();
        say(client, "up");
        client.shutdownOutput();
        say(hub, "down");
        assertHearsNothing(hub);
        assertHearsNothing(client);
        relay.heal();
        assertHears(hub, "up");
        assertEquals(-1, hub.getInputStream().read());
        assertHears(client, "down");
    }

    @Test
    void healsTheOthersWhenOneEndsByIt() throws IOException {
        try (Socket other = connect();
                Socket itsHub = accept()) {
            say(other, "1");
            assertHears(itsHub, "1");
            relay.hold();
            say(client, "first");
            client.shutdownOutput();
            hub.shutdownOutput();
            say(other, "second");
            assertHearsNothing(itsHub);
            relay.heal();
            assertHears(hub, "first");
            assertEquals(-1, hub.getInputStream().read());
            assertEquals(-1, client.getInputStream().read());
            assertHears(itsHub, "second");
        }
    }

    @Test
    void isANarrowLine() throws Exception {
        relay.throttle(10_000);
        byte[] sent = random(5_000);
        long begun = System.nanoTime();
        client.getOutputStream().write(sent);
        assertArrayEquals(sent, hub.getInputStream().readNBytes(sent.length));
        assertTrue(System.nanoTime() - begun >= TimeUnit.MILLISECONDS.toNanos(450), "came faster than it may");
    }

    @Test
    void boundsWhatItHoldsByNotReading() throws Exception {
        relay.hold(Direction.UP);
        byte[] sent = random(64 << 20);
        CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
            try {
                client.getOutputStream().write(sent);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThrows(java.util.concurrent.TimeoutException.class, () -> writing.get(1, TimeUnit.SECONDS));
        assertTrue(relay.bytes(Direction.UP) < 2 << 20, relay.bytes(Direction.UP) + " bytes were taken");
        relay.heal();
        assertArrayEquals(sent, hub.getInputStream().readNBytes(sent.length));
        writing.get(20, TimeUnit.SECONDS);
    }

    @Test
    void cutsTheStreamIntoPieces() throws IOException {
        relay.dribble(3);
        byte[] sent = random(10_000);
        client.getOutputStream().write(sent);
        assertArrayEquals(sent, hub.getInputStream().readNBytes(sent.length));
    }

    @Test
    void bundlesWhatComesWithinAShortTime() throws IOException {
        relay.bundle(Duration.ofMillis(300));
        byte[] buffer = new byte[100];
        for (int i = 0; i < 5; i++) {
            say(client, "ab");
        }
        assertEquals(10, hub.getInputStream().read(buffer));
    }

    @Test
    void flipsOneBitOfOneByte() throws IOException {
        relay.corrupt(Direction.DOWN, 2);
        byte[] sent = {1, 2, 3, 4, 5};
        hub.getOutputStream().write(sent);
        byte[] came = client.getInputStream().readNBytes(5);
        assertNotEquals(sent[2], came[2]);
        assertEquals(1, Integer.bitCount((sent[2] ^ came[2]) & 0xff));
        came[2] = sent[2];
        assertArrayEquals(sent, came);
        hub.getOutputStream().write(sent);
        assertArrayEquals(sent, client.getInputStream().readNBytes(5));
    }

    @Test
    void cutsAfterSoManyBytesInGoodOrder() throws IOException {
        relay.cutAfter(Direction.UP, 4, Ending.FIN);
        say(client, "abcdefg");
        assertHears(hub, "abcd");
        assertEquals(-1, hub.getInputStream().read());
    }

    @Test
    void cutsLaterConnectionsToo() throws IOException {
        relay.cutAfter(Direction.DOWN, 2, Ending.RST);
        try (Socket next = connect();
                Socket accepted = accept()) {
            say(accepted, "xyz");
            assertHears(next, "xy");
            assertThrows(SocketException.class, () -> next.getInputStream().read());
        }
    }

    @Test
    void holdsUpBehindSoManyBytes() throws IOException {
        relay.holdAfter(Direction.DOWN, 3);
        say(hub, "abcdef");
        assertHears(client, "abc");
        assertHearsNothing(client);
        relay.heal();
        assertHears(client, "def");
    }

    @Test
    void holdsUpLargePackets() throws IOException {
        relay.holdLargerThan(1_000);
        say(hub, "small");
        assertHears(client, "small");
        byte[] large = random(1_400);
        hub.getOutputStream().write(large);
        assertHearsNothing(client);
        relay.heal();
        assertArrayEquals(large, client.getInputStream().readNBytes(large.length));
    }

    @Test
    void resetsEverything() {
        relay.cutAll(Ending.RST);
        assertThrows(SocketException.class, () -> client.getInputStream().read());
        assertThrows(SocketException.class, () -> hub.getInputStream().read());
    }

    @Test
    void closesOneDirection() throws IOException {
        relay.halfClose(Direction.DOWN);
        assertEquals(-1, client.getInputStream().read());
        say(client, "up");
        assertHears(hub, "up");
        client.shutdownOutput();
        assertEquals(-1, hub.getInputStream().read());
    }

    @Test
    void forgetsPresentConnectionsAndServesLaterOnes() throws IOException {
        relay.forget();
        say(client, "lost");
        hub.close();
        assertHearsNothing(client);
        try (Socket next = connect();
                Socket accepted = accept()) {
            say(next, "found");
            assertHears(accepted, "found");
        }
    }

    @Test
    void addsBytesThatNobodyHasSent() throws IOException {
        say(hub, "ab");
        assertHears(client, "ab");
        relay.inject(Direction.DOWN, new byte[] {'X'});
        say(hub, "cd");
        assertHears(client, "Xcd");
    }

    @Test
    void refusesConnectionsAndKeepsItsPort() throws IOException {
        relay.refuse();
        assertThrows(ConnectException.class, this::connect);
        say(client, "still joined");
        assertHears(hub, "still joined");
        relay.heal();
        try (Socket next = connect();
                Socket accepted = accept()) {
            say(next, "again");
            assertHears(accepted, "again");
        }
    }

    @Test
    void acceptsAndNeverSpeaks() throws IOException {
        relay.silence();
        try (Socket next = connect()) {
            say(next, "hello?");
            assertHearsNothing(next);
        }
        relay.cutAll(Ending.RST);
        assertEquals(0, relay.liveConnections());
    }

    @Test
    void greetsWithTheseBytesAndCloses() throws IOException {
        relay.greet(new byte[] {'4', '0', '4'});
        try (Socket next = connect()) {
            assertHears(next, "404");
            assertEquals(-1, next.getInputStream().read());
        }
    }

    @Test
    void flapsUntilItIsHealed() throws IOException {
        relay.flap(Duration.ofMillis(20), Duration.ofMillis(20));
        assertThrows(SocketException.class, () -> client.getInputStream().read());
        relay.heal();
        try (Socket next = connect();
                Socket accepted = accept()) {
            say(next, "up for good");
            assertHears(accepted, "up for good");
        }
    }

    @Test
    void leadsLaterConnectionsElsewhere() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            other.setSoTimeout(LIMIT_MILLIS);
            relay.target((InetSocketAddress) other.getLocalSocketAddress());
            try (Socket next = connect();
                    Socket accepted = other.accept()) {
                say(accepted, "elsewhere");
                assertHears(next, "elsewhere");
            }
        }
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }
}
