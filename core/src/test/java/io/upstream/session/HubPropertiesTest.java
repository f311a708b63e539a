// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.frame.FlatProperties;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubPropertiesTest {
    private static final Telemetry EMPTY = Telemetry.of(new byte[0]);

    private static FlatProperties flat(Telemetry message) {
        FlatProperties flat = new FlatProperties();
        flat.set(message);
        return flat;
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "INPUT_NAME",
                "CONNECTION_DEVICE_ID",
                "CONNECTION_MODULE_ID",
                "SEQUENCE_NUMBER",
                "ENQUEUED_TIME",
                "DELIVERY_COUNT"
            })
    void nobodyCanBeToldWhatTheHubSets(SystemProperty property) {
        FlatProperties set = flat(EMPTY.system(property, "1"));
        assertEquals(
                "system property " + property.label() + " is set by the hub and cannot be sent: leave it out",
                HubProperties.unsendable(set));
        assertEquals(HubProperties.unsendable(set), HubProperties.objection(set));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\ud800", "\udc00", "a\ud800b", "\ud800\ud800\udc00", "\udc00\ud800"})
    void nobodyCanBeToldWhatIsNotUnicode(String text) {
        assertNotNull(HubProperties.unsendable(flat(EMPTY.property("k", text))));
        assertNotNull(HubProperties.unsendable(flat(EMPTY.property(text, "v"))));
        assertNotNull(HubProperties.unsendable(flat(EMPTY.messageId(text))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"$.mid", "$.", "iothub-ack", "iothub-connection-device-id", "dt-subject"})
    void aHubTakesItsOwnNamesForItself(String name) {
        FlatProperties set = flat(EMPTY.property("fine", "1").property(name, "2"));
        assertNotNull(HubProperties.objection(set));
        assertNull(HubProperties.unsendable(set), "another peer does not mind");
    }

    @ParameterizedTest
    @CsvSource({"EXPIRY_TIME, tomorrow", "CREATION_TIME, 12:00", "CONTENT_TYPE, größe", "CONTENT_ENCODING, ü"})
    void aHubWantsTimesAndAscii(SystemProperty property, String value) {
        assertNotNull(HubProperties.objection(flat(EMPTY.system(property, value))));
    }

    @Test
    void nothingIsWrongWithTheRest() {
        Telemetry message = Telemetry.json("{}")
                .messageId("größe")
                .createdAt(Instant.now())
                .expiresAt(Instant.EPOCH)
                .property("$dollar", "😀")
                .property("iothub-app", "$.mid")
                .property("to", "");
        assertNull(HubProperties.objection(flat(message)));
        assertNull(HubProperties.objection(flat(EMPTY)));
    }
}
