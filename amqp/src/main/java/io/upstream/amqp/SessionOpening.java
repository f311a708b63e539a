// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.StageLimit;
import io.upstream.session.TokenLease;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The steps by which an identity becomes known, under one deadline and a limit for each: present the token, attach. Confined to the event loop.
 */
final class SessionOpening {
    /** For the hub's answer to a token, and for those to begin and attach. */
    static final Duration STEP = Duration.ofSeconds(20);

    private final AmqpLine line;
    private final AmqpConnection connection;
    private final @Nullable TokenPresenter tokens;
    private Step step = Step.TOKEN;
    private @Nullable Future<?> alarm;
    private @Nullable Future<?> stepAlarm;
    private @Nullable CompletableFuture<TokenLease> presented;

    private enum Step {
        TOKEN("cbs"),
        LINKS("attach"),
        DONE("");

        private final String stage;

        Step(String stage) {
            this.stage = stage;
        }
    }

    /** @param tokens null if the identity needs none */
    SessionOpening(AmqpLine line, AmqpConnection connection, @Nullable TokenPresenter tokens) {
        this.line = line;
        this.connection = connection;
        this.tokens = tokens;
    }

    /** @param nanos until the line is told that it took too long */
    void start(long nanos) {
        alarm = connection.loop().schedule(() -> expire(nanos), nanos, TimeUnit.NANOSECONDS);
        if (tokens == null) {
            attach();
            return;
        }
        awaitTheHub();
        presented = tokens.present();
        presented.whenComplete((token, error) -> {
            if (step != Step.TOKEN) {
                return;
            }
            if (error == null) {
                tokens.renewAhead(token);
                attach();
            } else {
                line.end(refusal(error));
            }
        });
    }

    private void expire(long nanos) {
        if (step == Step.TOKEN && tokens != null && tokens.waitsForToken()) {
            line.end(
                    UpstreamException.of(
                            FailureKind.TIMEOUT,
                            Where.here("token"),
                            "there was no token yet when the " + Failures.seconds(Duration.ofNanos(nanos))
                                    + " that were left of the connect timeout were over: look at what makes it, or raise the timeout"));
            return;
        }
        Where where = connection.where(step.stage);
        giveUp(UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                "no answer from " + where.hop() + " in stage '" + step.stage + "' within the "
                        + Failures.seconds(Duration.ofNanos(nanos))
                        + " that were left of the connect timeout: try again, or raise it"));
    }

    private void awaitTheHub() {
        long answers = connection.tokenAnswers();
        stepAlarm = connection.loop().schedule(() -> stepIsOver(answers), STEP.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** A token that waits for its turn behind others has not been put to the hub, which answers these meanwhile. */
    private void stepIsOver(long answersBefore) {
        if (step == Step.TOKEN
                && tokens != null
                && (tokens.waitsForToken() || connection.tokenAnswers() != answersBefore)) {
            awaitTheHub();
        } else if (step != Step.DONE) {
            giveUp(StageLimit.exceeded(connection.where(step.stage), STEP));
        }
    }

    private void giveUp(UpstreamException late) {
        line.end(late);
        connection.unanswered(late);
    }

    private UpstreamException refusal(Throwable error) {
        return Failures.translate(error, connection.where(Step.TOKEN.stage));
    }

    private void attach() {
        step = Step.LINKS;
        cancel(stepAlarm);
        awaitTheHub();
        line.attach();
        connection.flush();
    }

    /** All steps are done. */
    void succeed() {
        connection.answered();
        release();
    }

    private void release() {
        step = Step.DONE;
        cancel(alarm);
        cancel(stepAlarm);
    }

    private static void cancel(@Nullable Future<?> set) {
        if (set != null) {
            set.cancel(false);
        }
    }

    /** Forgets what is under way, renewals too. */
    void end() {
        release();
        if (presented != null) {
            presented.cancel(false);
        }
        if (tokens != null) {
            tokens.end();
        }
    }
}
