// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinkAddressTest {
    @ParameterizedTest
    @CsvSource({
        "/devices/d/messages/events, TELEMETRY, d",
        "/devices/D/modules/M/messages/events, TELEMETRY, D/M",
        "amqps://any.host/devices/d/messages/events, TELEMETRY, d",
        "amqps://hub:5671/devices/d/messages/events, TELEMETRY, d",
        "/DEVICES/d/Messages/EVENTS, TELEMETRY, d",
        "/devices/d/messages/devicebound, CLOUD_MESSAGES, d",
        "/devices/d/messages/deviceBound, CLOUD_MESSAGES, d",
        "/devices/d/modules/m/messages/devicebound, CLOUD_MESSAGES, d/m",
        "/devices/d/twin, TWIN, d",
        "/devices/d/methods/devicebound, METHODS, d",
        "/devices/a%40b/messages/events, TELEMETRY, a@b",
        "/devices/a+b/messages/events, TELEMETRY, a+b",
        "/devices/100%/messages/events, TELEMETRY, 100%",
    })
    void readsAnAddress(String text, LinkAddress.Kind kind, String identity) {
        LinkAddress address = LinkAddress.parse(text);
        assertNotNull(address);
        assertEquals(kind, address.kind());
        assertEquals(identity, address.identity().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "devices/d/messages/events",
                "/devices//messages/events",
                "/devices/d/messages/events/",
                "/devices/d/messages",
                "/devices/d/messages/serviceBound/feedback",
                "/devices/d/modules/messages/events",
                "http://hub/devices/d/messages/events",
                "$management"
            })
    void knowsNoOther(String text) {
        assertNull(LinkAddress.parse(text));
    }

    @Test
    void takesNoAddressForUnknown() {
        assertNull(LinkAddress.parse(null));
    }
}
