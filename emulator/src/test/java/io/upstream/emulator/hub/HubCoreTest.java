// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubCoreTest {
    private static final HubIdentity DEVICE = HubIdentity.device("dev-1");

    private final HubCore hub = new HubCore("hub.example", new ManualClock(), Duration.ZERO);

    @ParameterizedTest
    @ValueSource(strings = {"a", "A-1:.+%_#*?!(),=@;$'", "0"})
    void registersEveryDocumentedId(String id) throws HubException {
        RegisteredIdentity entry = hub.put(HubIdentity.device(id), IdentityStatus.ENABLED, null, null);
        assertEquals(32, Base64.getDecoder().decode(entry.primaryKey()).length);
        assertNotEquals(entry.primaryKey(), entry.secondaryKey());
        assertFalse(entry.toString().contains(entry.primaryKey()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "ä", "a\"", "a&b"})
    void refusesOtherIds(String id) {
        assertRefused(HubError.MALFORMED, HubIdentity.device(id), null);
        assertRefused(HubError.MALFORMED, HubIdentity.device("x".repeat(129)), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"not base64!", "c2hvcnQ=", ""})
    void refusesOtherKeys(String key) {
        assertRefused(HubError.MALFORMED, DEVICE, key);
    }

    @Test
    void holdsFiftyModulesOfARegisteredDevice() throws HubException {
        assertRefused(HubError.DEVICE_NOT_FOUND, HubIdentity.module("dev-1", "m"), null);
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        for (int i = 0; i < 50; i++) {
            hub.put(HubIdentity.module("dev-1", "m" + i), IdentityStatus.ENABLED, null, null);
        }
        assertRefused(HubError.QUOTA_EXCEEDED, HubIdentity.module("dev-1", "m50"), null);
        hub.remove(HubIdentity.module("dev-1", "m3"));
        hub.put(HubIdentity.module("dev-1", "m50"), IdentityStatus.ENABLED, null, null);
        hub.remove(DEVICE);
        assertThrows(HubException.class, () -> hub.get(HubIdentity.module("dev-1", "m50")));
    }

    @Test
    void keepsKeysAndGenerationWhenAnIdentityChanges() throws HubException {
        RegisteredIdentity first = hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        RegisteredIdentity second = hub.put(DEVICE, IdentityStatus.DISABLED, null, null);
        assertEquals(first.primaryKey(), second.primaryKey());
        assertEquals(first.generation(), second.generation());
        assertEquals(2, second.version());
        hub.remove(DEVICE);
        assertNotEquals(
                first.generation(),
                hub.put(DEVICE, IdentityStatus.ENABLED, null, null).generation());
    }

    @Test
    void letsAnMqttConnectionReplaceAnEarlierOneOnly() {
        List<String> kicked = new ArrayList<>();
        Hub.Presence first = hub.connect(DEVICE, "MQTT", why -> kicked.add("first"));
        hub.connect(DEVICE, "AMQP", why -> kicked.add("amqp"));
        Hub.Presence second = hub.connect(DEVICE, "MqttWs", why -> kicked.add("second"));
        assertEquals(List.of("first"), kicked);
        first.close();
        second.close();
        assertTrue(hub.isConnected(DEVICE));
        hub.closeConnections(DEVICE);
        assertEquals(List.of("first", "amqp"), kicked);
        assertFalse(hub.isConnected(DEVICE));
    }

    @Test
    void closesTheConnectionsOfWhomItDisablesOrRemoves() throws HubException {
        List<String> kicked = new ArrayList<>();
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        hub.connect(DEVICE, "MQTT", why -> kicked.add("disabled"));
        hub.put(DEVICE, IdentityStatus.DISABLED, null, null);
        hub.connect(DEVICE, "MQTT", why -> kicked.add("removed"));
        hub.remove(DEVICE);
        assertEquals(List.of("disabled", "removed"), kicked);
    }

    @ParameterizedTest
    @CsvSource({"262144,0,true", "262145,0,false", "262139,5,true", "262140,5,false"})
    void countsBodySystemValuesAndApplicationNamesAndValues(int body, int properties, boolean fits)
            throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        Map<String, String> system = properties == 0 ? Map.of() : Map.of("message-id", "ä");
        Map<String, String> application = properties == 0 ? Map.of() : Map.of("k", "vv");
        HubMessage message = new HubMessage(system, application, new byte[body]);
        if (fits) {
            assertEquals(1, hub.accept(DEVICE, message));
        } else {
            assertEquals(
                    HubError.MESSAGE_TOO_LARGE,
                    assertThrows(HubException.class, () -> hub.accept(DEVICE, message))
                            .error());
        }
    }

    @ParameterizedTest
    @CsvSource({"262143,1,true", "262143,2,false", "1,262144,false"})
    void takesABatchAsAWholeOrNotAtAll(int first, int second, boolean fits) throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        List<HubMessage> batch = List.of(
                new HubMessage(Map.of(), Map.of(), new byte[first]),
                new HubMessage(Map.of(), Map.of(), new byte[second]));
        if (fits) {
            assertEquals(2, hub.accept(DEVICE, batch));
        } else {
            assertEquals(
                    HubError.MESSAGE_TOO_LARGE,
                    assertThrows(HubException.class, () -> hub.accept(DEVICE, batch))
                            .error());
            assertEquals(0, hub.telemetry().lastSequence());
        }
    }

    @Test
    void doesNotBelieveWhatOnlyTheHubMaySay() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        hub.accept(
                DEVICE,
                new HubMessage(
                        Map.of("connection-device-id", "other", "message-id", "1"),
                        Map.of("iothub-connection-device-id", "other", "k", "v"),
                        new byte[0]));
        HubMessage kept = hub.telemetry().read(0, 1, null).records().get(0).message();
        assertEquals(Map.of("message-id", "1"), kept.systemProperties());
        assertEquals(Map.of("k", "v"), kept.properties());
    }

    @Test
    void takesTelemetryOfEnabledIdentitiesOnly() throws HubException {
        HubMessage message = new HubMessage(Map.of(), Map.of(), new byte[0]);
        assertEquals(
                HubError.DEVICE_NOT_FOUND,
                assertThrows(HubException.class, () -> hub.accept(DEVICE, message))
                        .error());
        hub.put(DEVICE, IdentityStatus.DISABLED, null, null);
        assertEquals(
                HubError.DEVICE_DISABLED,
                assertThrows(HubException.class, () -> hub.accept(DEVICE, message))
                        .error());
    }

    private void assertRefused(HubError expected, HubIdentity identity, @Nullable String key) {
        assertEquals(
                expected,
                assertThrows(HubException.class, () -> hub.put(identity, IdentityStatus.ENABLED, key, null))
                        .error());
    }
}
