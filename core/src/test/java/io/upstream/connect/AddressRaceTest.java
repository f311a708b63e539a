// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.NetUtil;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The race by a clock that the test moves; sockets that connect or fail when the test says so. */
class AddressRaceTest {
    private static final Where WHERE = new Where("tcp", "proxy p.test:3128");
    private static final long DELAY = AddressRace.DELAY.toMillis();

    private final EmbeddedChannel clock = new EmbeddedChannel();
    private final List<Attempted> attempted = new ArrayList<>();

    private record Attempted(InetAddress address, EmbeddedChannel channel, ChannelPromise connected) {}

    @BeforeEach
    void stopTheClock() {
        clock.freezeTime();
    }

    @AfterEach
    void close() {
        attempted.forEach(socket -> socket.channel().close());
        clock.close();
    }

    private ChannelFuture connect(InetAddress address) {
        EmbeddedChannel channel = new EmbeddedChannel();
        ChannelPromise connected = channel.newPromise();
        channel.closeFuture().addListener(closed -> connected.tryFailure(new ConnectException("closed")));
        attempted.add(new Attempted(address, channel, connected));
        return connected;
    }

    private AddressRace race(String... addresses) {
        return race(this::connect, addresses);
    }

    private AddressRace race(Function<InetAddress, ChannelFuture> connector, String... addresses) {
        return new AddressRace(
                clock.eventLoop(),
                connector,
                Arrays.stream(addresses)
                        .map(NetUtil::createInetAddressFromIpAddressString)
                        .toList(),
                WHERE);
    }

    private void pass(long millis) {
        clock.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        clock.runScheduledPendingTasks();
    }

    private static UpstreamException failureOf(CompletableFuture<Channel> outcome) {
        assertTrue(outcome.isDone());
        return (UpstreamException)
                assertThrows(ExecutionException.class, outcome::get).getCause();
    }

    @Test
    void triesTheNextAddressAfterAQuarterOfASecond() throws Exception {
        CompletableFuture<Channel> outcome =
                race("10.0.0.1", "10.0.0.2", "10.0.0.3").run().toCompletableFuture();
        assertEquals(1, attempted.size());
        pass(DELAY - 1);
        assertEquals(1, attempted.size());
        pass(1);
        assertEquals(2, attempted.size());

        attempted.get(1).connected().setSuccess();
        assertSame(attempted.get(1).channel(), outcome.get());
        assertFalse(attempted.get(0).channel().isOpen(), "the loser is closed");
        pass(DELAY);
        assertEquals(2, attempted.size(), "nothing is tried once there is a winner");
    }

    @Test
    void triesTheNextAddressAtOnceWhenOneFails() throws Exception {
        CompletableFuture<Channel> outcome = race("10.0.0.1", "10.0.0.2").run().toCompletableFuture();
        attempted.get(0).connected().setFailure(new ConnectException("Connection refused"));
        assertEquals(2, attempted.size());
        attempted.get(1).connected().setSuccess();
        assertSame(attempted.get(1).channel(), outcome.get());
    }

    @Test
    void startsTheDelayAnewForEachAddress() {
        race("10.0.0.1", "10.0.0.2", "10.0.0.3").run();
        pass(DELAY - 1);
        attempted.get(0).connected().setFailure(new ConnectException("Connection refused"));
        pass(1);
        assertEquals(2, attempted.size());
        pass(DELAY - 1);
        assertEquals(3, attempted.size());
    }

    @Test
    void usesOneOfTwoThatConnectAtOnceAndClosesTheOther() throws Exception {
        CompletableFuture<Channel> outcome = race("10.0.0.1", "10.0.0.2").run().toCompletableFuture();
        pass(DELAY);
        EmbeddedChannel late = attempted.get(0).channel();
        attempted.get(1).connected().setSuccess();
        attempted.get(0).connected().trySuccess();

        assertSame(attempted.get(1).channel(), outcome.get());
        assertTrue(attempted.get(1).channel().isOpen());
        assertFalse(late.isOpen());
    }

    @Test
    void aSlowAddressMayStillWinWhenALaterOneFails() throws Exception {
        CompletableFuture<Channel> outcome = race("10.0.0.1", "10.0.0.2").run().toCompletableFuture();
        pass(DELAY);
        attempted.get(1).connected().setFailure(new ConnectException("Connection refused"));
        assertFalse(outcome.isDone());
        attempted.get(0).connected().setSuccess();
        assertSame(attempted.get(0).channel(), outcome.get());
    }

    @Test
    void carriesWhatHappenedAtEachAddress() {
        CompletableFuture<Channel> outcome = race("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5")
                .run()
                .toCompletableFuture();
        for (int i = 0; i < 5; i++) {
            attempted.get(i).connected().setFailure(new ConnectException("Connection refused: /10.0.0." + (i + 1)));
        }
        UpstreamException failure = failureOf(outcome);
        assertEquals(FailureKind.REFUSED, failure.kind());
        assertEquals(WHERE.hop(), failure.hop());
        assertTrue(
                failure.getMessage().endsWith("(tried 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 and 1 more)"),
                failure.getMessage());
        for (int i = 0; i < 5; i++) {
            UpstreamException cause = (UpstreamException) failure.getSuppressed()[i];
            assertEquals("proxy p.test:3128 at 10.0.0." + (i + 1), cause.hop());
        }
    }

    /** What a machine without a route to one family hears of that family explains nothing. */
    @ParameterizedTest
    @CsvSource({
        "unreachable, refused, REFUSED",
        "refused, unreachable, REFUSED",
        "unreachable, timeout, TIMEOUT",
        "timeout, unreachable, TIMEOUT",
        "unreachable, unreachable, UNREACHABLE",
        "refused, timeout, TIMEOUT",
    })
    void isCalledByWhatTellsMost(String first, String second, FailureKind expected) {
        CompletableFuture<Channel> outcome =
                race("2001:db8::1", "10.0.0.2").run().toCompletableFuture();
        attempted.get(0).connected().setFailure(error(first));
        attempted.get(1).connected().setFailure(error(second));
        assertEquals(expected, failureOf(outcome).kind());
    }

    private static Exception error(String name) {
        return switch (name) {
            case "refused" -> new ConnectException("Connection refused");
            case "timeout" -> new ConnectTimeoutException("connection timed out");
            default -> new NoRouteToHostException("No route to host");
        };
    }

    @Test
    void aCancelledRaceClosesEverySocketAndStartsNoOther() {
        AddressRace race = race("10.0.0.1", "10.0.0.2", "10.0.0.3");
        CompletableFuture<Channel> outcome = race.run().toCompletableFuture();
        pass(DELAY);
        race.cancel();
        pass(DELAY);

        assertFalse(outcome.isDone());
        assertEquals(2, attempted.size());
        attempted.forEach(socket -> assertFalse(socket.channel().isOpen()));
    }

    /** As a socket may when the process has no file descriptor left, or the address no zone. */
    @Test
    void anAddressThatThrowsIsPassedByAtOnce() throws Exception {
        CompletableFuture<Channel> outcome = race(
                        address -> {
                            if (address.getHostAddress().endsWith("1")) {
                                throw new IllegalStateException("thrown on purpose by a test");
                            } else if (address.getHostAddress().endsWith("2")) {
                                throw new NoClassDefFoundError("thrown on purpose by a test");
                            }
                            return connect(address);
                        },
                        "10.0.0.1",
                        "10.0.0.2",
                        "10.0.0.3")
                .run()
                .toCompletableFuture();
        assertEquals(1, attempted.size(), "without waiting for the delay");
        attempted.get(0).connected().setSuccess();
        assertSame(attempted.get(0).channel(), outcome.get());
    }

    @Test
    void addressesThatAllThrowEndTheRace() {
        UpstreamException failure = failureOf(race(
                        address -> {
                            throw new IllegalStateException("no file descriptor, thrown on purpose");
                        },
                        "10.0.0.1",
                        "10.0.0.2")
                .run()
                .toCompletableFuture());
        assertEquals(FailureKind.INTERNAL, failure.kind());
        assertEquals(WHERE.hop(), failure.hop());
        assertTrue(failure.getMessage().contains("no file descriptor"), failure.getMessage());
        assertEquals(2, failure.getSuppressed().length);
        pass(DELAY);
    }

    /** P11, the row of TCP; an address alone has ten seconds, which its socket sees to. */
    @Test
    void allAddressesTogetherHaveTwentySeconds() {
        CompletableFuture<Channel> outcome = race("10.0.0.1", "10.0.0.2").run().toCompletableFuture();
        attempted.get(0).connected().setFailure(new ConnectException("Connection refused"));
        pass(19_999);
        assertFalse(outcome.isDone());
        pass(1);
        UpstreamException failure = failureOf(outcome);
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals("tcp", failure.stage());
        assertEquals(WHERE.hop(), failure.hop());
        assertTrue(failure.getMessage().contains("the 20 s for that stage are over"), failure.getMessage());
        assertEquals(1, failure.getSuppressed().length);
        assertFalse(attempted.get(1).channel().isOpen());
    }
}
