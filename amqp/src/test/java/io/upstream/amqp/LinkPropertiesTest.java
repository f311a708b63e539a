// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.UpstreamOptions;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LinkPropertiesTest {
    private static final String VERSION = "2021-04-12";

    @Test
    void nameWhatIsKnownOfTheClient() {
        assertEquals(
                Map.of("com.microsoft:client-version", "upstream-java/0.1", "com.microsoft:api-version", VERSION),
                HubAddresses.linkProperties(UpstreamOptions.forHub("hub.test").build()));
        assertEquals(
                Map.of(
                        "com.microsoft:client-version",
                        "upstream-java/0.1 gate/1",
                        "com.microsoft:api-version",
                        VERSION,
                        "com.microsoft:model-id",
                        "dtmi:com:example:Thermostat;1",
                        "com.microsoft:auth-chain",
                        "leaf;edge-1"),
                HubAddresses.linkProperties(UpstreamOptions.forHub("hub.test")
                        .productInfo("gate/1")
                        .modelId("dtmi:com:example:Thermostat;1")
                        .authChain("leaf;edge-1")
                        .build()));
    }
}
