// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static io.upstream.session.ScriptedSite.kindOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Gap;
import io.upstream.MethodResponse;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a session tells of times without a connection, and what it does when the network changes. */
class GapTest {
    private static UpstreamRuntime runtime;

    private final ScriptedSite site = new ScriptedSite(runtime, ScriptedSite.QUICK);
    private final List<Gap> gaps = new ArrayList<>();

    GapTest() {
        site.session.onGap(gaps::add);
    }

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    @AfterEach
    void close() {
        site.close();
    }

    private void declare(ScriptedLine line) {
        site.session.onDesiredChange(change -> {});
        site.session.onMethod(request -> MethodResponse.ok("{}"));
        site.turn();
        confirm(line);
    }

    private void confirm(ScriptedLine line) {
        line.changes.forEach(each -> each.complete(null));
        line.methods.forEach(each -> each.complete(null));
        site.turn();
    }

    @Test
    void tellsOfNoneBeforeAConnectionIsLost() {
        declare(site.up());
        assertEquals(List.of(), gaps);
    }

    @Test
    void tellsOfOneWhenEverythingComesAgain() {
        ScriptedLine first = site.up();
        declare(first);
        site.pass(Duration.ofSeconds(5));
        site.loses(first);
        site.pass(Duration.ofSeconds(7));
        site.fails(ScriptedSite.failure(FailureKind.REFUSED));
        site.pass(Duration.ofSeconds(2));
        ScriptedLine second = site.up();
        assertEquals(List.of(), gaps, "nothing is confirmed yet");
        second.methods.forEach(each -> each.complete(null));
        site.turn();
        assertEquals(List.of(), gaps, "one of two is");
        confirm(second);
        assertEquals(1, gaps.size());
        assertEquals(Duration.ofSeconds(9), gaps.get(0).lasted());
        assertSame(site.lost, gaps.get(0).cause(), "the first cause is the one");
    }

    @Test
    void tellsAtOnceWhoReceivesNothing() {
        site.loses(site.up());
        site.up();
        assertEquals(1, gaps.size());
    }

    @Test
    void isOneGapHoweverOftenItIsLostMeanwhile() {
        ScriptedLine first = site.up();
        declare(first);
        site.loses(first);
        site.loses(site.up());
        confirm(site.up());
        assertEquals(1, gaps.size());
    }

    @Test
    void namesNoCauseForARenewal() {
        ScriptedLine first = site.up();
        declare(first);
        site.owner().retiring(first);
        site.ends(first, null);
        confirm(site.up());
        assertEquals(1, gaps.size());
        assertNull(gaps.get(0).cause());
    }

    @Test
    void tellsWhenTheHubTakesASubscriptionBackAlone() {
        ScriptedLine line = site.up();
        declare(line);
        UpstreamException why = ScriptedSite.failure(FailureKind.SERVER_ERROR);
        site.takesBack(line, Subject.METHODS, why);
        assertEquals(List.of(), gaps);
        site.pass(Duration.ofSeconds(1));
        confirm(line);
        assertEquals(1, gaps.size());
        assertSame(why, gaps.get(0).cause());
    }

    @Test
    void hurriesWhereThereIsNoConnectionWhenTheNetworkChanges() {
        site.loses(site.up());
        site.session.networkChanged();
        site.turn();
        assertEquals(1, site.hurries);
    }

    @Test
    void asksTheConnectionThatThereIsWhenTheNetworkChanges() {
        ScriptedLine line = site.up();
        site.session.networkChanged();
        site.turn();
        assertEquals(1, line.probes.size());
        line.probes.get(0).complete(Duration.ofMillis(1));
        site.turn();
        assertNull(line.givenUp);
        assertEquals(0, site.hurries);
    }

    @Test
    void givesTheConnectionUpThatDoesNotAnswerWhenTheNetworkChanges() {
        ScriptedLine line = site.up();
        site.session.networkChanged();
        site.turn();
        UpstreamException silence = ScriptedSite.failure(FailureKind.TIMEOUT);
        line.probes.get(0).completeExceptionally(silence);
        site.turn();
        assertSame(silence, line.givenUp);
    }

    @Test
    void keepsTheConnectionThatCannotBeAskedForTheApplicationIsSlow() {
        ScriptedLine line = site.up();
        site.session.networkChanged();
        site.turn();
        line.probes.get(0).completeExceptionally(ScriptedSite.failure(FailureKind.OUTBOX_FULL));
        site.turn();
        assertNull(line.givenUp);
    }

    @Test
    void leavesTheNextConnectionAloneWhenTheOneBeforeDidNotAnswer() {
        ScriptedLine first = site.up();
        site.session.networkChanged();
        site.turn();
        site.loses(first); // fails its probes
        ScriptedLine second = site.up();
        assertNull(second.givenUp);
    }

    @Test
    void probesTheConnectionThatThereIs() {
        ScriptedLine line = site.up();
        CompletionStage<Duration> probe = site.session.probe();
        site.turn();
        line.probes.get(0).complete(Duration.ofMillis(3));
        assertEquals(Duration.ofMillis(3), probe.toCompletableFuture().join());
    }

    @Test
    void failsAProbeAtOnceWithoutAConnection() {
        site.loses(site.up());
        CompletionStage<Duration> probe = site.session.probe();
        site.turn();
        assertEquals(FailureKind.RESET, kindOf(probe));
        probe.toCompletableFuture().handle((took, error) -> {
            assertTrue(String.valueOf(error.getMessage()).contains("no connection at present"));
            return null;
        });
        site.session.close(Duration.ZERO);
        site.turn();
        assertEquals(FailureKind.CLOSED, kindOf(site.session.probe()));
    }

    /** P20: whether it could have been the network. */
    @ParameterizedTest
    @EnumSource(
            names = {"THROTTLED", "QUOTA", "UNAUTHORIZED", "TOKEN_EXPIRED", "NOT_FOUND", "DEVICE_DISABLED", "KICKED"})
    void doesNotHurryForWhatIsNotTheNetworks(FailureKind kind) {
        assertFalse(Remedy.mayPassElsewhere(ScriptedSite.failure(kind)));
    }

    @ParameterizedTest
    @EnumSource(names = {"TIMEOUT", "DNS", "PROXY_AUTH", "PROXY_DENIED", "TLS_TRUST", "WS_REJECTED", "RESET"})
    void hurriesForWhatMayBe(FailureKind kind) {
        assertTrue(Remedy.mayPassElsewhere(ScriptedSite.failure(kind)));
        UpstreamException asked = UpstreamException.later(
                kind, Objects.requireNonNull(UpstreamException.Where.here("tunnel")), "later", Duration.ofSeconds(5));
        assertFalse(Remedy.mayPassElsewhere(asked), "P20");
    }
}
