// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.emulator.hub.HubMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Detach;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TelemetryLinkTest {
    private static final String EVENTS = "/devices/d/messages/events";

    private final InMemoryHub hub = new InMemoryHub().register("d", "d/m", "e", "off");

    TelemetryLinkTest() {
        hub.registered.put(InMemoryHub.identity("off"), false);
    }

    private AmqpPeer claimed(int cut) {
        AmqpPeer peer = new AmqpPeer(hub, cut).open();
        for (String id : List.of("d", "d/m", "e", "off")) {
            assertEquals(200, peer.claim("token:" + id));
        }
        return peer;
    }

    private static byte[] message(byte[] body) {
        Message message = Proton.message();
        message.setBody(new Data(new Binary(body)));
        return AmqpPeer.encode(message);
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 13, 100_000})
    void acceptsAMessageInAnyCut(int cut) {
        try (AmqpPeer peer = claimed(cut)) {
            Sender sender = peer.sender(EVENTS);
            byte[] body = random(20_000);
            Delivery delivery = peer.send(sender, 0, message(body));
            assertInstanceOf(Accepted.class, delivery.getRemoteState());
            assertTrue(delivery.remotelySettled());
            assertArrayEquals(body, hub.telemetry.get(0).body());
            assertEquals("d", hub.senders.get(0).toString());
        }
    }

    @Test
    void answersTheAttachAsTheHubDoes() {
        try (AmqpPeer peer = claimed(1024)) {
            peer.fromHead.reset();
            Sender sender = peer.session.sender("the-name");
            sender.setTarget(target("amqps://hub.test/devices/d/messages/events"));
            sender.setSenderSettleMode(SenderSettleMode.UNSETTLED);
            sender.setProperties(Map.of(Symbol.valueOf("com.microsoft:client-version"), "test"));
            sender.open();
            peer.pump();
            assertEquals(1000, sender.getCredit());
            Attach attach = Frames.first(peer.fromHead.toByteArray(), Attach.class);
            assertEquals("the-name", attach.getName());
            assertEquals(SenderSettleMode.UNSETTLED, attach.getSndSettleMode());
            assertEquals(UnsignedLong.valueOf(1_048_576), attach.getMaxMessageSize());
            assertEquals("amqps://hub.test/devices/d/messages/events", ((Target) attach.getTarget()).getAddress());
            assertEquals(Map.of(Symbol.valueOf("com.microsoft:client-version"), "test"), attach.getProperties());
        }
    }

    private static Target target(String address) {
        Target target = new Target();
        target.setAddress(address);
        return target;
    }

    @ParameterizedTest
    @CsvSource({
        "/devices/d/messages/nowhere, amqp:not-found",
        "/devices/unknown/messages/events, amqp:not-found",
        "/devices/off/messages/events, amqp:unauthorized-access",
        "/devices/d/messages/devicebound, amqp:not-implemented",
    })
    void refusesALinkWithoutItsTerminusAndSaysWhy(String address, String condition) {
        try (AmqpPeer peer = claimed(1024)) {
            peer.fromHead.reset();
            Sender sender = peer.sender(address);
            assertEquals(condition, sender.getRemoteCondition().getCondition().toString());
            assertEquals(EndpointState.CLOSED, sender.getRemoteState());
            assertNull(sender.getRemoteTarget());
            assertTrue(Frames.first(peer.fromHead.toByteArray(), Detach.class).getClosed());
            assertEquals(EndpointState.ACTIVE, peer.connection.getRemoteState());
        }
    }

    @Test
    void refusesALinkForWhichTheConnectionHoldsNoToken() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            peer.claim("token:e");
            ErrorCondition condition = peer.sender(EVENTS).getRemoteCondition();
            assertEquals("amqp:unauthorized-access", condition.getCondition().toString());
            assertTrue(condition.getDescription().contains("\"errorCode\":401003"), condition.getDescription());
            assertEquals(1000, peer.sender("/devices/e/messages/events").getCredit());
        }
    }

    @Test
    void keepsCreditOpen() {
        try (AmqpPeer peer = claimed(4096)) {
            Sender sender = peer.sender(EVENTS);
            byte[] small = message(new byte[] {1});
            for (int i = 0; i < 3_000; i++) {
                assertTrue(sender.getCredit() > 0);
                peer.send(sender, 0, small).settle();
            }
            assertEquals(3_000, hub.telemetry.size());
        }
    }

    @Test
    void rejectsOnlyTheMessageThatIsTooLarge() {
        try (AmqpPeer peer = claimed(65_536)) {
            Sender sender = peer.sender(EVENTS);
            Delivery large = peer.send(sender, 0, message(random(256 * 1024 + 1)));
            ErrorCondition error = ((Rejected) large.getRemoteState()).getError();
            assertEquals("amqp:link:message-size-exceeded", error.getCondition().toString());
            assertTrue(error.getDescription().contains("\"errorCode\":413001"), error.getDescription());
            assertTrue(error.getInfo().containsKey(Symbol.valueOf("com.microsoft:tracking-id")));
            Delivery fits = peer.send(sender, 0, message(random(256 * 1024)));
            assertInstanceOf(Accepted.class, fits.getRemoteState());
            assertEquals(1, hub.telemetry.size());
        }
    }

    @Test
    void detachesALinkWhoseMessageHasNoEndAndLeavesItsSiblingsAlone() {
        try (AmqpPeer peer = claimed(65_536)) {
            Sender sender = peer.sender(EVENTS);
            Sender sibling = peer.sender("/devices/e/messages/events");
            peer.send(sender, 0, message(random(3 * 1024 * 1024)));
            assertEquals(
                    "amqp:link:message-size-exceeded",
                    sender.getRemoteCondition().getCondition().toString());
            Delivery other = peer.send(sibling, 0, message(new byte[] {1}));
            assertInstanceOf(Accepted.class, other.getRemoteState());
            sender.close();
            sender.free();
            peer.pump();
            assertInstanceOf(
                    Accepted.class,
                    peer.send(peer.sender(EVENTS), 0, message(new byte[] {2})).getRemoteState());
        }
    }

    @Test
    void rejectsAMessageThatCannotBeRead() {
        try (AmqpPeer peer = claimed(1024)) {
            Sender sender = peer.sender(EVENTS);
            Delivery garbage = peer.send(sender, 0, new byte[] {0, 0x53, 0x75, (byte) 0xb0, 0x7f, 0, 0, 0, 1});
            ErrorCondition error = ((Rejected) garbage.getRemoteState()).getError();
            assertEquals("com.microsoft:argument-error", error.getCondition().toString());
            assertInstanceOf(
                    Accepted.class,
                    peer.send(sender, 0, message(new byte[] {1})).getRemoteState());
        }
    }

    @Test
    void splitsABatchIntoItsMessages() {
        try (AmqpPeer peer = claimed(1024)) {
            byte[] first = message("one".getBytes(StandardCharsets.UTF_8));
            byte[] second = message("two".getBytes(StandardCharsets.UTF_8));
            byte[] batch = Arrays.copyOf(message(first), message(first).length + message(second).length);
            System.arraycopy(message(second), 0, batch, message(first).length, message(second).length);
            Delivery delivery = peer.send(peer.sender(EVENTS), TelemetryDecoder.BATCH_FORMAT, batch);
            assertInstanceOf(Accepted.class, delivery.getRemoteState());
            assertEquals(
                    List.of("one", "two"),
                    hub.telemetry.stream().map(TelemetryLinkTest::text).toList());
        }
    }

    private static String text(HubMessage message) {
        return new String(message.body(), StandardCharsets.UTF_8);
    }

    @Test
    void takesPreSettledMessagesWithoutAnswer() {
        try (AmqpPeer peer = claimed(1024)) {
            Sender sender = peer.sender(EVENTS);
            peer.fromHead.reset();
            byte[] encoded = message(new byte[] {1});
            Delivery delivery = sender.delivery(new byte[] {1});
            sender.send(encoded, 0, encoded.length);
            delivery.settle();
            sender.advance();
            peer.pump();
            assertEquals(1, hub.telemetry.size());
            assertEquals(0, peer.fromHead.size());
        }
    }

    @Test
    void letsTheSenderSettleFirstIfItAskedForThat() {
        try (AmqpPeer peer = claimed(1024)) {
            Sender sender = peer.session.sender("second");
            sender.setTarget(target(EVENTS));
            sender.setReceiverSettleMode(ReceiverSettleMode.SECOND);
            sender.open();
            peer.pump();
            Delivery delivery = peer.send(sender, 0, message(new byte[] {1}));
            assertInstanceOf(Accepted.class, delivery.getRemoteState());
            assertFalse(delivery.remotelySettled());
            delivery.settle();
            peer.pump();
            assertEquals(1, hub.telemetry.size());
        }
    }

    @Test
    void detachesALinkThatSendsBeyondItsCredit() {
        try (AmqpPeer peer = claimed(1_000_000)) {
            Sender sender = peer.sender(EVENTS);
            sendBeyondCredit(peer, 1_001);
            assertEquals(
                    "amqp:link:transfer-limit-exceeded",
                    sender.getRemoteCondition().getCondition().toString());
            assertEquals(1_000, hub.telemetry.size());
        }
    }

    /** The client's engine keeps to its credit, so the frames are made by hand: channel 0, the third handle. */
    private static void sendBeyondCredit(AmqpPeer peer, int count) {
        byte[] payload = message(new byte[] {1});
        ByteBuf all = Unpooled.buffer();
        for (int i = 0; i < count; i++) {
            ByteBuf frame = Unpooled.buffer();
            frame.writeInt(0).writeInt(0x02000000);
            frame.writeBytes(new byte[] {0, 0x53, 0x14, (byte) 0xc0, 0, 4, 0x52, 2, 0x70});
            frame.writeInt(i + 4)
                    .writeBytes(new byte[] {(byte) 0xa0, 4})
                    .writeInt(i)
                    .writeByte(0x43);
            frame.setByte(12, frame.writerIndex() - 13);
            frame.writeBytes(payload);
            frame.setInt(0, frame.writerIndex());
            all.writeBytes(frame);
            frame.release();
        }
        peer.channel.writeInbound(all);
        peer.pump();
    }

    @Test
    void expiryDetachesTheLinksOfThatIdentityOnly() {
        hub.expiry = Instant.now().plusSeconds(100);
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            peer.claim("token:d");
            hub.expiry = Instant.now().plusSeconds(200);
            peer.claim("token:e");
            Sender sender = peer.sender(EVENTS);
            Receiver receiver = peer.receiver("/devices/d/messages/devicebound", 10);
            Sender sibling = peer.sender("/devices/e/messages/events");
            peer.advance(101);
            assertEquals(
                    "amqp:unauthorized-access",
                    sender.getRemoteCondition().getCondition().toString());
            assertEquals(
                    "amqp:unauthorized-access",
                    receiver.getRemoteCondition().getCondition().toString());
            assertEquals(EndpointState.ACTIVE, sibling.getRemoteState());
            assertFalse(hub.present.contains(InMemoryHub.identity("d")));
            assertTrue(hub.present.contains(InMemoryHub.identity("e")));
        }
    }

    @Test
    void aRenewedTokenKeepsTheLinks() {
        hub.expiry = Instant.now().plusSeconds(100);
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            peer.claim("token:d");
            Sender sender = peer.sender(EVENTS);
            hub.expiry = Instant.now().plusSeconds(1_000);
            peer.claim("token:d");
            peer.advance(101);
            assertEquals(EndpointState.ACTIVE, sender.getRemoteState());
        }
    }

    @Test
    void aSecondLinkOfTheSamePurposeReplacesTheFirst() {
        try (AmqpPeer peer = claimed(1024)) {
            Sender first = peer.sender(EVENTS);
            Sender second = peer.sender(EVENTS);
            assertEquals(
                    "amqp:link:stolen",
                    first.getRemoteCondition().getCondition().toString());
            assertInstanceOf(
                    Accepted.class,
                    peer.send(second, 0, message(new byte[] {1})).getRemoteState());
        }
    }

    @Test
    void theHubCanSendAnIdentityAway() {
        try (AmqpPeer peer = claimed(1024)) {
            Sender sender = peer.sender(EVENTS);
            Runnable kick = hub.kicks.get(InMemoryHub.identity("d"));
            assertNotNull(kick);
            kick.run();
            peer.pump();
            assertEquals(
                    "amqp:link:detach-forced",
                    sender.getRemoteCondition().getCondition().toString());
        }
    }

    @Test
    void endingASessionReleasesItsLinks() {
        try (AmqpPeer peer = claimed(1024)) {
            peer.sender(EVENTS);
            peer.session.close();
            peer.pump();
            assertEquals(EndpointState.CLOSED, peer.session.getRemoteState());
            assertTrue(hub.present.isEmpty());
        }
    }
}
