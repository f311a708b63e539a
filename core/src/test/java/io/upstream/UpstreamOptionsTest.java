// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamOptionsTest {
    private static UpstreamOptions.Builder options() {
        return UpstreamOptions.forHub("hub.test");
    }

    @Test
    void announceNothingUnlessTold() {
        assertEquals("", options().build().modelId());
        assertEquals("", options().build().authChain());
    }

    @ParameterizedTest
    @ValueSource(strings = {"dtmi:com:example:Thermostat;1", "dtmi:a;12", "dtmi:com:example:With_Mark;1.2", "dtmi:a:b"})
    void takeAModel(String id) {
        assertEquals(id, options().modelId(id).build().toBuilder().build().modelId());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "com:example:Thermostat;1", "dtmi:", "dtmi:a;0", "dtmi:a b;1", "dtmi:a&x=y;1", "dtmi:a;1\n"})
    void refuseWhatIsNoModel(String id) {
        String message = assertThrows(
                        IllegalArgumentException.class, () -> options().modelId(id))
                .getMessage();
        assertTrue(message.startsWith("a model id has the form dtmi:com:example:Thermostat;1"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"leaf-1;edge-1", "leaf;edge-1;edge-0", "edge-1/$edgeHub;edge-1"})
    void takeAChain(String chain) {
        assertEquals(
                chain, options().authChain(chain).build().toBuilder().build().authChain());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "leaf", "leaf;", ";edge", "leaf;;edge", "le af;edge", "leaf;edge\n"})
    void refuseWhatIsNoChain(String chain) {
        assertThrows(IllegalArgumentException.class, () -> options().authChain(chain));
    }

    @Test
    void refuseWhatIsTooLong() {
        String chain = "a".repeat(2047) + ";b";
        assertThrows(IllegalArgumentException.class, () -> options().authChain(chain));
        assertThrows(IllegalArgumentException.class, () -> options().modelId("dtmi:" + "a".repeat(2048)));
    }
}
