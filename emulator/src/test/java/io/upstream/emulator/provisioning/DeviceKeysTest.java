// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class DeviceKeysTest {
    /** The example of the service's documentation. */
    @Test
    void derivesTheKeyOfADevice() {
        assertEquals(
                "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=",
                DeviceKeys.derive(
                        "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==",
                        "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"));
    }
}
