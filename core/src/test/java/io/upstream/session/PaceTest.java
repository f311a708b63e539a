// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

class PaceTest {
    private static final Where WHERE = new Where("mqtt", "hub h:8883 (through proxy p:3128)");

    private final Logger logger = (Logger) LoggerFactory.getLogger(Pace.class);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private Pace pace = pace(UpstreamOptions.forHub("h"));
    private long now;

    @BeforeEach
    void listen() {
        log.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(log);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(log);
        logger.setAdditive(true);
        logger.setLevel(null);
    }

    private static Pace pace(UpstreamOptions.Builder options) {
        return new Pace(options.build(), new SplittableRandom(1));
    }

    private Quiet connection() {
        return new Quiet(now);
    }

    private void pass(double seconds) {
        now += (long) (seconds * 1e9);
    }

    private void ends(Quiet connection, FailureKind kind) {
        pace.ended(UpstreamException.of(kind, WHERE, "gone"), connection, now);
    }

    /** A connection that ends after so many seconds in which nobody spoke. */
    private void diesAfter(double seconds) {
        Quiet connection = connection();
        pass(seconds);
        ends(connection, FailureKind.CLOSED_BY_PEER);
        pass(1);
    }

    private List<String> said() {
        return log.list.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }

    @Test
    void isThatOfTheOptionsAtFirst() {
        assertEquals(Duration.ofSeconds(45), pace.interval());
        assertEquals(Duration.ofSeconds(15), pace.patience());
        pace = pace(UpstreamOptions.forHub("h")
                .keepAlive(Duration.ofSeconds(100))
                .keepAlivePatience(Duration.ofSeconds(2)));
        assertEquals(Duration.ofSeconds(100), pace.interval());
        assertEquals(Duration.ofSeconds(2), pace.patience());
    }

    @Test
    void differsByATenthFromConnectionToConnectionAndIsNeverLonger() {
        long least = Long.MAX_VALUE;
        long most = 0;
        for (int i = 0; i < 1_000; i++) {
            long drawn = pace.draw().toMillis();
            least = Math.min(least, drawn);
            most = Math.max(most, drawn);
        }
        assertTrue(most <= 45_000 && most > 44_500, most + " ms");
        assertTrue(least >= 36_818 && least < 37_300, least + " ms");
    }

    @ParameterizedTest
    @CsvSource({"40, 44, 20", "44, 40, 20", "40, 48.8, 20", "60, 55, 27.5", "20, 20, 15", "16, 16, 15"})
    void isHalfOfASilenceAfterWhichTwoConnectionsEnded(double first, double second, double seconds) {
        diesAfter(first);
        assertEquals(Duration.ofSeconds(45), pace.interval());
        diesAfter(second);
        assertEquals(Duration.ofMillis((long) (seconds * 1000)), pace.interval());
        assertEquals(1, said().size());
        String line = said().get(0);
        assertTrue(line.startsWith("INFO connections to hub h:8883 (through proxy p:3128) end after "), line);
    }

    @ParameterizedTest
    @CsvSource({"20, 40", "40, 20", "30, 37", "14.9, 14.9", "100, 100"})
    void staysWhenTheSilencesDifferOrSayNothing(double first, double second) {
        diesAfter(first);
        diesAfter(second);
        assertEquals(Duration.ofSeconds(45), pace.interval());
        assertEquals(List.of(), said());
    }

    @Test
    void isShortenedOnceMoreWhenThatWasNotEnough() {
        for (int i = 0; i < 2; i++) {
            diesAfter(40);
        }
        for (int i = 0; i < 2; i++) {
            diesAfter(20);
        }
        for (int i = 0; i < 4; i++) {
            diesAfter(15);
        }
        assertEquals(Duration.ofSeconds(15), pace.interval());
        assertEquals(2, said().size(), said().toString());
    }

    @Test
    void staysWhenTheConnectionHadLivedThroughAsLongASilence() {
        diesAfter(30);
        Quiet connection = connection();
        pass(30.1);
        connection.spoke(now);
        pass(0.1);
        connection.heard(now);
        pass(30);
        ends(connection, FailureKind.RESET);
        assertEquals(Duration.ofSeconds(45), pace.interval());
    }

    @Test
    void countsTheSilenceBeforeAQuestionThatIsNotAnswered() {
        for (int i = 0; i < 2; i++) {
            Quiet connection = connection();
            pass(10);
            connection.spoke(now);
            pass(1);
            connection.heard(now);
            pass(40);
            connection.spoke(now);
            pass(15);
            ends(connection, FailureKind.TIMEOUT);
        }
        assertEquals(Duration.ofSeconds(20), pace.interval());
    }

    @Test
    void takesConnectionsThatEndTogetherForOneEvent() {
        List<Quiet> connections = List.of(connection(), connection(), connection());
        pass(30);
        connections.forEach(each -> ends(each, FailureKind.CLOSED_BY_PEER));
        assertEquals(Duration.ofSeconds(45), pace.interval());
        diesAfter(30);
        assertEquals(Duration.ofSeconds(15), pace.interval());
    }

    @ParameterizedTest
    @EnumSource(
            value = FailureKind.class,
            names = {"KICKED", "CLOSED", "UNAUTHORIZED", "THROTTLED", "PROTOCOL"})
    void staysWhenTheEndHadAnotherReason(FailureKind kind) {
        for (int i = 0; i < 3; i++) {
            Quiet connection = connection();
            pass(40);
            ends(connection, kind);
        }
        assertEquals(Duration.ofSeconds(45), pace.interval());
    }

    @Test
    void staysAsTheApplicationHasChosenItAndSaysOnceThatItIsTooLong() {
        pace = pace(UpstreamOptions.forHub("h").keepAlive(Duration.ofSeconds(230)));
        for (int i = 0; i < 6; i++) {
            diesAfter(60);
        }
        assertEquals(Duration.ofSeconds(230), pace.interval());
        assertEquals(
                List.of(
                        "WARN connections to hub h:8883 (through proxy p:3128) end after 60 s without traffic, and the keep-alive"
                                + " was chosen to be 230 s: choose 30 s or less"),
                said());
    }
}
