// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CloudQueueTest {
    private static final HubIdentity DEVICE = HubIdentity.device("dev-1");

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);
    private final List<CloudDelivery> got = new ArrayList<>();

    @BeforeEach
    void register() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
    }

    @Test
    void keepsMessagesForADeviceThatIsNotThereAndHandsThemOverInOrder() throws HubException {
        SentMessage first = send("a");
        SentMessage second = send("b");
        assertEquals(CloudMessageState.ENQUEUED, first.state());
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        SentMessage third = send("c");
        assertEquals(
                List.of(1L, 2L, 3L),
                got.stream().map(CloudDelivery::sequenceNumber).toList());
        assertEquals(CloudMessageState.LOCKED, second.state());
        got.get(2).complete();
        got.get(1).reject();
        assertEquals(CloudMessageState.COMPLETED, third.state());
        assertEquals(CloudMessageState.REJECTED, second.state());
        assertEquals(
                CloudMessageState.LOCKED,
                hub.cloudMessage("dev-1", "a").orElseThrow().state());
    }

    @Test
    void setsWhatTheSenderLeftOut() throws HubException {
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        SentMessage sent = hub.sendToDevice("dev-1", new HubMessage(Map.of(), Map.of(), new byte[0]));
        Map<String, String> system = got.get(0).message().systemProperties();
        assertEquals("/devices/dev-1/messages/deviceBound", system.get("to"));
        assertEquals(sent.messageId(), system.get("message-id"));
    }

    @Test
    void takesFiftyAndNoMore() throws HubException {
        for (int i = 0; i < 50; i++) {
            send("m" + i);
        }
        assertEquals(
                HubError.QUEUE_FULL,
                assertThrows(HubException.class, () -> send("late")).error());
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        assertEquals(
                HubError.QUEUE_FULL,
                assertThrows(HubException.class, () -> send("late")).error());
        got.get(0).complete();
        send("in time");
        assertEquals(51, got.size());
    }

    @Test
    void deadLettersWithTheTenthAbandon() throws HubException {
        SentMessage sent = send("a");
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        for (int i = 0; i < 10; i++) {
            assertEquals(i, got.get(i).deliveryCount());
            got.get(i).abandon();
        }
        assertEquals(10, got.size());
        assertEquals(CloudMessageState.DEAD_LETTERED, sent.state());
        assertEquals(10, sent.deliveryCount());
    }

    @Test
    void deadLettersForAReceiverThatAbandonsAtOnce() throws HubException {
        hub.receiveCloudMessages(
                DEVICE,
                delivery -> {
                    try {
                        delivery.abandon();
                    } catch (HubException e) {
                        throw new IllegalStateException(e);
                    }
                },
                () -> {});
        assertEquals(CloudMessageState.DEAD_LETTERED, send("a").state());
    }

    @Test
    void handsOverAgainWhenTheLockLapsesWithoutCounting() throws HubException {
        SentMessage sent = send("a");
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        clock.advance(Duration.ofMillis(59_999));
        hub.sweep();
        assertEquals(1, got.size());
        clock.advance(Duration.ofMillis(1));
        hub.sweep();
        assertEquals(2, got.size());
        assertEquals(0, got.get(1).deliveryCount());
        assertNotEquals(got.get(0).lockToken(), got.get(1).lockToken());
        assertEquals(
                HubError.LOCK_LOST,
                assertThrows(HubException.class, () -> got.get(0).complete()).error());
        got.get(1).complete();
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void countsOnlyTheFirstSettlement() throws HubException {
        SentMessage sent = send("a");
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        got.get(0).complete();
        got.get(0).reject();
        assertEquals(CloudMessageState.COMPLETED, sent.state());
    }

    @Test
    void unlocksWhatAClosedLinkLeft() throws HubException {
        SentMessage sent = send("a");
        Hub.Presence link = hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        link.close();
        link.close();
        assertEquals(CloudMessageState.ENQUEUED, sent.state());
        assertThrows(HubException.class, () -> got.get(0).complete());
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        assertEquals(2, got.size());
    }

    @Test
    void movesToTheLinkThatCameLast() throws HubException {
        List<CloudDelivery> earlier = new ArrayList<>();
        List<String> told = new ArrayList<>();
        send("a");
        Hub.Presence first = hub.receiveCloudMessages(DEVICE, earlier::add, () -> told.add("replaced"));
        hub.receiveCloudMessages(DEVICE, got::add, () -> told.add("not replaced"));
        first.close();
        send("b");
        assertEquals(List.of("replaced"), told);
        assertEquals(1, earlier.size());
        assertEquals(2, got.size());
    }

    @Test
    void expiresWhatNobodyFetchedInTime() throws HubException {
        SentMessage byDefault = send("a");
        SentMessage asked = hub.sendToDevice(
                "dev-1",
                new HubMessage(
                        Map.of("message-id", "b", "absolute-expiry-time", "2026-01-01T00:00:10Z"),
                        Map.of(),
                        new byte[0]));
        clock.advance(Duration.ofSeconds(10));
        hub.sweep();
        assertEquals(CloudMessageState.EXPIRED, asked.state());
        assertEquals(CloudMessageState.ENQUEUED, byDefault.state());
        clock.advance(Duration.ofHours(1));
        hub.sweep();
        assertEquals(CloudMessageState.EXPIRED, byDefault.state());
        assertEquals(0, hub.cloudMessageCount(DEVICE));
    }

    @Test
    void remembersTheOutcomesOfTheLastThousand() throws HubException {
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        for (int i = 0; i < 1_100; i++) {
            send("m" + i);
            got.get(i).complete();
        }
        assertTrue(hub.cloudMessage("dev-1", "m0").isEmpty());
        assertTrue(hub.cloudMessage("dev-1", "m100").isPresent());
    }

    @Test
    void purgesTheMessagesOfARemovedDevice() throws HubException {
        SentMessage sent = send("a");
        hub.receiveCloudMessages(DEVICE, got::add, () -> {});
        hub.remove(DEVICE);
        assertEquals(CloudMessageState.PURGED, sent.state());
        assertEquals(
                HubError.DEVICE_NOT_FOUND,
                assertThrows(HubException.class, () -> send("b")).error());
    }

    @Test
    void refusesWhatTheServiceApiRefuses() {
        assertRefused(HubError.MESSAGE_TOO_LARGE, Map.of("message-id", "x"), 65_536);
        assertRefused(HubError.MALFORMED, Map.of("message-id", "x".repeat(129)), 0);
        assertRefused(HubError.MALFORMED, Map.of("ack", "always"), 0);
        assertRefused(HubError.MALFORMED, Map.of("absolute-expiry-time", "tomorrow"), 0);
    }

    private void assertRefused(HubError expected, Map<String, String> system, int size) {
        HubMessage message = new HubMessage(system, Map.of(), new byte[size]);
        assertEquals(
                expected,
                assertThrows(HubException.class, () -> hub.sendToDevice("dev-1", message))
                        .error());
    }

    private SentMessage send(String id) throws HubException {
        return hub.sendToDevice("dev-1", new HubMessage(Map.of("message-id", id), Map.of(), new byte[] {1}));
    }
}
