// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.emulator.hub.HubIdentity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaultApiTest {
    private Api api;

    @BeforeEach
    void open() throws IOException {
        api = new Api();
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void endsTheConnectionOfADeviceOrOfAModule() throws Exception {
        api.json(200, "PUT", "/devices/dev-1", "");
        api.json(200, "PUT", "/devices/dev-1/modules/m", "");
        List<String> ended = new ArrayList<>();
        api.hub.connect(HubIdentity.device("dev-1"), "Amqp", what -> ended.add("device " + what));
        api.hub.connect(HubIdentity.module("dev-1", "m"), "Amqp", what -> ended.add("module " + what));
        inject("{\"deviceId\":\"dev-1\",\"kind\":\"kill-session\"}");
        inject("{\"deviceId\":\"dev-1\",\"moduleId\":\"m\",\"kind\":\"kill-tcp\",\"durationSeconds\":1.5}");
        assertEquals(List.of("device SESSION", "module TCP"), ended);
    }

    private void inject(String fault) throws Exception {
        assertEquals(204, api.call("POST", "/faults", fault).status());
    }

    @Test
    void disablesADeviceUntilTheFaultIsTakenBack() throws Exception {
        api.json(200, "PUT", "/devices/dev-1", "");
        inject("{\"deviceId\":\"dev-1\",\"kind\":\"disable\"}");
        assertEquals("disabled", status());
        assertEquals(204, api.call("DELETE", "/faults/dev-1", "").status());
        assertEquals("enabled", status());
    }

    private String status() throws Exception {
        return api.json(200, "GET", "/devices/dev-1", "").get("status").asText();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"kind\":\"kill-tcp\"}",
                "{\"deviceId\":\"dev-1\"}",
                "{\"deviceId\":\"dev-1\",\"kind\":\"kill\"}",
                "{\"deviceId\":\"dev-1\",\"kind\":\"kill-tcp\",\"delaySeconds\":\"soon\"}",
                "{\"deviceId\":\"dev-1\",\"kind\":\"kill-tcp\",\"durationSeconds\":-1}",
                "[]"
            })
    void refusesWhatIsNoFault(String body) throws Exception {
        api.json(200, "PUT", "/devices/dev-1", "");
        assertEquals(400_004, api.error(400, "POST", "/faults", body));
    }

    @Test
    void refusesAFaultOfAnIdentityThatIsNotRegistered() throws Exception {
        assertEquals(404_001, api.error(404, "POST", "/faults", "{\"deviceId\":\"x\",\"kind\":\"kill-tcp\"}"));
        assertEquals(404_001, api.error(404, "DELETE", "/faults/x", ""));
        assertEquals(405, api.call("GET", "/faults", "").status());
    }
}
