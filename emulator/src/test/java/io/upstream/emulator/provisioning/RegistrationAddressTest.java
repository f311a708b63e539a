// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrationAddressTest {
    private static final RegistrationAddress DEV = new RegistrationAddress("0neA", "dev-1");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0neA/registrations/dev-1",
                "/0neA/registrations/dev-1",
                "amqps://global.example/0neA/registrations/dev-1",
            })
    void readsAddresses(String text) {
        assertEquals(DEV, RegistrationAddress.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0neA/registrations/",
                "0neA/registrations/dev 1",
                "0neA/registrations/dev-1/register",
                "/devices/dev-1/messages/events",
                "dev-1@sas.hub",
            })
    void leavesOtherAddressesAlone(String text) {
        assertNull(RegistrationAddress.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0neA/registrations/dev-1/api-version=2019-03-31",
                "0neA/registrations/dev-1/api-version=2019-03-31&ClientVersion=azure-iot-provisioning-device%2F1.9.1",
                "0neA/registrations/dev-1/?api-version=2019-03-31&ClientVersion=2019-03-31",
                "0neA/registrations/dev-1/ClientVersion=x&api-version=2019-03-31",
            })
    void readsUserNames(String text) {
        assertEquals(DEV, RegistrationAddress.ofUserName(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hub.example/dev-1/?api-version=2021-04-12",
                "hub.example/registrations/m/?api-version=2021-04-12",
                "0neA/registrations/dev-1",
                "0neA/registrations/dev-1/api-version=",
            })
    void leavesOtherUserNamesAlone(String text) {
        assertNull(RegistrationAddress.ofUserName(text));
    }
}
