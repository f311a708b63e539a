// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.amqp.Lab.failure;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Twins and direct methods against a peer that does as it is told. */
class HubServicesTest {
    private static final String TWIN = "{\"desired\":{\"a\":1,\"$version\":3},\"reported\":{\"$version\":2}}";

    private final ScriptedPeer peer = new ScriptedPeer();

    @AfterEach
    void close() {
        peer.close();
    }

    private <T> CompletableFuture<T> asked(CompletionStage<T> stage) {
        peer.exchange();
        return stage.toCompletableFuture();
    }

    private Message request(int index) {
        return peer.requests.get(index);
    }

    private static Object annotation(Message message, String name) {
        return message.getMessageAnnotations().getValue().get(Symbol.valueOf(name));
    }

    private static String body(Message message) {
        Binary data = ((Data) message.getBody()).getValue();
        return new String(data.getArray(), data.getArrayOffset(), data.getLength(), UTF_8);
    }

    private static Message message(
            @Nullable Object correlation, Map<String, Object> annotations, @Nullable String body) {
        Message message = Proton.message();
        if (correlation != null) {
            message.setCorrelationId(correlation);
        }
        Map<Symbol, Object> symbols = new LinkedHashMap<>();
        annotations.forEach((name, value) -> symbols.put(Symbol.valueOf(name), value));
        message.setMessageAnnotations(new MessageAnnotations(symbols));
        if (body != null) {
            message.setBody(new Data(new Binary(body.getBytes(UTF_8))));
        }
        return message;
    }

    private void answer(Message request, int status, @Nullable String body) {
        peer.sendToService(message(request.getCorrelationId(), Map.of("status", status), body));
        peer.exchange();
    }

    private void change(int version) {
        peer.sendToService(message(null, Map.of("resource", "/properties/desired"), "{\"$version\":" + version + "}"));
        peer.exchange();
    }

    private UpstreamSession subscribed(List<Long> versions) {
        UpstreamSession session = peer.open();
        CompletableFuture<Void> subscribed = asked(session.onDesiredChange(each -> versions.add(each.version())));
        answer(request(0), 200, null);
        assertTrue(subscribed.isDone());
        return session;
    }

    private void loseLinks(String condition) {
        peer.detach(peer.serviceLinks.get(peer.serviceLinks.size() - 1), condition);
        peer.exchange();
    }

    @Test
    void attachesAPairUnderOneCorrelationIdWhenItIsFirstUsed() {
        UpstreamSession session = peer.open();
        assertEquals(List.of(), peer.serviceLinks);
        asked(session.twin());
        asked(session.twin());
        assertEquals(2, peer.serviceLinks.size());
        List<Map<Symbol, Object>> properties =
                peer.serviceLinks.stream().map(Link::getRemoteProperties).toList();
        assertEquals(properties.get(0), properties.get(1));
        assertEquals("2021-04-12", properties.get(0).get(Symbol.valueOf("com.microsoft:api-version")));
        String id = (String) properties.get(0).get(Symbol.valueOf("com.microsoft:channel-correlation-id"));
        assertEquals(id, "twin:" + UUID.fromString(id.substring("twin:".length())));
        for (Link link : peer.serviceLinks) {
            String address = link instanceof Receiver
                    ? link.getRemoteTarget().getAddress()
                    : link.getRemoteSource().getAddress();
            assertEquals("/devices/d/twin", address);
        }
    }

    @Test
    void readsTheTwinFromTheReplyWithTheSameId() {
        UpstreamSession session = peer.open();
        CompletableFuture<Twin> first = asked(session.twin());
        CompletableFuture<Twin> second = asked(session.twin());
        assertEquals("GET", annotation(request(0), "operation"));
        assertEquals(1, request(0).getMessageAnnotations().getValue().size());
        assertNotEquals(request(0).getCorrelationId(), request(1).getCorrelationId());
        answer(request(1), 200, "{}");
        assertFalse(first.isDone());
        assertEquals(new Twin("{}", 0, "{}", 0), second.join());
        answer(request(0), 200, TWIN);
        assertEquals(new Twin("{\"a\":1,\"$version\":3}", 3, "{\"$version\":2}", 2), first.join());
    }

    @ParameterizedTest
    @CsvSource({"400, INVALID", "404, NOT_FOUND", "412, VERSION_MISMATCH", "429, THROTTLED", "500, SERVER_ERROR"})
    void readsTheStatusOfAReply(int status, FailureKind kind) {
        UpstreamSession session = peer.open();
        CompletableFuture<Long> reported = asked(session.report("{}"));
        answer(request(0), status, "{\"errorCode\":" + status + "000,\"message\":\"as told\"}");
        UpstreamException error = failure(reported);
        assertEquals(kind, error.kind());
        assertTrue(error.getMessage().contains("as told"), error.getMessage());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    static Stream<Object> numbers() {
        return Stream.of((byte) 7, (short) 7, 7, 7L, UnsignedInteger.valueOf(7), UnsignedLong.valueOf(7), "7");
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void takesTheNewVersionInAnyType(Object version) {
        UpstreamSession session = peer.open();
        CompletableFuture<Long> reported = asked(session.report("{\"t\":21.5}"));
        assertEquals("PATCH", annotation(request(0), "operation"));
        assertEquals("/properties/reported", annotation(request(0), "resource"));
        assertNull(annotation(request(0), "version"));
        assertEquals("{\"t\":21.5}", body(request(0)));
        Object id = request(0).getCorrelationId();
        peer.sendToService(message(id, Map.of("status", 200, "version", version), null));
        peer.exchange();
        assertEquals(7, reported.join());
    }

    @ParameterizedTest
    @CsvSource({"5", "2147483647"})
    void sendsTheVersionThatMustStillHold(int version) {
        UpstreamSession session = peer.open();
        CompletableFuture<Long> reported = asked(session.report("{}", version));
        assertEquals(version, annotation(request(0), "version"));
        answer(request(0), 204, null);
        assertEquals(0, reported.join(), "the hub did not tell");
        asked(session.report("{}", version + 1L + Integer.MAX_VALUE));
        assertEquals(version + 1L + Integer.MAX_VALUE, annotation(request(1), "version"));
    }

    @ParameterizedTest
    @CsvSource({"''", "[]", "{", "null"})
    void aPatchThatIsNoObjectIsRefusedHere(String patch) {
        UpstreamSession session = peer.open();
        assertEquals(FailureKind.INVALID, failure(asked(session.report(patch))).kind());
        assertEquals(List.of(), peer.serviceLinks);
    }

    @Test
    void aReplyThatIsNoTwinFailsAlone() {
        UpstreamSession session = peer.open();
        CompletableFuture<Twin> twin = asked(session.twin());
        answer(request(0), 200, "no twin");
        assertEquals(FailureKind.PROTOCOL, failure(twin).kind());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void aSubscriptionHoldsWhenTheHubHasAnsweredItAndNotBefore() {
        UpstreamSession session = peer.open();
        List<DesiredChange> came = new ArrayList<>();
        CompletableFuture<Void> subscribed = asked(session.onDesiredChange(came::add));
        assertEquals("PUT", annotation(request(0), "operation"));
        assertEquals("/notifications/twin/properties/desired", annotation(request(0), "resource"));
        assertFalse(subscribed.isDone(), "that the transfer was accepted says nothing");
        answer(request(0), 200, null);
        assertTrue(subscribed.isDone());
        peer.sendToService(message(null, Map.of(), "not to be read"));
        peer.sendToService(message(null, Map.of("version", 4L), "{\"a\":null,\"$version\":4}"));
        peer.exchange();
        assertEquals(List.of(new DesiredChange("{\"a\":null,\"$version\":4}", 4)), came);
        assertTrue(asked(session.onDesiredChange(came::add)).isDone(), "it holds already");
        assertEquals(1, peer.requests.size());
    }

    @Test
    void aHandlerThatFailsStopsNothing() {
        UpstreamSession session = peer.open();
        List<Long> came = new ArrayList<>();
        asked(session.onDesiredChange(change -> {
            came.add(change.version());
            if (came.size() <= ServiceLinks.CREDIT) {
                throw new IllegalStateException("of the handler");
            }
        }));
        answer(request(0), 200, null);
        for (int version = 1; version <= 2 * ServiceLinks.CREDIT; version++) {
            change(version);
        }
        assertEquals(2 * ServiceLinks.CREDIT, came.size());
    }

    @Test
    void refusedLinksFailWhatWaitsAndTheNextUseAttachesOthers() {
        UpstreamSession session = peer.open();
        peer.refusal = "amqp:not-allowed";
        List<CompletableFuture<?>> refused = List.of(
                asked(session.twin()),
                asked(session.onDesiredChange(c -> {})),
                asked(session.onMethod(r -> MethodResponse.ok())));
        for (CompletableFuture<?> each : refused) {
            UpstreamException error = failure(each);
            assertEquals(FailureKind.PROTOCOL, error.kind());
            assertEquals("attach", error.stage());
        }
        peer.refusal = null;
        CompletableFuture<Twin> twin = asked(session.twin());
        answer(request(0), 200, TWIN);
        assertEquals(3, twin.join().desiredVersion());
        assertEquals(Phase.CONNECTED, session.status().phase());
        peer.passAlive(Duration.ofMinutes(1));
        assertEquals(2, peer.serviceLinks.size(), "what never held is not attached by itself");
    }

    @Test
    void lostLinksFailWhatWaitsAndTheNextUseAttachesOthers() {
        UpstreamSession session = peer.open();
        CompletableFuture<Twin> lost = asked(session.twin());
        loseLinks("amqp:internal-error");
        UpstreamException error = failure(lost);
        assertEquals(FailureKind.SERVER_ERROR, error.kind());
        assertTrue(error.getMessage().contains("because"), error.getMessage());
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertTrue(
                peer.serviceLinks.stream().allMatch(each -> each.getRemoteState() == EndpointState.CLOSED),
                "one does not live without the other");
        CompletableFuture<Twin> twin = asked(session.twin());
        answer(request(1), 200, TWIN);
        assertEquals(3, twin.join().desiredVersion());
        assertEquals(4, peer.serviceLinks.size());
    }

    @Test
    void aSubscriptionOutlivesItsLinks() {
        List<Long> came = new ArrayList<>();
        UpstreamSession session = subscribed(came);
        change(1);
        loseLinks("amqp:link:detach-forced");
        peer.refusal = "amqp:internal-error";
        peer.passAlive(Duration.ofSeconds(20));
        peer.refusal = null;
        peer.passAlive(Duration.ofSeconds(30));
        peer.exchange();
        assertEquals(4, peer.serviceLinks.size());
        assertEquals("PUT", annotation(request(1), "operation"));
        answer(request(1), 429, null);
        peer.passAlive(Duration.ofSeconds(30));
        peer.exchange();
        assertEquals("PUT", annotation(request(2), "operation"), "asked for again");
        answer(request(2), 200, null);
        assertEquals("GET", annotation(request(3), "operation"), "for what was missed");
        answer(request(3), 200, "{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}");
        change(2);
        assertEquals(List.of(1L, 2L), came);
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void desiredChangesThatWereMadeWhileTheLinksWereGoneAreMadeUpFor() {
        List<DesiredChange> came = new ArrayList<>();
        UpstreamSession session = peer.open();
        asked(session.onDesiredChange(came::add));
        answer(request(0), 200, null);
        change(2);
        loseLinks("amqp:link:detach-forced");
        peer.passAlive(Duration.ofSeconds(30));
        peer.exchange();
        answer(request(1), 200, null);
        answer(request(2), 200, TWIN);
        assertEquals(2, came.size());
        assertEquals(new DesiredChange("{\"a\":1,\"$version\":3}", 3, true), came.get(1));
        change(4);
        assertEquals(new DesiredChange("{\"$version\":4}", 4), came.get(2));
    }

    @Test
    void linksThatTheHubDoesNotAnswerFailByTheirDeadline() {
        peer.attachesServices = false;
        UpstreamSession session = peer.open();
        CompletableFuture<Void> subscribed = asked(session.onMethod(request -> MethodResponse.ok()));
        CompletableFuture<Twin> twin = asked(session.twin());
        peer.pass(Duration.ofMillis(19_999));
        assertFalse(subscribed.isDone() || twin.isDone());
        peer.pass(Duration.ofMillis(1));
        assertEquals(FailureKind.TIMEOUT, failure(subscribed).kind());
        assertEquals(FailureKind.TIMEOUT, failure(twin).kind());
        peer.attachesServices = true;
        assertTrue(asked(session.onMethod(request -> MethodResponse.ok())).isDone());
    }

    @Test
    void aRequestThatWaitedForCreditTooLongIsNotSentLater() {
        peer.requestCredit = 0;
        UpstreamSession session = peer.open();
        CompletableFuture<Long> late = asked(session.report("{\"late\":true}"));
        peer.pass(Duration.ofSeconds(20));
        assertEquals(FailureKind.TIMEOUT, failure(late).kind());
        asked(session.report("{\"late\":false}"));
        ((Receiver) peer.serviceLinks.get(0)).flow(10);
        peer.exchange();
        assertEquals(
                List.of("{\"late\":false}"),
                peer.requests.stream().map(HubServicesTest::body).toList());
    }

    @Test
    void aRequestThatTheHubDoesNotTakeFailsAlone() {
        UpstreamSession session = peer.open();
        Rejected rejected = new Rejected();
        rejected.setError(new ErrorCondition(Symbol.valueOf("com.microsoft:argument-error"), "why"));
        peer.requestOutcome = rejected;
        UpstreamException error = failure(asked(session.report("{}")));
        assertEquals(FailureKind.INVALID, error.kind());
        assertTrue(error.getMessage().contains("why"), error.getMessage());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void aPatchOverTheLimitOfTheLinkFailsAlone() {
        peer.requestMaxSize = 1_000;
        UpstreamSession session = peer.open();
        CompletableFuture<Long> over = asked(session.report("{\"a\":\"" + "x".repeat(1_000) + "\"}"));
        assertEquals(FailureKind.TOO_LARGE, failure(over).kind());
        CompletableFuture<Long> under = asked(session.report("{}"));
        answer(request(0), 204, null);
        assertEquals(0, under.join());
    }

    static Stream<Object> correlations() {
        return Stream.of(
                UUID.fromString("00000000-0000-4001-8000-000000000002"),
                "any text",
                UnsignedLong.valueOf(7),
                new Binary(new byte[] {1, 2, 3}));
    }

    @ParameterizedTest
    @MethodSource("correlations")
    void answersAMethodUnderTheIdOfItsCall(Object correlation) {
        UpstreamSession session = peer.open();
        CompletableFuture<Void> subscribed =
                asked(session.onMethod(call -> MethodResponse.of(207, call.name() + call.text())));
        assertTrue(subscribed.isDone());
        assertEquals(
                "/devices/d/methods/devicebound",
                peer.serviceLinks.get(0).getRemoteTarget().getAddress());
        call(correlation, "reboot", "{}");
        Message answer = request(0);
        assertEquals(correlation, answer.getCorrelationId());
        assertEquals(
                Map.of("IoThub-status", 207), answer.getApplicationProperties().getValue());
        assertEquals("reboot{}", body(answer));
        assertTrue(((Sender) peer.serviceLinks.get(1)).getCredit() > 0);
    }

    private void call(@Nullable Object correlation, @Nullable String name, @Nullable String body) {
        Message call = message(correlation, Map.of(), body);
        Map<String, Object> application = new HashMap<>();
        if (name != null) {
            application.put("IoThub-methodname", name);
        }
        call.setApplicationProperties(new ApplicationProperties(application));
        peer.sendToService(call);
        peer.exchange();
    }

    @Test
    void letsCallsOverlapAndLeavesAloneWhatIsNoCall() {
        UpstreamSession session = peer.open();
        List<CompletableFuture<MethodResponse>> later = new ArrayList<>();
        asked(session.onMethod(call -> {
            later.add(new CompletableFuture<>());
            return MethodResponse.when(later.get(later.size() - 1));
        }));
        int count = 3 * ServiceLinks.CREDIT;
        IntStream.range(0, count).forEach(i -> call("id-" + i, "m", null));
        call(null, "no id", null);
        call("no name", null, null);
        assertEquals(count, later.size(), "calls that are not answered do not hold up others");
        for (int i = count - 1; i >= 0; i--) {
            later.get(i).complete(MethodResponse.ok());
        }
        peer.exchange();
        assertEquals(count, peer.requests.size());
        assertEquals("id-0", request(count - 1).getCorrelationId());
    }

    @Test
    void answersThatTheHubDoesNotLetInHoldUpCallsInTheEnd() {
        peer.requestCredit = 0;
        UpstreamSession session = peer.open();
        asked(session.onMethod(call -> MethodResponse.ok()));
        Sender calls = (Sender) peer.serviceLinks.get(1);
        int sent = 0;
        while (calls.getCredit() > 0 && sent < 1_000) {
            call("id-" + sent++, "m", null);
        }
        assertTrue(sent < 400, "takes no more calls than it can keep the answers of, took " + sent);
        ((Receiver) peer.serviceLinks.get(0)).flow(1_000);
        peer.exchange();
        assertEquals(sent, peer.requests.size());
        assertTrue(calls.getCredit() > 0);
    }

    @Test
    void methodsOutliveTheirLinks() {
        UpstreamSession session = peer.open();
        asked(session.onMethod(call -> MethodResponse.ok()));
        loseLinks("amqp:link:detach-forced");
        peer.passAlive(Duration.ofSeconds(30));
        peer.exchange();
        assertEquals(4, peer.serviceLinks.size());
        call("id", "m", null);
        assertEquals("id", request(0).getCorrelationId());
    }

    @Test
    void theEndOfTheSessionFailsWhatWaitsAndLeavesNoTimer() {
        List<Long> came = new ArrayList<>();
        UpstreamSession session = subscribed(came);
        asked(session.onMethod(call -> MethodResponse.when(new CompletableFuture<>())));
        CompletableFuture<Twin> twin = asked(session.twin());
        call("id", "m", null);
        asked(session.close(Duration.ZERO));
        peer.pass(Duration.ofSeconds(3)); // for the goodbye
        assertEquals(FailureKind.CLOSED, failure(twin).kind());
        assertEquals(FailureKind.CLOSED, failure(asked(session.twin())).kind());
        assertEquals(
                FailureKind.CLOSED,
                failure(asked(session.onMethod(c -> MethodResponse.ok()))).kind());
        assertTrue(
                peer.channel.runScheduledPendingTasks() > Duration.ofSeconds(20).toNanos(), "only the engine's clock");
    }

    @Test
    void aLostConnectionFailsWhatWaits() {
        UpstreamSession session = peer.open();
        CompletableFuture<Twin> twin = asked(session.twin());
        peer.channel.close();
        peer.exchange();
        assertTrue(failure(twin).isTransient());
        assertEquals(Phase.CLOSED, session.status().phase());
    }
}
