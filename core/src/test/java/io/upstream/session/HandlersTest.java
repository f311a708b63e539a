// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Reconnect;
import io.upstream.Twin;
import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What was declared once, while the hub takes it back and gives it again on a line that goes on. */
class HandlersTest {
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(200);

    private static UpstreamRuntime runtime;

    private final ScriptedSite site = new ScriptedSite(runtime, ScriptedSite.QUICK);
    private final List<DesiredChange> changes = new ArrayList<>();
    private ScriptedLine line = new ScriptedLine();

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    @BeforeEach
    void connect() {
        line = site.up();
    }

    @AfterEach
    void close() {
        site.close();
    }

    private List<CompletableFuture<Void>> asked(Subject subject) {
        return switch (subject) {
            case MESSAGES -> line.messages;
            case DESIRED_CHANGES -> line.changes;
            case METHODS -> line.methods;
        };
    }

    private CompletionStage<Void> declare(Subject subject) {
        CompletionStage<Void> declared = switch (subject) {
            case MESSAGES -> site.session.onMessage(MessageHandler.completing(message -> {}));
            case DESIRED_CHANGES -> site.session.onDesiredChange(changes::add);
            case METHODS -> site.session.onMethod(request -> MethodResponse.ok());
        };
        site.turn();
        return declared;
    }

    /** The hub's word on the latest request for it. */
    private void confirm(Subject subject) {
        List<CompletableFuture<Void>> all = asked(subject);
        all.get(all.size() - 1).complete(null);
        site.turn();
    }

    private void refuse(Subject subject, FailureKind kind) {
        List<CompletableFuture<Void>> all = asked(subject);
        all.get(all.size() - 1).completeExceptionally(ScriptedSite.failure(kind));
        site.turn();
    }

    private void change(long version) {
        assertNotNull(line.watcher);
        line.watcher.accept(new DesiredChange("{\"$version\":" + version + "}", version));
    }

    private void answer(int request, long version) {
        line.twins.get(request).complete(new Twin("{\"$version\":" + version + "}", version, "{}", 1));
        site.turn();
    }

    private void takeBack(Subject subject) {
        site.takesBack(line, subject, ScriptedSite.failure(FailureKind.SERVER_ERROR));
    }

    @ParameterizedTest
    @EnumSource(Subject.class)
    void asksAgainAfterAPauseForWhatTheHubHasTakenBack(Subject subject) {
        declare(subject);
        confirm(subject);
        takeBack(subject);
        assertEquals(1, asked(subject).size(), "not at once");
        site.pass(LONGEST_PAUSE);
        assertEquals(2, asked(subject).size());
        confirm(subject);
        site.pass(Duration.ofMinutes(10));
        assertEquals(2, asked(subject).size());
        assertEquals(1, site.attempts.size(), "the line goes on");
    }

    @ParameterizedTest
    @EnumSource(Subject.class)
    void givesTheLineUpWhenItIsRefusedTooOften(Subject subject) {
        declare(subject);
        confirm(subject);
        takeBack(subject);
        for (int refusals = 0; refusals < Declaration.MOST_REFUSALS; refusals++) {
            assertNull(line.givenUp);
            site.pass(LONGEST_PAUSE);
            assertEquals(2 + refusals, asked(subject).size());
            refuse(subject, FailureKind.SERVER_ERROR);
        }
        assertNotNull(line.givenUp);
        assertEquals(FailureKind.SERVER_ERROR, line.givenUp.kind());
        site.pass(Duration.ofMinutes(10));
        assertEquals(1 + Declaration.MOST_REFUSALS, asked(subject).size());
    }

    @ParameterizedTest
    @EnumSource(
            value = FailureKind.class,
            names = {"UNAUTHORIZED", "NOT_FOUND", "DEVICE_DISABLED", "PROTOCOL"})
    void givesTheLineUpAtOnceForWhatDoesNotPassByItself(FailureKind kind) {
        declare(Subject.MESSAGES);
        confirm(Subject.MESSAGES);
        takeBack(Subject.MESSAGES);
        site.pass(LONGEST_PAUSE);
        refuse(Subject.MESSAGES, kind);
        assertNotNull(line.givenUp);
        assertEquals(kind, line.givenUp.kind());
    }

    @Test
    void aNewLineIsNotGivenUpForWhatItNeverHad() {
        declare(Subject.METHODS);
        confirm(Subject.METHODS);
        site.loses(line);
        line = site.up();
        refuse(Subject.METHODS, FailureKind.NOT_FOUND);
        for (int i = 0; i < 3 * Declaration.MOST_REFUSALS; i++) {
            site.pass(Duration.ofSeconds(2)); // what will not pass by itself is asked for seldom
            refuse(Subject.METHODS, FailureKind.SERVER_ERROR);
        }
        assertNull(line.givenUp);
        assertTrue(line.methods.size() > Declaration.MOST_REFUSALS);
    }

    @Test
    void aPauseIsOverWithItsLine() {
        declare(Subject.MESSAGES);
        confirm(Subject.MESSAGES);
        takeBack(Subject.MESSAGES);
        site.loses(line);
        ScriptedLine former = line;
        line = site.up();
        assertEquals(1, line.messages.size());
        confirm(Subject.MESSAGES);
        site.pass(Duration.ofMinutes(1));
        assertEquals(1, line.messages.size());
        assertEquals(1, former.messages.size());
    }

    @Test
    void whatIsTakenBackAsSoonAsItIsGrantedIsAskedForMoreAndMoreSeldom() {
        try (ScriptedSite patient = new ScriptedSite(runtime, Reconnect.DEFAULT)) {
            line = patient.up();
            patient.session.onMessage(MessageHandler.completing(message -> {}));
            patient.turn();
            for (int second = 0; second < 600; second++) {
                int asked = line.messages.size();
                if (line.messages.get(asked - 1).complete(null)) {
                    patient.turn();
                    patient.takesBack(line, Subject.MESSAGES, ScriptedSite.failure(FailureKind.SERVER_ERROR));
                }
                patient.pass(Duration.ofSeconds(1));
            }
            assertTrue(line.messages.size() >= 10, "asked " + line.messages.size() + " times in ten minutes");
            assertTrue(line.messages.size() <= 80, "asked " + line.messages.size() + " times in ten minutes");
            assertNull(line.givenUp);
        }
    }

    /** The hub's yes may wait behind other callbacks of the application while the hub takes it back. */
    @Test
    void anAnswerFromBeforeALossDoesNotHideTheLoss() {
        CompletionStage<Void> declared = declare(Subject.MESSAGES);
        takeBack(Subject.MESSAGES);
        line.messages.get(0).complete(null);
        site.turn();
        assertTrue(declared.toCompletableFuture().isDone(), "it was confirmed");
        site.pass(LONGEST_PAUSE);
        assertEquals(2, line.messages.size());
    }

    @Test
    void severalRequestsAfterALossAreTriedAgainAsOne() {
        declare(Subject.METHODS);
        confirm(Subject.METHODS);
        takeBack(Subject.METHODS);
        CompletionStage<Void> second = declare(Subject.METHODS);
        CompletionStage<Void> third = declare(Subject.METHODS);
        refuse(Subject.METHODS, FailureKind.SERVER_ERROR);
        assertEquals(FailureKind.SERVER_ERROR, ScriptedSite.kindOf(second));
        assertEquals(FailureKind.SERVER_ERROR, ScriptedSite.kindOf(third));
        site.pass(LONGEST_PAUSE);
        assertEquals(4, line.methods.size());
        site.pass(Duration.ofMinutes(1));
        assertEquals(4, line.methods.size(), "one retry for all");
    }

    @Test
    void tellsWhatWasMissedWhileTheLinksForTheTwinWereGone() {
        declare(Subject.DESIRED_CHANGES);
        confirm(Subject.DESIRED_CHANGES);
        change(2);
        takeBack(Subject.DESIRED_CHANGES);
        site.pass(LONGEST_PAUSE);
        assertEquals(0, line.twins.size(), "nothing is read before changes come again");
        confirm(Subject.DESIRED_CHANGES);
        answer(0, 4);
        assertEquals(2, changes.size());
        assertEquals(new DesiredChange("{\"$version\":4}", 4, true), changes.get(1));
        change(5);
        assertFalse(changes.get(2).complete());
    }

    @Test
    void tellsNothingWhenNothingWasMissed() {
        declare(Subject.DESIRED_CHANGES);
        confirm(Subject.DESIRED_CHANGES);
        change(2);
        takeBack(Subject.DESIRED_CHANGES);
        site.pass(LONGEST_PAUSE);
        confirm(Subject.DESIRED_CHANGES);
        answer(0, 2);
        assertEquals(1, changes.size());
        site.pass(Duration.ofMinutes(1));
        assertEquals(1, line.twins.size());
    }

    /** A change that came in between hides what was missed before it from a look at the latest version. */
    @Test
    void aGapThatWasNotMadeUpForIsNotForgottenWhenTheLinksAreLostAgain() {
        declare(Subject.DESIRED_CHANGES);
        confirm(Subject.DESIRED_CHANGES);
        change(2);
        takeBack(Subject.DESIRED_CHANGES);
        site.pass(LONGEST_PAUSE);
        confirm(Subject.DESIRED_CHANGES);
        change(4); // and 3 was missed
        line.twins.get(0).completeExceptionally(site.lost);
        takeBack(Subject.DESIRED_CHANGES);
        site.pass(LONGEST_PAUSE);
        confirm(Subject.DESIRED_CHANGES);
        answer(1, 4);
        assertTrue(changes.get(changes.size() - 1).complete(), changes.toString());
        site.pass(Duration.ofMinutes(1));
        assertEquals(2, line.twins.size(), "the first reading is not taken up again");
    }

    @Test
    void comesBackAlsoWhereALostConnectionEndsTheSession() {
        try (ScriptedSite never = new ScriptedSite(runtime, Reconnect.NEVER)) {
            ScriptedLine only = never.up();
            never.session.onMessage(MessageHandler.completing(message -> {}));
            never.turn();
            only.messages.get(0).complete(null);
            never.turn();
            never.takesBack(only, Subject.MESSAGES, ScriptedSite.failure(FailureKind.SERVER_ERROR));
            never.pass(Duration.ofSeconds(1));
            assertEquals(2, only.messages.size());
        }
    }
}
