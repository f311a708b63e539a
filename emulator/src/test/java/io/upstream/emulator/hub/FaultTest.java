// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FaultTest {
    private static final HubIdentity DEVICE = HubIdentity.device("dev-1");
    private static final HubIdentity MODULE = HubIdentity.module("dev-1", "m");
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.test", clock, Duration.ZERO);
    private final List<String> ended = new ArrayList<>();

    @BeforeEach
    void register() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        hub.put(MODULE, IdentityStatus.ENABLED, null, null);
        connect(DEVICE);
    }

    private void connect(HubIdentity identity) {
        hub.connect(identity, "Amqp", what -> ended.add(identity + " " + what));
    }

    private void pass(Duration time) {
        clock.advance(time);
        hub.sweep();
    }

    private static HubMessage message(String id, String... properties) {
        Map<String, String> application = new HashMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            application.put("AzIoTHub_FaultOperation" + properties[i], properties[i + 1]);
        }
        return new HubMessage(Map.of("message-id", id), application, new byte[] {1});
    }

    private Receipt send(HubMessage message) throws HubException {
        return hub.take(DEVICE, List.of(message));
    }

    private static void assertRefused(HubError expected, Executable operation) {
        assertEquals(expected, assertThrows(HubException.class, operation).error());
    }

    @ParameterizedTest
    @CsvSource({
        "KillTcp,TCP",
        "KillAmqpConnection,CONNECTION",
        "KillAmqpSession,SESSION",
        "KillAmqpCBSLinkReq,CBS_REQUEST_LINK",
        "KillAmqpCBSLinkResp,CBS_REPLY_LINK",
        "KillAmqpD2CLink,TELEMETRY_LINK",
        "KillAmqpC2DLink,CLOUD_MESSAGE_LINK",
        "KillAmqpTwinLinkReq,TWIN_REQUEST_LINK",
        "KillAmqpTwinLinkResp,TWIN_REPLY_LINK",
        "KillAmqpMethodReqLink,METHOD_REQUEST_LINK",
        "KillAmqpMethodRespLink,METHOD_REPLY_LINK",
        "ShutDownAmqp,SHUT_DOWN",
        "ShutDownMqtt,SHUT_DOWN"
    })
    void endsWhatAMessageAsksForWhenItsDelayIsOver(String type, Ending ending) throws HubException {
        assertEquals(Receipt.LAST_WORDS, send(message("1", "Type", type, "DelayInSecs", "1", "DurationInSecs", "2")));
        assertEquals(List.of(), ended);
        assertNull(hub.ending(DEVICE));
        pass(SECOND);
        assertEquals(List.of("dev-1 " + ending), ended);
        assertEquals(ending, hub.ending(DEVICE));
        assertNull(hub.ending(MODULE));
        pass(SECOND.multipliedBy(2));
        assertNull(hub.ending(DEVICE));
        assertEquals(0, hub.telemetry().lastSequence());
    }

    @Test
    void doesOnceWhatIsAskedForAgainBecauseItWasNotAcknowledged() throws HubException {
        HubMessage kill = message("1", "Type", "KillTcp", "DurationInSecs", "0");
        assertEquals(Receipt.LAST_WORDS, send(kill));
        connect(DEVICE);
        assertEquals(Receipt.ACKNOWLEDGE, send(kill));
        assertEquals(1, ended.size());
        assertEquals(Receipt.LAST_WORDS, send(message("2", "Type", "KillTcp", "DurationInSecs", "0")));
        assertEquals(2, ended.size());
    }

    @Test
    void doesNotBeginAgainWhatWasEndedBeforeItWasAcknowledged() throws HubException {
        HubMessage kill = message("1", "Type", "KillTcp", "DurationInSecs", "60");
        assertEquals(Receipt.LAST_WORDS, send(kill));
        hub.endFault(DEVICE);
        assertNull(hub.ending(DEVICE));
        connect(DEVICE);
        assertEquals(Receipt.ACKNOWLEDGE, send(kill));
        pass(SECOND);
        assertEquals(1, ended.size());
    }

    @ParameterizedTest
    @CsvSource({"InvokeThrottling,THROTTLED", "InvokeMaxMessageQuota,QUOTA_EXCEEDED", "InvokeAuthError,UNAUTHORIZED"})
    void refusesForAsLongAsAMessageSays(String type, HubError error) throws HubException {
        assertEquals(Receipt.ACKNOWLEDGE, send(message("1", "Type", type, "DurationInSecs", "2")));
        assertRefused(error, () -> send(message("2")));
        if (error != HubError.QUOTA_EXCEEDED) {
            assertRefused(error, () -> hub.deviceTwin(DEVICE));
        }
        hub.deviceTwin(MODULE);
        pass(SECOND.multipliedBy(2));
        assertEquals(Receipt.ACKNOWLEDGE, send(message("2")));
        assertEquals(List.of(), ended);
    }

    @Test
    void keepsAMessageAndLosesItsAcknowledgementOnce() throws HubException {
        hub.inject(DEVICE, Fault.now(FaultKind.LOST_ACK));
        assertEquals(Receipt.SILENCE, send(message("1")));
        assertEquals(List.of("dev-1 TCP"), ended);
        assertEquals(Receipt.ACKNOWLEDGE, send(message("1")));
        assertEquals(2, hub.telemetry().lastSequence());
    }

    @Test
    void keepsMessagesAndAcknowledgesNoneWhileAcknowledgementsAreWithheld() throws HubException {
        hub.inject(DEVICE, Fault.lasting(FaultKind.WITHHELD_ACKS, SECOND));
        assertEquals(Receipt.SILENCE, send(message("1")));
        assertEquals(Receipt.SILENCE, send(message("2")));
        pass(SECOND);
        assertEquals(Receipt.ACKNOWLEDGE, send(message("3")));
        assertEquals(3, hub.telemetry().lastSequence());
        assertEquals(List.of(), ended);
    }

    @ParameterizedTest
    @EnumSource(names = {"FORGOTTEN_SESSION", "NO_CREDIT"})
    void leavesToTheHeadsWhatOnlyTheyCanBringAbout(FaultKind kind) throws HubException {
        hub.inject(DEVICE, Fault.lasting(kind, SECOND));
        assertTrue(hub.suffers(DEVICE, kind));
        assertFalse(hub.suffers(MODULE, kind));
        pass(SECOND);
        assertFalse(hub.suffers(DEVICE, kind));
    }

    @Test
    void disablesADeviceWithItsModulesForAWhile() throws HubException {
        connect(MODULE);
        hub.inject(DEVICE, Fault.lasting(FaultKind.DISABLE, SECOND));
        assertEquals(List.of("dev-1 DISABLED", "dev-1/m DISABLED"), ended);
        assertRefused(HubError.DEVICE_DISABLED, () -> hub.requireEnabled(MODULE));
        pass(SECOND);
        hub.requireEnabled(MODULE);
    }

    @ParameterizedTest
    @EnumSource(names = {"THROTTLE", "QUOTA", "AUTH"})
    void refusesUntilItIsEndedIfNoDurationIsGiven(FaultKind kind) throws HubException {
        hub.inject(DEVICE, Fault.now(kind));
        pass(SECOND.multipliedBy(10_000));
        assertThrows(HubException.class, () -> send(message("1")));
        hub.endFault(DEVICE);
        send(message("1"));
    }

    @ParameterizedTest
    @CsvSource({"Nonsense,1,1", "KillTcp,soon,1", "KillTcp,1,-1"})
    void refusesAFaultThatItDoesNotKnow(String type, String delay, String duration) {
        assertRefused(
                HubError.MALFORMED,
                () -> send(message("1", "Type", type, "DelayInSecs", delay, "DurationInSecs", duration)));
    }
}
