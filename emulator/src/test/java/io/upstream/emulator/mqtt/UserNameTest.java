// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.emulator.hub.HubException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UserNameTest {
    @ParameterizedTest
    @CsvSource({
        "hub/d/?api-version=2021-04-12,d,",
        "hub/d/m/?api-version=2021-04-12,d,m",
        "hub/d/api-version=2021-04-12,d,",
        "hub/d/m/api-version=2021-04-12,d,m",
        "hub/d?api-version=2021-04-12,d,",
        "hub/d/?api-version=,d,",
        "hub/d/?DeviceClientType=x/y%20z&api-version=1,d,",
        "hub/d/?api-version=2021-04-12&model-id=dtmi:a;1&DeviceClientType=node%2F1.18,d,",
    })
    void readsTheDocumentedAndTheObservedForms(String text, String device, String module) throws HubException {
        UserName userName = UserName.parse(text);
        assertEquals("hub", userName.hostName());
        assertEquals(device, userName.identity().deviceId());
        assertEquals(module, userName.identity().moduleId());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hub",
                "hub/d",
                "hub/d/",
                "hub/d/?",
                "hub/d/?version=1",
                "/d/?api-version=1",
                "hub//?api-version=1",
                "hub/?api-version=1",
                "hub/d/m/x/?api-version=1",
                "?api-version=1"
            })
    void refusesEverythingElse(String text) {
        assertThrows(HubException.class, () -> UserName.parse(text));
    }

    @Test
    void decodesParametersAndTakesTheFirstOfEqualKeys() throws HubException {
        Map<String, String> parameters = UserName.parse(
                        "hub/d/?api-version=1&api-version=2&DeviceClientType=a%20b&odd=%zz&=x")
                .parameters();
        assertEquals("1", parameters.get("api-version"));
        assertEquals("a b", parameters.get("DeviceClientType"));
        assertEquals("%zz", parameters.get("odd"));
        assertNull(parameters.get(""));
    }
}
