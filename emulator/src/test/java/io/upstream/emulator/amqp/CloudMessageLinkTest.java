// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.hub.HubMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedByte;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.Modified;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.messaging.Released;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CloudMessageLinkTest {
    private static final String DEVICEBOUND = "/devices/d/messages/devicebound";
    private static final HubMessage PLAIN = new HubMessage(Map.of(), Map.of(), new byte[] {1, 2});

    private final InMemoryHub hub = new InMemoryHub().register("d", "d/m");

    private AmqpPeer claimed(int cut) {
        AmqpPeer peer = new AmqpPeer(hub, cut).open();
        assertEquals(200, peer.claim("token:d"));
        assertEquals(200, peer.claim("token:d/m"));
        return peer;
    }

    @Test
    void carriesAnnotationsPropertiesAndBody() {
        HubMessage message = new HubMessage(
                Map.of(
                        "message-id", "m-1",
                        "correlation-id", "c-1",
                        "user-id", "someone",
                        "content-type", "application/json",
                        "content-encoding", "utf-8",
                        "absolute-expiry-time", "2026-05-06T07:08:09Z",
                        "ack", "full"),
                Map.of("colour", "grün"),
                "{}".getBytes(StandardCharsets.UTF_8));
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 10);
            hub.push("d", hub.cloud(290, message));
            peer.pump();
            Message received = AmqpPeer.decode(receiver);
            Map<Symbol, Object> annotations = received.getMessageAnnotations().getValue();
            assertEquals(UnsignedLong.valueOf(290), annotations.get(Symbol.valueOf("x-opt-sequence-number")));
            assertEquals(
                    Date.from(Instant.parse("2026-01-02T03:04:05.678Z")),
                    annotations.get(Symbol.valueOf("iothub-enqueuedtime")));
            assertEquals(UnsignedByte.valueOf((byte) 2), annotations.get(Symbol.valueOf("iothub-deliverycount")));
            assertEquals("m-1", received.getMessageId());
            assertEquals("c-1", received.getCorrelationId());
            assertEquals("/devices/d/messages/deviceBound", received.getAddress());
            assertEquals("application/json", received.getContentType());
            assertEquals("utf-8", received.getContentEncoding());
            assertEquals("someone", new String(received.getUserId(), StandardCharsets.UTF_8));
            assertEquals(Instant.parse("2026-05-06T07:08:09Z").toEpochMilli(), received.getExpiryTime());
            assertEquals(
                    Map.of("colour", "grün", "iothub-ack", "full"),
                    received.getApplicationProperties().getValue());
            assertEquals("{}", ((Data) received.getBody()).getValue().toString());
        }
    }

    @Test
    void tagsADeliveryWithItsLockToken() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 10);
            hub.push("d", hub.cloud(1, PLAIN));
            peer.pump();
            assertArrayEquals(
                    HexFormat.of().parseHex("04030201060508070000000000000001"),
                    receiver.current().getTag());
        }
    }

    @Test
    void writesAGuidInTheOrderOfDotNet() {
        assertArrayEquals(
                HexFormat.of().parseHex("33221100554477668899aabbccddeeff"),
                CloudMessageLink.guid(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff")));
    }

    @Test
    void answersTheAttachAsTheHubDoes() {
        try (AmqpPeer peer = claimed(1024)) {
            peer.fromHead.reset();
            Receiver receiver = peer.session.receiver("the-name");
            Source source = new Source();
            source.setAddress("amqps://hub.test/devices/d/messages/devicebound");
            receiver.setSource(source);
            receiver.setReceiverSettleMode(ReceiverSettleMode.SECOND);
            receiver.open();
            peer.pump();
            Attach attach = Frames.first(peer.fromHead.toByteArray(), Attach.class);
            assertEquals(ReceiverSettleMode.SECOND, attach.getRcvSettleMode());
            assertEquals(UnsignedLong.valueOf(65_536), attach.getMaxMessageSize());
            assertEquals(0, attach.getInitialDeliveryCount().intValue());
            assertEquals(source.getAddress(), ((Source) attach.getSource()).getAddress());
        }
    }

    static Stream<Arguments> outcomes() {
        Modified failed = new Modified();
        failed.setDeliveryFailed(true);
        return Stream.of(
                Arguments.of(Accepted.getInstance(), "complete 1"),
                Arguments.of(new Rejected(), "reject 1"),
                Arguments.of(Released.getInstance(), "abandon 1"),
                Arguments.of(failed, "abandon 1"));
    }

    @ParameterizedTest
    @MethodSource("outcomes")
    void settlesAtTheHubAsTheDeviceDoes(DeliveryState state, String expected) {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 10);
            hub.push("d", hub.cloud(1, PLAIN));
            peer.pump();
            Delivery delivery = receiver.current();
            delivery.disposition(state);
            receiver.advance();
            delivery.settle();
            peer.pump();
            assertEquals(List.of(expected), hub.outcomes);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void settlesBackWhenTheDeviceWaitsForIt(boolean lapsed) {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 10);
            hub.push("d", new InMemoryHub.Cloud(hub, 1, PLAIN, new UUID(1, 1), lapsed));
            peer.pump();
            Delivery delivery = receiver.current();
            delivery.disposition(Accepted.getInstance());
            receiver.advance();
            peer.pump();
            assertTrue(delivery.remotelySettled());
            if (lapsed) {
                Rejected rejected = assertInstanceOf(Rejected.class, delivery.getRemoteState());
                assertEquals(
                        "com.microsoft:message-lock-lost",
                        rejected.getError().getCondition().toString());
            } else {
                assertInstanceOf(Accepted.class, delivery.getRemoteState());
            }
        }
    }

    @Test
    void sendsNoMoreThanTheCreditAllows() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 2);
            for (int i = 1; i <= 3; i++) {
                hub.push("d", hub.cloud(i, PLAIN));
            }
            peer.pump();
            assertEquals(2, receiver.getQueued());
            receiver.flow(1);
            peer.pump();
            assertEquals(3, receiver.getQueued());
        }
    }

    @Test
    void asksTheHubForNothingBeforeThereIsCredit() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 0);
            assertTrue(hub.receivers.isEmpty());
            receiver.flow(1);
            peer.pump();
            assertEquals(1, hub.receivers.size());
        }
    }

    @Test
    void sendsAMessageThatWaitsOnceEvenIfItsLockWasRenewed() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 1);
            hub.push("d", hub.cloud(1, PLAIN));
            hub.push("d", hub.cloud(2, PLAIN));
            hub.push("d", hub.cloud(2, PLAIN));
            peer.pump();
            receiver.flow(5);
            peer.pump();
            assertEquals(2, receiver.getQueued());
        }
    }

    @Test
    void treatsTheLargestCreditAsUnlimited() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, -1); // 2^32 - 1 on the wire
            for (int i = 1; i <= 60; i++) {
                hub.push("d", hub.cloud(i, PLAIN));
            }
            peer.pump();
            assertEquals(60, receiver.getQueued());
        }
    }

    @Test
    void answersADrain() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 0);
            receiver.drain(10);
            peer.pump();
            assertEquals(0, receiver.getRemoteCredit());
            assertFalse(receiver.draining());
        }
    }

    @Test
    void splitsALongMessageIntoTheClientsFrames() {
        byte[] body = new byte[64_000];
        new Random(1).nextBytes(body);
        try (AmqpPeer peer = claimed(100)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 10);
            hub.push("d", hub.cloud(1, new HubMessage(Map.of(), Map.of(), body)));
            peer.pump();
            Message received = AmqpPeer.decode(receiver);
            assertArrayEquals(body, ((Data) received.getBody()).getValue().getArray());
        }
    }

    @Test
    void completesAtOnceWhatIsSentSettled() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.session.receiver("settled");
            Source source = new Source();
            source.setAddress(DEVICEBOUND);
            receiver.setSource(source);
            receiver.setSenderSettleMode(SenderSettleMode.SETTLED);
            receiver.open();
            receiver.flow(5);
            peer.pump();
            hub.push("d", hub.cloud(7, PLAIN));
            peer.pump();
            assertEquals(List.of("complete 7"), hub.outcomes);
            assertTrue(receiver.current().remotelySettled());
        }
    }

    @Test
    void givesBackWhatWasNotSettledWhenTheLinkGoes() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 5);
            hub.push("d", hub.cloud(1, PLAIN));
            peer.pump();
            receiver.close();
            peer.pump();
            assertTrue(hub.receivers.isEmpty());
            assertTrue(hub.outcomes.isEmpty());
        }
    }

    @Test
    void anotherReceiverElsewhereTakesTheLink() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver(DEVICEBOUND, 5);
            Runnable replaced = hub.replaced.get(InMemoryHub.identity("d"));
            assertNotNull(replaced);
            replaced.run();
            peer.pump();
            assertEquals(
                    "amqp:link:stolen",
                    receiver.getRemoteCondition().getCondition().toString());
            assertNull(hub.receivers.get(InMemoryHub.identity("d")));
        }
    }

    @Test
    void servesAModuleToo() {
        try (AmqpPeer peer = claimed(1024)) {
            Receiver receiver = peer.receiver("/devices/d/modules/m/messages/devicebound", 5);
            hub.push("d/m", hub.cloud(1, PLAIN));
            peer.pump();
            assertEquals(
                    "/devices/d/modules/m/messages/deviceBound",
                    AmqpPeer.decode(receiver).getAddress());
        }
    }
}
