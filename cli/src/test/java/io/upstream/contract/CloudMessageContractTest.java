// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.MessageHandler;
import io.upstream.Settlement;
import io.upstream.SystemProperty;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is sent to a device, or to a module's input, comes as it was sent and is settled as the handler says. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class CloudMessageContractTest extends SessionContract {
    /** The hub's lock on a message that is not settled. */
    private static final Duration LOCK = Duration.ofSeconds(61);

    private final BlockingQueue<CloudMessage> came = new LinkedBlockingQueue<>();
    private final AtomicInteger handled = new AtomicInteger();

    /** Takes the first message like {@code first} and completes every later one. */
    private MessageHandler first(MessageHandler first) {
        return message -> {
            came.add(message);
            return handled.getAndIncrement() == 0
                    ? first.onMessage(message)
                    : CompletableFuture.completedFuture(Settlement.COMPLETE);
        };
    }

    private static MessageHandler like(Settlement settlement) {
        return message -> CompletableFuture.completedFuture(settlement);
    }

    private static CloudMessageState outcome(SentMessage sent) throws Exception {
        return sent.awaitOutcome(SOON);
    }

    @Test
    void completesWhatTheHandlerHasTaken() throws Exception {
        SentMessage waiting = subject.send("one");
        UpstreamSession session = open();
        get(session.onMessage(MessageHandler.completing(came::add)));
        SentMessage live = subject.send("two");
        assertEquals(CloudMessageState.COMPLETED, outcome(waiting));
        assertEquals(CloudMessageState.COMPLETED, outcome(live));
        assertEquals("one", text(next(came).payload()));
        assertEquals("two", text(next(came).payload()));
        assertTrue(came.isEmpty());
    }

    /** P7: settled after the handler, in the order of arrival. */
    @Test
    void completesInTheOrderOfArrivalWhenTheHandlerAnswersInAnother() throws Exception {
        List<CompletableFuture<Settlement>> verdicts = new ArrayList<>();
        BlockingQueue<Integer> arrived = new LinkedBlockingQueue<>();
        get(open().onMessage(message -> {
            CompletableFuture<Settlement> verdict = new CompletableFuture<>();
            verdicts.add(verdict);
            arrived.add(verdicts.size());
            return verdict;
        }));
        List<SentMessage> sent = List.of(subject.send("0"), subject.send("1"), subject.send("2"));
        for (int i = 1; i <= 3; i++) {
            assertEquals(i, next(arrived));
        }
        verdicts.get(2).complete(Settlement.COMPLETE);
        verdicts.get(1).complete(Settlement.COMPLETE);
        assertFalse(sent.get(2).outcome().toCompletableFuture().isDone());
        verdicts.get(0).complete(Settlement.COMPLETE);
        for (SentMessage each : sent) {
            assertEquals(CloudMessageState.COMPLETED, outcome(each));
        }
    }

    /** MQTT has no word for it: the message stays with the hub, which delivers it again when its lock has lapsed. */
    @Test
    void rejectsUnderAmqpAndLeavesTheMessageLockedUnderMqtt() throws Exception {
        get(open().onMessage(first(like(Settlement.REJECT))));
        SentMessage sent = subject.send("bad");
        SentMessage after = subject.send("good");
        assertEquals(CloudMessageState.COMPLETED, outcome(after));
        if (speaker.isMqtt()) {
            assertEquals(CloudMessageState.LOCKED, sent.state());
            site.clock.skip(LOCK);
            assertEquals(CloudMessageState.COMPLETED, outcome(sent));
            assertEquals(0, sent.deliveryCount(), "a lock that lapses does not count");
        } else {
            assertEquals(CloudMessageState.REJECTED, outcome(sent));
        }
    }

    @Test
    void anAbandonedMessageComesAgain() throws Exception {
        comesAgain(like(Settlement.ABANDON), 0);
    }

    /** P34: the message is not lost, and the failure is counted. */
    @Test
    void aMessageWhoseHandlerThrowsComesAgain() throws Exception {
        comesAgain(
                message -> {
                    throw new IllegalStateException("of the handler");
                },
                1);
    }

    @Test
    void aMessageWhoseHandlerFailsLaterComesAgain() throws Exception {
        comesAgain(message -> CompletableFuture.failedFuture(new IllegalStateException("of the handler")), 1);
    }

    /** At once under AMQP, and counted; under MQTT when its lock has lapsed. */
    private void comesAgain(MessageHandler handler, int failures) throws Exception {
        UpstreamSession session = open();
        get(session.onMessage(first(handler)));
        SentMessage sent = subject.send("again");
        assertEquals("again", text(next(came).payload()));
        if (speaker.isMqtt()) {
            site.clock.skip(LOCK);
        }
        assertEquals(CloudMessageState.COMPLETED, outcome(sent));
        assertEquals(speaker.isMqtt() ? 0 : 1, sent.deliveryCount());
        assertEquals(failures, session.statistics().incoming().failures());
    }

    @Test
    void aMessageThatIsNeverSettledComesAgainWhenItsLockHasLapsed() throws Exception {
        get(open().onMessage(first(message -> new CompletableFuture<>())));
        SentMessage sent = subject.send("slow");
        next(came);
        assertEquals(CloudMessageState.LOCKED, sent.state());
        site.clock.skip(LOCK);
        assertEquals("slow", text(next(came).payload()));
    }

    @ParameterizedTest
    @CsvSource({
        "MESSAGE_ID, mid 1/2",
        "CORRELATION_ID, 'c&1=ü'",
        "USER_ID, us%er",
        "TO, /devices/somewhere",
        "CONTENT_TYPE, application/json",
        "CONTENT_ENCODING, utf-8",
        "EXPIRY_TIME, 2099-01-31T12:00:00Z",
        "CREATION_TIME, 2026-01-31T12:00:00Z",
        "ACK, full",
        "CONNECTION_DEVICE_ID, other device",
        "CONNECTION_MODULE_ID, sender"
    })
    void bringsASystemProperty(SystemProperty property, String value) throws Exception {
        get(open().onMessage(MessageHandler.completing(came::add)));
        subject.send(new HubMessage(Map.of(property.label(), value), Map.of(), new byte[] {1}));
        CloudMessage message = next(came);
        assertEquals(value, message.system().get(property));
        assertEquals(Map.of(), message.properties());
    }

    /** MQTT does not carry what the hub alone knows. */
    @Test
    void bringsWhatTheHubAddsAsFarAsTheProtocolCarriesIt() throws Exception {
        get(open().onMessage(MessageHandler.completing(came::add)));
        SentMessage sent = subject.send("x");
        Map<SystemProperty, String> system = new EnumMap<>(next(came).system());
        assertEquals(speaker.isModule() ? Subject.INPUT : null, system.get(SystemProperty.INPUT_NAME));
        assertEquals(sent.messageId(), system.get(SystemProperty.MESSAGE_ID));
        if (!speaker.isMqtt()) {
            assertEquals("" + sent.sequenceNumber(), system.get(SystemProperty.SEQUENCE_NUMBER));
            assertEquals("0", system.get(SystemProperty.DELIVERY_COUNT));
            assertTrue(system.get(SystemProperty.ENQUEUED_TIME).endsWith("Z"), system.toString());
        }
    }

    @Test
    void bringsWhateverTheSenderNamesAndSays() throws Exception {
        get(open().onMessage(MessageHandler.completing(came::add)));
        List<String> texts = List.of(
                " ", "100%", "%41", "%zz", "%", "a&b=c", "a/b?c#d", "+", "$", "tab\tline\n", "grüße ✓", "😀", "Alert");
        for (String each : texts) {
            subject.send(new HubMessage(Map.of(), Map.of("value", each, each, "name"), new byte[0]));
            CloudMessage message = next(came);
            assertEquals(Map.of("value", each, each, "name"), message.properties());
            assertEquals(0, message.payload().remaining());
        }
    }

    @Test
    void bringsTheLargestMessageAndFortyInTheirOrder() throws Exception {
        get(open().onMessage(MessageHandler.completing(came::add)));
        String large = "ü".repeat(32_000);
        subject.send(large);
        assertEquals(large, text(next(came).payload()));
        List<SentMessage> sent = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            sent.add(subject.send("" + i));
        }
        for (int i = 0; i < 40; i++) {
            assertEquals("" + i, text(next(came).payload()));
            assertEquals(CloudMessageState.COMPLETED, outcome(sent.get(i)));
        }
    }

    @Test
    void whatHasExpiredDoesNotCome() throws Exception {
        String soon = site.clock.instant().plusSeconds(30).toString();
        SentMessage expiring =
                subject.send(new HubMessage(Map.of("absolute-expiry-time", soon), Map.of(), new byte[0]));
        SentMessage staying = subject.send("stays");
        site.clock.skip(Duration.ofSeconds(31));
        assertEquals(CloudMessageState.EXPIRED, outcome(expiring));
        get(open().onMessage(MessageHandler.completing(came::add)));
        assertEquals(CloudMessageState.COMPLETED, outcome(staying));
        assertEquals("stays", text(next(came).payload()));
        assertTrue(came.isEmpty());
    }

    @Test
    void aSecondHandlerTakesThePlaceOfTheFirst() throws Exception {
        BlockingQueue<CloudMessage> later = new LinkedBlockingQueue<>();
        UpstreamSession session = open();
        get(session.onMessage(MessageHandler.completing(came::add)));
        outcome(subject.send("first"));
        get(session.onMessage(MessageHandler.completing(later::add)));
        outcome(subject.send("second"));
        assertEquals("first", text(next(came).payload()));
        assertEquals("second", text(next(later).payload()));
        assertTrue(came.isEmpty() && later.isEmpty());
    }

    @ParameterizedTest
    @EnumSource(Settlement.class)
    void goesOnAfterEachKindOfSettlement(Settlement settlement) throws Exception {
        UpstreamSession session = open();
        get(session.onMessage(first(like(settlement))));
        subject.send("one");
        next(came);
        List<CompletionStage<CloudMessageState>> rest = new ArrayList<>();
        for (int i : IntStream.range(0, 20).toArray()) {
            rest.add(subject.send("" + i).outcome());
        }
        for (CompletionStage<CloudMessageState> each : rest) {
            assertEquals(CloudMessageState.COMPLETED, get(each));
        }
        assertAlive(session);
    }
}
