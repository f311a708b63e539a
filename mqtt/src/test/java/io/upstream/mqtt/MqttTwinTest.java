// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static io.netty.handler.codec.mqtt.MqttMessageType.DISCONNECT;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBACK;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBLISH;
import static io.netty.handler.codec.mqtt.MqttMessageType.SUBSCRIBE;
import static io.upstream.mqtt.ScriptedPeer.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.upstream.ConflictException;
import io.upstream.Credentials;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MessageException;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.SasKey;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UserPassword;
import io.upstream.session.Inquiries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MqttTwinTest {
    private static final SasKey KEY = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
    private static final String TWIN =
            "{\"desired\":{\"a\":1,\"$version\":4},\"reported\":{\"b\":\"ü\",\"$version\":7}}";
    private static UpstreamRuntime runtime;

    private ScriptedPeer peer;
    private UpstreamSession session;

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    @BeforeEach
    void connect() throws UpstreamException {
        connect(KEY, Runnable::run);
    }

    private void connect(Credentials credentials, Executor callbacks) throws UpstreamException {
        disconnect();
        UpstreamOptions options = UpstreamOptions.forHub("h.example")
                .operationTimeout(Duration.ofSeconds(20))
                .build();
        peer = new ScriptedPeer(runtime, options, Identity.device("d"), credentials, callbacks);
        session = peer.accept();
    }

    @AfterEach
    void disconnect() {
        if (peer != null) {
            peer.close();
        }
    }

    /** Has the answers subscribed to, so that requests leave at once. */
    private void subscribe() {
        CompletionStage<Twin> first = session.twin();
        grant(Filter.TWIN_ANSWERS);
        answer("200", request(), "", TWIN);
        first.toCompletableFuture().join();
    }

    private void grant(Filter filter) {
        MqttSubscribeMessage subscribe =
                assertInstanceOf(MqttSubscribeMessage.class, peer.sent().get(0));
        assertEquals(
                filter.topic(new CloudTopic("x/")),
                subscribe.payload().topicSubscriptions().get(0).topicFilter());
        assertEquals(
                MqttQoS.AT_MOST_ONCE,
                subscribe.payload().topicSubscriptions().get(0).qualityOfService());
        peer.say(Packets.subAck(subscribe.variableHeader().messageId(), 0));
    }

    /** The id of the one request that was sent. */
    private String request() {
        return id(peer.published().get(0));
    }

    private static String id(String published) {
        return published.replaceAll("(?s).*\\?\\$rid=([^ &]*).*", "$1");
    }

    private void answer(String status, String rid, String tail, String body) {
        peer.say(Packets.publish(0, "$iothub/twin/res/" + status + "/?$rid=" + rid + tail, body));
    }

    @Test
    void subscribesBeforeItAsksAndReadsTheTwin() {
        CompletionStage<Twin> twin = session.twin();
        grant(Filter.TWIN_ANSWERS);
        List<String> asked = peer.published();
        assertEquals(1, asked.size());
        String rid = id(asked.get(0));
        assertEquals("$iothub/twin/GET/?$rid=" + rid + " ", asked.get(0));
        assertFalse(twin.toCompletableFuture().isDone());
        answer("200", rid, "", TWIN);
        assertEquals(
                new Twin("{\"a\":1,\"$version\":4}", 4, "{\"b\":\"ü\",\"$version\":7}", 7),
                twin.toCompletableFuture().join());
        session.twin();
        peer.assertSent(PUBLISH);
    }

    @Test
    void reportsAPatchAsItIsAndGivesTheNewVersion() {
        subscribe();
        CompletionStage<Long> reported = session.report(" {\"b\":\"ö\"}");
        String sent = peer.published().get(0);
        assertEquals("$iothub/twin/PATCH/properties/reported/?$rid=" + id(sent) + "  {\"b\":\"ö\"}", sent);
        answer("204", id(sent), "&$version=8", "");
        assertEquals(8, reported.toCompletableFuture().join());
    }

    @Test
    void reportsOnTopOfAVersion() {
        subscribe();
        CompletionStage<Long> reported = session.report("{}", 8);
        String sent = peer.published().get(0);
        String rid = id(sent);
        assertEquals("$iothub/twin/PATCH/properties/reported/?$rid=" + rid + "&$version=8 {}", sent);
        answer("412", rid, "", "{\"errorCode\":412001,\"message\":\"is at 9\"}");
        UpstreamException refused = failure(reported);
        assertInstanceOf(ConflictException.class, refused);
        assertEquals(FailureKind.VERSION_MISMATCH, refused.kind());
        assertTrue(refused.getMessage().contains("status 412 (is at 9)"), refused.getMessage());
    }

    @Test
    void givesZeroWhenTheHubTellsNoVersion() {
        subscribe();
        CompletionStage<Long> reported = session.report("{}");
        answer("200", request(), "", "");
        assertEquals(0, reported.toCompletableFuture().join());
    }

    @ParameterizedTest
    @CsvSource({
        "400, INVALID",
        "401, UNAUTHORIZED",
        "404, NOT_FOUND",
        "413, TOO_LARGE",
        "429, THROTTLED",
        "500, SERVER_ERROR",
        "504, TIMEOUT",
        "302, SERVER_ERROR",
    })
    void failsWithWhatTheStatusSays(String status, FailureKind kind) {
        subscribe();
        CompletionStage<Twin> twin = session.twin();
        answer(status, request(), "", "<html>no JSON</html>");
        UpstreamException refused = failure(twin);
        assertEquals(kind, refused.kind());
        assertTrue(refused.getMessage().contains("hub h:8883 answered the request for the twin with status " + status));
        assertFalse(refused.getMessage().contains("html"), refused.getMessage());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "2xx | 0 | {}",
                "20 | 0 | {}",
                "200/x | 0 | {}",
                "200 | 0 | {\"desired\":",
                "200 | 0 | []",
                "204 | 0 | ",
            })
    void failsTheRequestThatIsAnsweredWithNoTwin(String status, int version, String body) {
        subscribe();
        CompletionStage<Twin> twin = session.twin();
        answer(status, request(), "&$version=" + version, body == null ? "" : body);
        assertEquals(FailureKind.PROTOCOL, failure(twin).kind());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void failsAReportThatIsAnsweredWithoutANumber() {
        subscribe();
        CompletionStage<Long> reported = session.report("{}");
        answer("204", request(), "&$version=new", "");
        assertEquals(FailureKind.PROTOCOL, failure(reported).kind());
    }

    @Test
    void takesAnAnswerAtQosOneAndAcknowledgesItAtOnce() {
        subscribe();
        CompletionStage<Twin> twin = session.twin();
        peer.say(Packets.publish(9, "$iothub/twin/res/200/?$rid=" + request(), TWIN));
        peer.assertSent(PUBACK);
        twin.toCompletableFuture().join();
    }

    @Test
    void givesOverlappingRequestsTheirOwnAnswersAndSendsThoseOfATurnTogether() {
        subscribe();
        List<CompletionStage<Long>> reports = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            reports.add(session.report("{\"n\":" + i + "}"));
        }
        Flushes flushes = new Flushes();
        peer.channel().pipeline().addFirst(flushes);
        List<String> sent = peer.published();
        assertEquals(1, flushes.count());
        for (int i = 19; i >= 0; i--) {
            assertTrue(sent.get(i).endsWith(" {\"n\":" + i + "}"), sent.get(i));
            answer("204", id(sent.get(i)), "&$version=" + (100 + i), "");
        }
        for (int i = 0; i < 20; i++) {
            assertEquals(100 + i, reports.get(i).toCompletableFuture().join());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{", "null", "{}{}"})
    void sendsNoPatchThatIsNoObject(String patch) {
        UpstreamException refused = failure(session.report(patch));
        assertInstanceOf(MessageException.class, refused);
        assertEquals(FailureKind.INVALID, refused.kind());
        peer.assertSent();
    }

    @Test
    void sendsNoPatchOverTheLimitOfTwins() {
        UpstreamException refused = failure(session.report("{\"a\":\"" + "x".repeat(32 * 1024) + "\"}"));
        assertInstanceOf(MessageException.class, refused);
        assertEquals(FailureKind.TOO_LARGE, refused.kind());
        peer.assertSent();
    }

    @Test
    void failsARequestThatIsNotAnsweredInTime() {
        subscribe();
        CompletionStage<Twin> twin = session.twin();
        String rid = request();
        peer.pass(Duration.ofSeconds(19));
        assertFalse(twin.toCompletableFuture().isDone());
        peer.pass(Duration.ofSeconds(1));
        assertEquals(FailureKind.TIMEOUT, failure(twin).kind());
        answer("200", rid, "", TWIN);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void failsARequestWhoseAnswersCannotBeSubscribedToAndAsksAgain() {
        CompletionStage<Twin> late = session.twin();
        peer.assertSent(SUBSCRIBE);
        peer.pass(Duration.ofSeconds(15));
        assertEquals(FailureKind.TIMEOUT, failure(late).kind());
        CompletionStage<Twin> refused = session.twin();
        peer.assertSent();
        peer.say(Packets.subAck(Filter.TWIN_ANSWERS.packetId(), 0x80));
        assertEquals(FailureKind.UNAUTHORIZED, failure(refused).kind());
        CompletionStage<Twin> good = session.twin();
        grant(Filter.TWIN_ANSWERS);
        answer("200", request(), "", TWIN);
        good.toCompletableFuture().join();
    }

    @Test
    void boundsWhatIsUnanswered() {
        for (int i = 0; i < Inquiries.MAX_OPEN; i++) {
            session.twin();
        }
        CompletionStage<Twin> more = session.twin();
        peer.assertSent(SUBSCRIBE);
        assertEquals(FailureKind.OUTBOX_FULL, failure(more).kind());
        peer.say(Packets.subAck(Filter.TWIN_ANSWERS.packetId(), 0));
        assertEquals(Inquiries.MAX_OPEN, peer.published().size());
    }

    @Test
    void subscribesToEachFilterOnItsOwn() {
        CompletionStage<Void> changes = session.onDesiredChange(change -> {});
        CompletionStage<Void> methods = session.onMethod(request -> MethodResponse.ok());
        CompletionStage<Twin> twin = session.twin();
        peer.assertSent(SUBSCRIBE, SUBSCRIBE, SUBSCRIBE);
        peer.say(Packets.subAck(Filter.METHOD_CALLS.packetId(), 1));
        methods.toCompletableFuture().join();
        peer.say(Packets.subAck(Filter.DESIRED_CHANGES.packetId(), 0x80));
        assertEquals(FailureKind.UNAUTHORIZED, failure(changes).kind());
        assertFalse(twin.toCompletableFuture().isDone());
        peer.say(Packets.subAck(Filter.METHOD_CALLS.packetId(), 0));
        assertEquals(FailureKind.RESET, failure(twin).kind());
        assertFalse(peer.channel().isOpen());
    }

    @Test
    void tellsChangesInOrderToTheLatestHandler() {
        List<DesiredChange> first = new ArrayList<>();
        List<DesiredChange> second = new ArrayList<>();
        CompletionStage<Void> subscribed = session.onDesiredChange(first::add);
        grant(Filter.DESIRED_CHANGES);
        subscribed.toCompletableFuture().join();
        change("{\"a\":1,\"$version\":5}");
        change("{\"a\":null,\"$version\":6}");
        session.onDesiredChange(second::add).toCompletableFuture();
        peer.assertSent();
        change("{\"$version\":7}");
        assertEquals(
                List.of(
                        new DesiredChange("{\"a\":1,\"$version\":5}", 5),
                        new DesiredChange("{\"a\":null,\"$version\":6}", 6)),
                first);
        assertEquals(List.of(new DesiredChange("{\"$version\":7}", 7)), second);
    }

    private void change(String json) {
        peer.say(Packets.publish(0, "$iothub/twin/PATCH/properties/desired/?$version=5", json));
    }

    @Test
    void dropsAChangeThatCannotBeReadAndSurvivesAHandlerThatThrows() {
        List<Long> versions = new ArrayList<>();
        session.onDesiredChange(change -> {
            versions.add(change.version());
            throw new IllegalStateException("on purpose");
        });
        grant(Filter.DESIRED_CHANGES);
        change("[]");
        change("{\"$version\":6}");
        change("");
        change("{\"$version\":7}");
        assertEquals(List.of(6L, 7L), versions);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void stopsReadingWhileTheApplicationIsBehindWithChanges() throws UpstreamException {
        List<Runnable> later = new ArrayList<>();
        connect(KEY, later::add);
        List<Long> versions = new ArrayList<>();
        session.onDesiredChange(change -> versions.add(change.version()));
        grant(Filter.DESIRED_CHANGES);
        for (int i = 1; i < DesiredChanges.MAX_WAITING; i++) {
            change("{\"$version\":" + i + "}");
        }
        assertTrue(peer.channel().config().isAutoRead());
        change("{\"$version\":" + DesiredChanges.MAX_WAITING + "}");
        assertFalse(peer.channel().config().isAutoRead());
        List.copyOf(later).forEach(Runnable::run);
        peer.channel().runPendingTasks();
        assertTrue(peer.channel().config().isAutoRead());
        assertEquals(DesiredChanges.MAX_WAITING, versions.size());
    }

    @Test
    void waitsForAnAnswerWhenItCloses() {
        subscribe();
        CompletionStage<Twin> twin = session.twin();
        String rid = request();
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(10)).toCompletableFuture();
        peer.assertSent();
        assertEquals(FailureKind.CLOSED, failure(session.twin()).kind());
        answer("200", rid, "", TWIN);
        twin.toCompletableFuture().join();
        peer.assertSent(DISCONNECT);
        assertTrue(closed.isDone());
    }

    @Test
    void failsWhatIsUnansweredWhenItCloses() {
        subscribe();
        CompletionStage<Twin> twin = session.twin();
        CompletionStage<Void> changes = session.onDesiredChange(change -> {});
        peer.assertSent(PUBLISH, SUBSCRIBE);
        session.close(Duration.ZERO);
        peer.channel().runPendingTasks();
        peer.pass(Duration.ZERO);
        assertEquals(FailureKind.CLOSED, failure(twin).kind());
        assertEquals(FailureKind.CLOSED, failure(changes).kind());
        assertEquals(FailureKind.CLOSED, failure(peerless(session.report("{}"))).kind());
        assertEquals(
                FailureKind.CLOSED,
                failure(peerless(session.onDesiredChange(change -> {}))).kind());
        assertEquals(
                FailureKind.CLOSED,
                failure(peerless(session.onMethod(call -> MethodResponse.ok()))).kind());
    }

    private <T> CompletionStage<T> peerless(CompletionStage<T> stage) {
        peer.channel().runPendingTasks();
        return stage;
    }

    @Test
    void failsWhatIsUnansweredWhenTheConnectionIsLost() {
        CompletionStage<Twin> unsubscribed = session.twin();
        peer.assertSent(SUBSCRIBE);
        peer.vanish();
        assertEquals(FailureKind.CLOSED_BY_PEER, failure(unsubscribed).kind());
        assertEquals(
                FailureKind.CLOSED_BY_PEER, failure(peerless(session.twin())).kind());
    }

    @Test
    void hasNoTwinAtABrokerThatIsNoHub() throws UpstreamException {
        connect(new UserPassword("u", "p"), Runnable::run);
        for (CompletionStage<?> refused : List.of(
                session.twin(),
                session.report("{}"),
                session.report("{}", 1),
                session.onDesiredChange(change -> {}),
                session.onMethod(call -> MethodResponse.ok()))) {
            assertEquals(FailureKind.CONFIGURATION, failure(refused).kind());
        }
        peer.say(Packets.publish(3, "$iothub/twin/res/200/?$rid=1", "{}"));
        peer.assertSent(PUBACK);
    }
}
