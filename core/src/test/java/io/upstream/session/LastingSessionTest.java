// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static io.upstream.session.ScriptedSite.kindOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A session between one line and the next, whatever the protocol. */
class LastingSessionTest {
    private static UpstreamRuntime runtime;

    private ScriptedSite site = new ScriptedSite(runtime, ScriptedSite.QUICK);

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

    private void with(Reconnect reconnect) {
        site.close();
        site = new ScriptedSite(runtime, reconnect);
    }

    /** Where a session can be when it is closed. */
    private enum Moment {
        OPENING,
        UP,
        RETIRING,
        REPLACING,
        PAUSING,
        PAUSING_AFTER_A_FAILURE,
        BACK_AGAIN,
        LOST_AS_SOON_AS_IT_WAS_BACK
    }

    private void reach(Moment moment) {
        if (moment == Moment.OPENING) {
            return;
        }
        ScriptedLine first = site.up();
        switch (moment) {
            case OPENING, UP -> {}
            case RETIRING -> site.owner().retiring(first);
            case REPLACING -> {
                site.owner().retiring(first);
                site.ends(first, null);
            }
            case PAUSING -> site.loses(first);
            case PAUSING_AFTER_A_FAILURE -> {
                site.loses(first);
                site.fails(ScriptedSite.failure(FailureKind.UNREACHABLE));
            }
            case BACK_AGAIN -> {
                site.loses(first);
                site.up();
            }
            case LOST_AS_SOON_AS_IT_WAS_BACK -> {
                site.loses(first);
                dies();
            }
        }
    }

    /** A line comes up and breaks when the session first writes to it. */
    private ScriptedLine dies() {
        ScriptedLine dying = new ScriptedLine();
        dying.onPump = () -> {
            dying.onPump = () -> {};
            site.ends(dying, site.lost);
        };
        return site.up(dying);
    }

    /** What else happens. */
    private enum Event {
        NOTHING,
        SUCCESS,
        SUCCESS_WITH_A_LINE_THAT_DIES,
        FAILURE,
        LOSS
    }

    private void happens(Event event) {
        if (event == Event.LOSS) {
            site.losesAll();
        } else if (site.isAwaited()) {
            switch (event) {
                case SUCCESS -> site.up();
                case SUCCESS_WITH_A_LINE_THAT_DIES -> dies();
                case FAILURE -> site.fails(ScriptedSite.failure(FailureKind.TIMEOUT));
                case NOTHING, LOSS -> {}
            }
        }
    }

    /** When it happens, seen from the loop. */
    private enum When {
        BEFORE_THE_CLOSE,
        AFTER_THE_CLOSE
    }

    static Stream<Arguments> races() {
        return Arrays.stream(Moment.values())
                .flatMap(moment -> Arrays.stream(Event.values())
                        .flatMap(event -> Arrays.stream(When.values())
                                .flatMap(when -> Stream.of(0, 5)
                                        .map(drain -> Arguments.of(moment, event, when, Duration.ofSeconds(drain))))));
    }

    /** P1, P8 and P21; that no attempt is made after the end {@link ScriptedSite#connect} sees to. */
    @ParameterizedTest(name = "{0}, {1} {2}, drain {3}")
    @MethodSource("races")
    void closingWinsOverAReconnectInEveryPhase(Moment moment, Event event, When when, Duration drain) {
        reach(moment);
        UpstreamSession session = site.session;
        List<CompletionStage<?>> asked = everything(session);
        site.turn();
        CompletionStage<Void> closed = session.close(drain);
        if (when == When.AFTER_THE_CLOSE) {
            site.turn();
        }
        happens(event);
        site.turn();
        site.pass(drain);
        site.linesObey();
        site.pass(Duration.ofSeconds(5));
        assertTrue(closed.toCompletableFuture().isDone());
        assertSame(closed, session.close(Duration.ZERO));
        assertEquals(Phase.CLOSED, session.status().phase());
        assertEquals(1, site.departures);
        assertTrue(site.opened.isDone());
        for (CompletionStage<?> each : asked) {
            kindOf(each);
        }
        everything(session).forEach(ScriptedSite::kindOf);
        assertEquals(-1, site.nextTimer());
        assertUntouchedByWhatComesLate();
    }

    private void assertUntouchedByWhatComesLate() {
        List<SessionStatus> before = List.copyOf(site.told);
        ScriptedLine late = site.up();
        assertEquals(List.of(Duration.ZERO), late.finishes, "a line that comes too late is told to go");
        assertFalse(late.wasAsked());
        site.fails(site.lost);
        assertEquals(before, site.told);
        assertEquals(1, site.departures);
    }

    private static List<CompletionStage<?>> everything(UpstreamSession session) {
        return List.of(
                session.send(Telemetry.json("1")),
                session.twin(),
                session.report("{}"),
                session.onMessage(MessageHandler.completing(message -> {})),
                session.onMethod(request -> MethodResponse.ok()),
                session.onDesiredChange(change -> {}));
    }

    @Test
    void aLineThatDiesWhileItComesUpIsLeftForTheNext() {
        ScriptedLine first = site.up();
        site.session.onMessage(MessageHandler.completing(message -> {}));
        site.turn();
        first.messages.get(0).complete(null);
        site.turn();
        site.loses(first);
        CompletionStage<Twin> twin = site.session.twin();
        CompletionStage<Void> sent = site.session.send(Telemetry.json("1"));
        site.turn();
        ScriptedLine dead = dies();
        assertFalse(dead.wasAsked(), "whatever is put onto it would wait for nothing");
        assertEquals(Phase.RECONNECTING, site.session.status().phase());
        assertEquals(Arrays.asList(null, site.lost, site.lost), site.attempts);
        ScriptedLine next = site.up();
        assertEquals(1, next.messages.size());
        assertEquals(1, next.twins.size());
        assertFalse(twin.toCompletableFuture().isDone());
        Objects.requireNonNull(site.owner().outbox().next()).succeed();
        site.turn();
        assertTrue(sent.toCompletableFuture().isDone());
    }

    @Test
    void aSessionThatNeverReconnectsMakesNoSecondAttempt() {
        with(Reconnect.NEVER);
        ScriptedLine line = site.up();
        CompletionStage<Void> sent = site.session.send(Telemetry.json("1"));
        site.turn();
        site.loses(line);
        assertEquals(FailureKind.RESET, kindOf(sent));
        assertEquals(Phase.CLOSED, site.session.status().phase());
        site.pass(Duration.ofHours(1));
        assertEquals(1, site.attempts.size());
        assertEquals(1, site.departures);
    }

    @Test
    void aSessionThatNeverReconnectsTriesOnceToReplaceALineAsPlanned() {
        with(Reconnect.NEVER);
        ScriptedLine line = site.up();
        site.owner().retiring(line);
        site.ends(line, null);
        site.turn();
        assertEquals(Arrays.asList(null, null), site.attempts);
        site.fails(ScriptedSite.failure(FailureKind.UNREACHABLE));
        assertEquals(Phase.CLOSED, site.session.status().phase());
        site.pass(Duration.ofHours(1));
        assertEquals(2, site.attempts.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void whatIsUnansweredFailsWhenTheDrainIsOverHoweverLongTheLineTakesToSayGoodbye(int drain) {
        ScriptedLine line = site.up();
        CompletionStage<Void> sent = site.session.send(Telemetry.json("1"));
        site.turn();
        Send written = Objects.requireNonNull(site.owner().outbox().next());
        CompletionStage<Void> closed = site.session.close(Duration.ofSeconds(drain));
        site.turn();
        assertEquals(drain == 0, sent.toCompletableFuture().isDone());
        site.pass(Duration.ofSeconds(drain));
        assertEquals(FailureKind.CLOSED, kindOf(sent));
        assertFalse(closed.toCompletableFuture().isDone());
        written.succeed(); // too late
        site.ends(line, null);
        site.turn();
        assertTrue(closed.toCompletableFuture().isDone());
        assertEquals(Phase.CLOSED, site.session.status().phase());
    }
}
