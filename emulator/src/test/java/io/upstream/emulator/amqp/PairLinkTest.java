// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.JsonText;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodCall;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Twins, direct methods and module inputs on the wire. */
class PairLinkTest {
    private static final String TWIN = "/devices/d/twin";
    private static final String METHODS = "/devices/d/methods/devicebound";
    private static final String REPORTED = "/properties/reported";
    private static final String NOTIFICATIONS = "/notifications/twin/properties/desired";
    private static final Symbol CORRELATION_ID = Symbol.valueOf("com.microsoft:channel-correlation-id");
    private static final HubIdentity DEVICE = HubIdentity.device("d");
    private static final HubIdentity MODULE = HubIdentity.module("d", "m");

    private final InMemoryHub hub = new InMemoryHub().register("d", "d/m");

    private AmqpPeer claimed() {
        AmqpPeer peer = new AmqpPeer(hub).open();
        assertEquals(200, peer.claim("token:d"));
        assertEquals(200, peer.claim("token:d/m"));
        return peer;
    }

    // Attaching

    static Stream<Arguments> addresses() {
        return Stream.of(
                Arguments.of(TWIN, "twin:1"),
                Arguments.of("amqps://hub.test/devices/d/modules/m/twin", "twin:2"),
                Arguments.of(METHODS, "methods:3"),
                Arguments.of("/devices/d/modules/m/methods/deviceBound", "d/m"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("addresses")
    void answersAttachesAsTheHubDoes(String address, String id) {
        try (AmqpPeer peer = claimed()) {
            peer.fromHead.reset();
            Sender sender = sender(peer, address, id);
            Receiver receiver = receiver(peer, address, id, 0);
            List<Attach> replies = Frames.all(peer.fromHead.toByteArray(), Attach.class);
            assertEquals(
                    List.of(sender.getName(), receiver.getName()),
                    replies.stream().map(Attach::getName).toList());
            for (Attach reply : replies) {
                assertEquals(SenderSettleMode.SETTLED, reply.getSndSettleMode());
                assertEquals(ReceiverSettleMode.FIRST, reply.getRcvSettleMode());
                assertEquals(UnsignedLong.valueOf(1024 * 1024), reply.getMaxMessageSize());
                assertEquals(id, reply.getProperties().get(CORRELATION_ID));
            }
            assertEquals(address, ((Target) replies.get(0).getTarget()).getAddress());
            assertEquals(address, ((Source) replies.get(1).getSource()).getAddress());
            assertEquals(UnsignedInteger.ZERO, replies.get(1).getInitialDeliveryCount());
            Flow flow = Frames.all(peer.fromHead.toByteArray(), Flow.class).stream()
                    .filter(each -> each.getHandle() != null)
                    .findFirst()
                    .orElseThrow();
            assertEquals(1000, flow.getLinkCredit().intValue());
        }
    }

    @Test
    void refusesLinksWithoutAToken() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            assertEquals(
                    Symbol.valueOf("amqp:unauthorized-access"),
                    sender(peer, TWIN, "t").getRemoteCondition().getCondition());
            assertEquals(
                    Symbol.valueOf("amqp:unauthorized-access"),
                    receiver(peer, METHODS, "m", 1).getRemoteCondition().getCondition());
        }
    }

    @Test
    void closesTheOlderLinkOfAPairWithAnotherCorrelationId() {
        try (AmqpPeer peer = claimed()) {
            Sender first = sender(peer, TWIN, "twin:1");
            Receiver second = receiver(peer, TWIN, "twin:2", 10);
            assertEquals(EndpointState.CLOSED, first.getRemoteState());
            assertEquals(EndpointState.ACTIVE, second.getRemoteState());
            Sender third = sender(peer, TWIN, "twin:2");
            assertEquals(EndpointState.ACTIVE, second.getRemoteState());
            Sender methods = sender(peer, METHODS, "methods:9");
            assertEquals(EndpointState.ACTIVE, third.getRemoteState());
            Sender fourth = sender(peer, TWIN, "twin:2");
            assertEquals(
                    Symbol.valueOf("amqp:link:stolen"),
                    third.getRemoteCondition().getCondition());
            assertEquals(EndpointState.ACTIVE, fourth.getRemoteState());
            assertEquals(EndpointState.ACTIVE, methods.getRemoteState());
        }
    }

    // Twin requests

    @ParameterizedTest(name = "{0} {1} version {2} body {3} gives {4}")
    @CsvSource(
            delimiter = '|',
            value = {
                "GET||||200||{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}",
                "GET|||' '|200||{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}",
                "PATCH|/properties/reported||{\"a\":1}|200|2|",
                "PATCH|/properties/reported|1|{\"a\":null}|200|2|",
                "PATCH|/properties/reported|5|{\"a\":1}|412||412001",
                "PATCH|/properties/reported||nonsense|400||400004",
                "PATCH|/properties/reported||{\"a.b\":1}|400||400004",
                "PATCH|/properties/reported|||400||400004",
                "PATCH|/properties/desired||{}|400||400004",
                "PATCH|||{}|400||400004",
                "PUT|/notifications/twin/properties/desired||' '|200||",
                "PUT|/notifications/twin/properties/desired|||200||",
                "PUT|/properties/desired|||400||400004",
                "DELETE|/notifications/twin/properties/desired|||200||",
                "DELETE||||400||400004",
                "POST||||400||400004",
                "||||400||400004"
            })
    void answersTwinRequests(
            @Nullable String operation,
            @Nullable String resource,
            @Nullable Integer version,
            @Nullable String body,
            int status,
            @Nullable Long newVersion,
            @Nullable String answer)
            throws HubException {
        try (AmqpPeer peer = claimed()) {
            Message reply = ask(peer, "d", request(UUID.randomUUID(), operation, resource, version, body));
            Map<Symbol, Object> annotations = reply.getMessageAnnotations().getValue();
            assertEquals(status, annotations.get(Symbol.valueOf("status")));
            assertEquals(newVersion, annotations.get(Symbol.valueOf("version")));
            if (answer == null) {
                assertNull(reply.getBody());
            } else if (status == 200) {
                assertEquals(answer, text(reply));
            } else {
                JsonNode error = JsonText.readObject(text(reply));
                assertEquals(Integer.parseInt(answer), error.get("errorCode").intValue());
                assertTrue(error.has("message"));
            }
        }
    }

    static Stream<Object> correlationIds() {
        UUID uuid = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
        return Stream.of(
                uuid,
                uuid.toString(),
                "Getabc",
                UnsignedLong.ZERO,
                UnsignedLong.valueOf(7),
                UnsignedLong.valueOf(70_000),
                new Binary(new byte[] {1, 2, 3}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("correlationIds")
    void givesTheCorrelationIdBackInItsOwnType(Object id) {
        try (AmqpPeer peer = claimed()) {
            Message reply = ask(peer, "d/m", request(id, "GET", null, null, ""));
            assertEquals(id, reply.getCorrelationId());
            assertEquals(id.getClass(), reply.getCorrelationId().getClass());
            assertNull(reply.getMessageId());
            assertNull(reply.getAddress());
        }
    }

    static Stream<Object> versions() {
        return Stream.of(1, 1L, UnsignedInteger.ONE, UnsignedLong.valueOf(1), (short) 1);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("versions")
    void takesABaseVersionOfAnyIntegerType(Object version) {
        try (AmqpPeer peer = claimed()) {
            Message reply = ask(peer, "d", request("1", "PATCH", REPORTED, version, "{\"a\":1}"));
            assertEquals(200, reply.getMessageAnnotations().getValue().get(Symbol.valueOf("status")));
            Message again = ask(peer, "d", request("2", "PATCH", REPORTED, version, "{\"a\":1}"));
            assertEquals(412, again.getMessageAnnotations().getValue().get(Symbol.valueOf("status")));
        }
    }

    @Test
    void answersThrottledRequestsWithTheirStatus() {
        hub.core.throttle((identity, operation) -> {
            throw new HubException(HubError.THROTTLED, "too many");
        });
        try (AmqpPeer peer = claimed()) {
            Message reply = ask(peer, "d", request("1", "GET", null, null, ""));
            assertEquals(429, reply.getMessageAnnotations().getValue().get(Symbol.valueOf("status")));
        }
    }

    // The sections are those captured from the hub. Its list of properties is a list8 of full length, proton-j's a
    // list32 without the nulls
    // at its end.
    @Test
    void writesRepliesAsTheHubDoes() {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, TWIN, "t");
            Receiver receiver = receiver(peer, TWIN, "t", 10);
            peer.fromHead.reset();
            peer.send(sender, 0, AmqpPeer.encode(request("c-1", "GET", null, null, " ")));
            Transfer transfer = Frames.first(peer.fromHead.toByteArray(), Transfer.class);
            assertEquals(true, transfer.getSettled());
            assertEquals(16, transfer.getDeliveryTag().getLength());
            assertEquals(UnsignedInteger.ZERO, transfer.getMessageFormat());
            byte[] get = bytes(receiver);
            String annotations = "005372c10e02a306" + hex("status") + "71000000c8";
            String properties = "005373d00000000e00000006" + "40".repeat(5) + "a103" + hex("c-1");
            String hex = HexFormat.of().formatHex(get);
            assertTrue(hex.startsWith(annotations + properties + "005375a0"), hex);
            peer.send(sender, 0, AmqpPeer.encode(request("c-1", "PUT", NOTIFICATIONS, null, " ")));
            assertEquals(annotations + properties, HexFormat.of().formatHex(bytes(receiver)));
        }
    }

    @ParameterizedTest
    @EnumSource(SenderSettleMode.class)
    void settlesRequestsAndRepliesAsAsked(SenderSettleMode mode) {
        try (AmqpPeer peer = claimed()) {
            Sender sender = link(peer.session.sender("s"), mode);
            Target target = new Target();
            target.setAddress(TWIN);
            sender.setTarget(target);
            Receiver receiver = link(peer.session.receiver("r"), mode);
            Source source = new Source();
            source.setAddress(TWIN);
            receiver.setSource(source);
            sender.open();
            receiver.open();
            receiver.flow(1);
            peer.pump();
            Delivery request = peer.send(sender, 0, AmqpPeer.encode(request("1", "GET", null, null, "")));
            assertInstanceOf(Accepted.class, request.getRemoteState());
            assertTrue(request.remotelySettled());
            assertEquals(mode != SenderSettleMode.UNSETTLED, receiver.current().remotelySettled());
            AmqpPeer.receive(receiver);
            peer.pump();
            assertEquals(EndpointState.ACTIVE, receiver.getRemoteState());
        }
    }

    @Test
    void rejectsARequestThatCannotBeAnswered() {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, TWIN, "t");
            assertRejected(peer.send(sender, 0, AmqpPeer.encode(request(null, "GET", null, null, ""))));
            assertRejected(peer.send(sender, 0, new byte[] {1, 2, 3}));
            assertRejected(peer.send(
                    sender, TelemetryDecoder.BATCH_FORMAT, AmqpPeer.encode(request("1", "GET", null, null, ""))));
        }
    }

    @Test
    void keepsAnswersForALinkThatComesLaterAndForCredit() {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, TWIN, "t");
            peer.send(sender, 0, AmqpPeer.encode(request("1", "PUT", NOTIFICATIONS, null, "")));
            peer.send(sender, 0, AmqpPeer.encode(request("2", "GET", null, null, "")));
            Receiver receiver = receiver(peer, TWIN, "t", 1);
            assertEquals("1", AmqpPeer.receive(receiver).getCorrelationId());
            assertNull(receiver.current());
            receiver.flow(1);
            peer.pump();
            assertEquals("2", AmqpPeer.receive(receiver).getCorrelationId());
        }
    }

    // Desired properties

    @Test
    void notifiesOfDesiredChangesBetweenPutAndDelete() throws HubException {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, TWIN, "t");
            Receiver receiver = receiver(peer, TWIN, "t", 10);
            patchDesired("{\"early\":1}");
            peer.pump();
            assertNull(receiver.current());
            peer.send(sender, 0, AmqpPeer.encode(request("1", "PUT", NOTIFICATIONS, null, "")));
            AmqpPeer.receive(receiver);
            patchDesired("{\"a\":null,\"b\":2}");
            peer.pump();
            Message notification = AmqpPeer.receive(receiver);
            assertNull(notification.getCorrelationId());
            assertEquals(
                    Map.of(Symbol.valueOf("resource"), "/properties/desired", Symbol.valueOf("version"), 3L),
                    notification.getMessageAnnotations().getValue());
            assertEquals("{\"a\":null,\"b\":2,\"$version\":3}", text(notification));
            peer.send(sender, 0, AmqpPeer.encode(request("2", "DELETE", NOTIFICATIONS, null, "")));
            AmqpPeer.receive(receiver);
            patchDesired("{\"late\":1}");
            peer.pump();
            assertNull(receiver.current());
        }
    }

    @Test
    void endsNotificationsWithTheReceivingLink() throws HubException {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, TWIN, "t");
            Receiver receiver = receiver(peer, TWIN, "t", 10);
            peer.send(sender, 0, AmqpPeer.encode(request("1", "PUT", NOTIFICATIONS, null, "")));
            receiver.close();
            peer.pump();
            Receiver next = receiver(peer, TWIN, "t", 10);
            patchDesired("{\"a\":1}");
            peer.pump();
            assertNull(next.current());
        }
    }

    @Test
    void detachesTheReceiverOfAnEarlierConnection() {
        try (AmqpPeer first = claimed();
                AmqpPeer second = claimed()) {
            Sender sender = sender(first, TWIN, "t");
            Receiver twin = receiver(first, TWIN, "t", 10);
            first.send(sender, 0, AmqpPeer.encode(request("1", "PUT", NOTIFICATIONS, null, "")));
            Receiver methods = receiver(first, METHODS, "m", 10);
            Sender other = sender(second, TWIN, "u");
            receiver(second, TWIN, "u", 10);
            second.send(other, 0, AmqpPeer.encode(request("1", "PUT", NOTIFICATIONS, null, "")));
            receiver(second, METHODS, "n", 10);
            first.pump();
            assertEquals(
                    Symbol.valueOf("amqp:link:stolen"),
                    twin.getRemoteCondition().getCondition());
            assertEquals(
                    Symbol.valueOf("amqp:link:stolen"),
                    methods.getRemoteCondition().getCondition());
            assertEquals(EndpointState.ACTIVE, sender.getRemoteState());
        }
    }

    // Direct methods

    @ParameterizedTest(name = "id as {0}")
    @ValueSource(strings = {"uuid", "text", "bytes"})
    void callsMethodsAndTakesAnswers(String form) {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, "/devices/d/modules/m/methods/devicebound", "m");
            Receiver receiver = receiver(peer, "/devices/d/modules/m/methods/devicebound", "m", 10);
            CompletableFuture<MethodAnswer> answer = call(MODULE, "reboot", "{\"in\":5}");
            peer.pump();
            assertTrue(receiver.current().remotelySettled());
            Message call = AmqpPeer.receive(receiver);
            assertEquals(
                    Map.of("IoThub-methodname", "reboot"),
                    call.getApplicationProperties().getValue());
            assertEquals("{\"in\":5}", text(call));
            UUID id = assertInstanceOf(UUID.class, call.getCorrelationId());
            assertEquals(4, id.version());
            Object back = switch (form) {
                case "uuid" -> id;
                case "text" -> id.toString();
                default ->
                    new Binary(ByteBuffer.allocate(16)
                            .putLong(id.getMostSignificantBits())
                            .putLong(id.getLeastSignificantBits())
                            .array());
            };
            Delivery sent = peer.send(sender, 0, AmqpPeer.encode(methodAnswer(back, 207, "[1]")));
            assertInstanceOf(Accepted.class, sent.getRemoteState());
            assertEquals(207, answer.join().status());
            assertEquals("[1]", new String(answer.join().payload(), StandardCharsets.UTF_8));
            Delivery again = peer.send(sender, 0, AmqpPeer.encode(methodAnswer(back, 1, "")));
            assertInstanceOf(Accepted.class, again.getRemoteState());
        }
    }

    @Test
    void sendsAnEmptyBodyWithACallOfNoPayload() {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, METHODS, "m");
            Receiver receiver = receiver(peer, METHODS, "m", 10);
            CompletableFuture<MethodAnswer> answer = call(DEVICE, "ping", "");
            peer.pump();
            Message call = AmqpPeer.receive(receiver);
            assertEquals("", text(call));
            peer.send(sender, 0, AmqpPeer.encode(methodAnswer(call.getCorrelationId(), -3, null)));
            assertEquals(-3, answer.join().status());
            assertEquals(0, answer.join().payload().length);
        }
    }

    @Test
    void rejectsAnswersThatAreNone() {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, METHODS, "m");
            assertRejected(peer.send(sender, 0, AmqpPeer.encode(methodAnswer(null, 200, ""))));
            assertRejected(peer.send(sender, 0, AmqpPeer.encode(methodAnswer("no uuid", 200, ""))));
            assertRejected(peer.send(sender, 0, AmqpPeer.encode(methodAnswer(UUID.randomUUID(), null, ""))));
            assertRejected(peer.send(sender, 0, AmqpPeer.encode(methodAnswer(UUID.randomUUID(), 200, "{"))));
        }
    }

    @Test
    void isOnlineForMethodsWhileTheReceivingLinkIsAttached() {
        try (AmqpPeer peer = claimed()) {
            sender(peer, METHODS, "m");
            assertTrue(call(DEVICE, "a", "").isCompletedExceptionally());
            Receiver receiver = receiver(peer, METHODS, "m", 0);
            CompletableFuture<MethodAnswer> answer = call(DEVICE, "b", "");
            peer.pump();
            assertNull(receiver.current());
            receiver.flow(1);
            peer.pump();
            assertNotNull(receiver.current());
            assertFalse(answer.isDone());
            receiver.close();
            peer.pump();
            assertTrue(call(DEVICE, "c", "").isCompletedExceptionally());
        }
    }

    @Test
    void bringsALargeCallInSmallFrames() {
        try (AmqpPeer peer = claimed()) {
            Sender sender = sender(peer, METHODS, "m");
            Receiver receiver = receiver(peer, METHODS, "m", 10);
            String payload = '"' + "x".repeat(128 * 1024 - 2) + '"';
            CompletableFuture<MethodAnswer> answer = call(DEVICE, "big", payload);
            peer.pump();
            Message call = AmqpPeer.receive(receiver);
            assertEquals(payload, text(call));
            peer.send(sender, 0, AmqpPeer.encode(methodAnswer(call.getCorrelationId(), 200, payload)));
            assertEquals(128 * 1024, answer.join().payload().length);
        }
    }

    // Module inputs

    @Test
    void bringsMessagesToAModulesInputs() throws HubException {
        try (AmqpPeer peer = claimed()) {
            Receiver receiver = receiver(peer, "/devices/d/modules/m/messages/events", "x", 10);
            Sender telemetry = sender(peer, "/devices/d/modules/m/messages/events", "y");
            hub.core.sendToInput(
                    MODULE,
                    "in1",
                    new HubMessage(
                            Map.of("message-id", "1", "connection-module-id", "s"), Map.of("k", "v"), new byte[] {'x'
                            }));
            peer.pump();
            Message message = AmqpPeer.receive(receiver);
            assertEquals("in1", message.getMessageAnnotations().getValue().get(Symbol.valueOf("x-opt-input-name")));
            assertEquals(
                    Map.of("k", "v", "iothub-connection-device-id", "d", "iothub-connection-module-id", "s"),
                    message.getApplicationProperties().getValue());
            assertNull(message.getAddress());
            assertEquals("x", text(message));
            assertEquals(EndpointState.ACTIVE, telemetry.getRemoteState());
        }
    }

    @Test
    void refusesInputsOfADevice() {
        try (AmqpPeer peer = claimed()) {
            Receiver receiver = receiver(peer, "/devices/d/messages/events", "x", 10);
            assertEquals(
                    Symbol.valueOf("amqp:not-implemented"),
                    receiver.getRemoteCondition().getCondition());
        }
    }

    // What the tests speak

    private Message ask(AmqpPeer peer, String id, Message request) {
        String address = "/devices/" + id.replace("/", "/modules/") + "/twin";
        Sender sender = sender(peer, address, "t");
        Receiver receiver = receiver(peer, address, "t", 10);
        assertInstanceOf(
                Accepted.class, peer.send(sender, 0, AmqpPeer.encode(request)).getRemoteState());
        return AmqpPeer.receive(receiver);
    }

    private static Message request(
            @Nullable Object id,
            @Nullable String operation,
            @Nullable String resource,
            @Nullable Object version,
            @Nullable String body) {
        Map<Symbol, Object> annotations = new LinkedHashMap<>();
        if (operation != null) {
            annotations.put(Symbol.valueOf("operation"), operation);
        }
        if (resource != null) {
            annotations.put(Symbol.valueOf("resource"), resource);
        }
        annotations.put(Symbol.valueOf("version"), version);
        Message request = Proton.message();
        request.setMessageAnnotations(new MessageAnnotations(annotations));
        request.setCorrelationId(id);
        if (body != null) {
            boolean value = body.equals(" ");
            request.setBody(value ? new AmqpValue(body) : new Data(new Binary(body.getBytes(StandardCharsets.UTF_8))));
        }
        return request;
    }

    private static Message methodAnswer(@Nullable Object id, @Nullable Integer status, @Nullable String body) {
        Message answer = Proton.message();
        answer.setCorrelationId(id);
        if (status != null) {
            answer.setApplicationProperties(new ApplicationProperties(Map.of("IoThub-status", status)));
        }
        if (body != null) {
            answer.setBody(new Data(new Binary(body.getBytes(StandardCharsets.UTF_8))));
        }
        return answer;
    }

    private static Sender sender(AmqpPeer peer, String address, String correlationId) {
        Sender sender = link(peer.session.sender("s-" + UUID.randomUUID()), SenderSettleMode.SETTLED);
        Target target = new Target();
        target.setAddress(address);
        sender.setTarget(target);
        sender.setProperties(Map.of(CORRELATION_ID, correlationId));
        sender.open();
        peer.pump();
        return sender;
    }

    private static Receiver receiver(AmqpPeer peer, String address, String correlationId, int credit) {
        Receiver receiver = link(peer.session.receiver("r-" + UUID.randomUUID()), SenderSettleMode.SETTLED);
        Source source = new Source();
        source.setAddress(address);
        receiver.setSource(source);
        receiver.setProperties(Map.of(CORRELATION_ID, correlationId));
        receiver.open();
        receiver.flow(credit);
        peer.pump();
        return receiver;
    }

    private static <T extends Link> T link(T link, SenderSettleMode mode) {
        link.setSenderSettleMode(mode);
        link.setReceiverSettleMode(ReceiverSettleMode.FIRST);
        return link;
    }

    private void patchDesired(String json) throws HubException {
        hub.core.patchTwin(DEVICE, JsonText.readObject("{\"properties\":{\"desired\":" + json + "}}"), null);
    }

    private CompletableFuture<MethodAnswer> call(HubIdentity identity, String name, String payload) {
        return hub.core
                .invoke(identity, new MethodCall(name, payload.getBytes(StandardCharsets.UTF_8)))
                .toCompletableFuture();
    }

    private static String text(Message message) {
        return new String(
                ((Data) message.getBody()).getValue().getArray(),
                ((Data) message.getBody()).getValue().getArrayOffset(),
                ((Data) message.getBody()).getValue().getLength(),
                StandardCharsets.UTF_8);
    }

    private static byte[] bytes(Receiver receiver) {
        byte[] bytes = new byte[receiver.current().pending()];
        receiver.recv(bytes, 0, bytes.length);
        receiver.advance();
        return bytes;
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void assertRejected(Delivery delivery) {
        assertEquals(
                Symbol.valueOf("com.microsoft:argument-error"),
                assertInstanceOf(Rejected.class, delivery.getRemoteState())
                        .getError()
                        .getCondition());
    }
}
