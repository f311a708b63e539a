// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.util.ResourceLeakDetector;
import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.session.Callbacks;
import io.upstream.session.LastingSession;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;
import io.upstream.session.TokenSource;
import io.upstream.session.Wakeups;
import io.upstream.testing.HubLedger;
import io.upstream.testing.TokenMaker;
import io.upstream.testing.Traffic;
import io.upstream.testing.VirtualWorld;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Three months of sessions whose tokens last an hour, in virtual time: sessions, seats, connections and renewals are the real ones, the hub and
 * the network are models. Half of the identities sign their tokens themselves, the others have a provider. More of all with
 * {@code -Dtest.jvm.args="-Dupstream.simulation.identities=200 -Dupstream.simulation.seed=1"}.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class TokenLifeSimulationTest {
    private static final int IDENTITIES = Integer.getInteger("upstream.simulation.identities", 2);
    private static final int DAYS = Integer.getInteger("upstream.simulation.days", 90);
    private static final int FEWER_DAYS = Math.max(1, DAYS / 6);
    private static final long SEED = Long.getLong("upstream.simulation.seed", 17);
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Duration ROUND_TRIP = Duration.ofMillis(500);
    private static final Duration IN_FLIGHT = Duration.ofSeconds(2);

    private static final Logger LOG = (Logger) LoggerFactory.getLogger("io.upstream");
    private static Level before;
    private static ResourceLeakDetector.Level leaks;

    private final VirtualWorld world = new VirtualWorld(SEED);
    private final List<Member> members = new ArrayList<>();

    private record Member(HubLedger.Device books, LastingSession session, Traffic traffic, TokenMaker maker) {
        /** Whether the machine's own clock does not matter to its tokens. */
        boolean hasProvider() {
            return maker.asked() > 0;
        }
    }

    /** Thousands of failures are made on purpose, each with its warning. */
    @BeforeAll
    static void quieten() {
        before = LOG.getLevel();
        LOG.setLevel(Level.ERROR);
        leaks = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE); // else it takes ten times as long
    }

    @AfterAll
    static void resume() {
        LOG.setLevel(before);
        ResourceLeakDetector.setLevel(leaks);
    }

    @AfterEach
    void close() {
        members.forEach(each -> each.session().close(Duration.ZERO));
        world.pass(Duration.ofMinutes(2));
        world.close();
    }

    private SimulatedHub open(Duration skew, double faults, double tokenFaults) {
        HubLedger ledger = new HubLedger(world, skew);
        UpstreamOptions options = UpstreamOptions.forHub("hub.test")
                .keepAlive(Duration.ofMinutes(4))
                .operationTimeout(UpstreamOptions.MAX_TIMEOUT)
                .build();
        Pace pace = new Pace(options, new Random(SEED));
        SimulatedHub hub = new SimulatedHub(world, ledger, ROUND_TRIP, tokenFaults, pace);
        ConnectionTable table = new ConnectionTable(hub, world::loop, options.reconnect(), 1_000);
        for (int i = 0; i < IDENTITIES; i++) {
            members.add(open(table, ledger, options, i, faults));
        }
        world.pass(Duration.ofSeconds(20));
        assertConnected("at first");
        for (Member each : members) {
            each.traffic().flow(Duration.ofMinutes(10));
            each.maker().whenAsked(() -> world.after(world.drawUpTo(IN_FLIGHT), each.traffic()::burst));
        }
        return hub;
    }

    private Member open(ConnectionTable table, HubLedger ledger, UpstreamOptions options, int number, double faults) {
        Identity identity = Identity.device("dev-" + number);
        TokenMaker maker = new TokenMaker(world, world::truth, LIFE, faults);
        Credentials credentials = number % 2 == 0 ? SasKey.of("c2ltdWxhdGVk") : maker;
        SessionTerms terms = new SessionTerms(
                identity,
                UpstreamProtocol.AMQP,
                true,
                options,
                world.runtime(),
                world.loop(),
                new Callbacks(Runnable::run));
        TokenSource tokens = new TokenSource(credentials, "hub.test", identity, world.runtime(), Runnable::run);
        LineTerms line = new LineTerms(terms, tokens, HubAddresses.telemetry(identity));
        LastingSession session =
                new LastingSession(terms, new AmqpSeat(line, table, table.take(credentials), gone -> {}));
        session.open();
        HubLedger.Device books = ledger.device("dev-" + number);
        return new Member(books, session, new Traffic(world, session, books), maker);
    }

    private static String seed() {
        return "with seed " + SEED;
    }

    private void assertNothingLost(Member each) {
        Traffic traffic = each.traffic();
        HubLedger.Device books = each.books();
        assertEquals(0, traffic.lost, "lost, " + seed());
        assertEquals(0, traffic.failed, "failed, " + seed());
        assertTrue(traffic.sent - traffic.acknowledged <= 10, "sent and not acknowledged, " + seed());
        assertEquals(0, books.outOfOrder, "out of order, " + seed());
        assertTrue(
                books.doubled <= books.mayBeDoubled,
                books.doubled + " doubled, of which " + books.mayBeDoubled + " may be, " + seed());
        assertEquals(0, each.maker().overlaps(), "calls of the provider at once, " + seed());
    }

    private static int leastRenewals(int days) {
        return days * 24 * 60 / 52;
    }

    /** P25, P27 (skew): in three months one attach, no message is lost, doubled or overtaken, and no token has ended when it is shown or in use. */
    @ParameterizedTest
    @ValueSource(ints = {-5, 0, 5})
    void renewsForMonthsInPlaceAndTouchesNoLink(int skewMinutes) {
        open(Duration.ofMinutes(skewMinutes), 0, 0);
        int days = skewMinutes == 0 ? DAYS : FEWER_DAYS;
        world.pass(Duration.ofDays(days));
        world.pass(Duration.ofSeconds(10));
        members.forEach(each -> assertUntouched(each, days));
        for (Member each : members) {
            assertTrue(each.books().mostInAnHour <= 3, each.books().mostInAnHour + " in an hour, " + seed());
        }
    }

    private void assertUntouched(Member each, int days) {
        assertNothingLost(each);
        assertEquals(0, each.books().refused, "refused, " + seed());
        assertEquals(0, each.books().cut, "cut, " + seed());
        assertEquals(0, each.books().doubled, "doubled, " + seed());
        assertEquals(1, each.books().attached, "attached, " + seed());
        assertEquals(0, each.traffic().losses + each.traffic().renewals, "times without a connection, " + seed());
        assertTrue(each.books().taken >= leastRenewals(days), each.books().taken + " tokens, " + seed());
    }

    /** P25, P26: neither a provider nor a token service that is at fault four times in ten costs a link. */
    @Test
    void noFaultOfTheProviderOrTheTokenServiceCostsALink() {
        open(Duration.ZERO, 0.4, 0.4);
        world.pass(Duration.ofDays(FEWER_DAYS));
        world.pass(Duration.ofSeconds(10));
        for (Member each : members) {
            assertUntouched(each, FEWER_DAYS);
            assertTrue(
                    each.maker().asked() <= 8 * each.books().taken, each.maker().asked() + " calls, " + seed());
        }
    }

    /** P5, P6, P17, P23, P25, P26: connections that break and hubs that fall silent, in the midst of renewals too, with a provider that fails. */
    @Test
    void losesNothingWhateverBreaks() {
        SimulatedHub hub = open(Duration.ZERO, 0.15, 0.15);
        world.every(Duration.ofHours(6), hub::breakOff);
        world.every(Duration.ofHours(12), hub::fallSilent);
        world.pass(Duration.ofDays(FEWER_DAYS));
        world.pass(Duration.ofMinutes(30));
        for (Member each : members) {
            assertNothingLost(each);
            assertEquals(0, each.books().refused + each.books().cut, "refused or cut, " + seed());
            assertTrue(each.traffic().losses > FEWER_DAYS, each.traffic().losses + " losses, " + seed());
            assertTrue(each.books().mostInAnHour <= 16, each.books().mostInAnHour + " in an hour, " + seed());
        }
    }

    /** P27: clocks that jump by an hour or a day, and machines that sleep for up to a day, neither stop renewals nor cause loops. */
    @Test
    void noClockStopsRenewalsOrCausesLoops() {
        SimulatedHub hub = open(Duration.ofMinutes(-1), 0, 0);
        Wakeups.of(world.runtime())
                .watch(() -> members.forEach(each -> each.session().networkChanged()));
        int sleeps = 0;
        for (int day = 0; day < FEWER_DAYS; day += 2) {
            world.pass(world.drawUpTo(Duration.ofHours(12)));
            if (world.chance(0.5)) {
                sleeps++;
                sleep(hub, world.drawUpTo(Duration.ofHours(24)));
            } else {
                Duration jump = world.chance(0.5) ? Duration.ofHours(1) : Duration.ofDays(1);
                world.putClock(world.chance(0.5) ? jump : jump.negated());
                world.pass(Duration.ofHours(2).plus(world.drawUpTo(Duration.ofHours(6))));
                world.putClock(Duration.ZERO);
                world.pass(Duration.ofMinutes(7));
            }
            assertConnected("after day " + day);
        }
        world.pass(Duration.ofHours(3));
        for (Member each : members) {
            assertNothingLost(each);
            // A clock that is an hour behind makes tokens that this hub takes for a minute. Those of one that is a day
            // behind are refused:
            // every 20 s in the last fifth of the former one's hour, every minute from then on, half as much more or
            // less.
            assertTrue(each.books().mostInAnHour <= 130, each.books().mostInAnHour + " in an hour, " + seed());
            if (each.hasProvider()) {
                assertEquals(0, each.books().refused, "refused, " + seed());
                assertTrue(
                        each.maker().asked() <= FEWER_DAYS * 24 * 4,
                        each.maker().asked() + " calls, " + seed());
            }
        }
        assertTrue(sleeps > 0, seed());
    }

    /** Half a minute is less than a keep-alive: it is the probe that notices. */
    private void sleep(SimulatedHub hub, Duration time) {
        world.sleep(time);
        hub.wasAlone(time);
        world.pass(Duration.ofSeconds(30));
        assertConnected("30 s after a sleep of " + time);
    }

    private void assertConnected(String when) {
        for (Member each : members) {
            assertTrue(
                    each.traffic().isConnected(),
                    each.session().identity() + " is not connected " + when + ": "
                            + each.session().status() + ", " + seed());
        }
    }
}
