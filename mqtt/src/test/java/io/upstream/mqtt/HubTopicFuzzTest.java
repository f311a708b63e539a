// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.testing.Mutants;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever topic a hub sends: read without an exception, and read the same when written in the order that the hub's guide has. */
class HubTopicFuzzTest {
    static Stream<byte[]> seeds() {
        return Stream.of(
                        "$iothub/twin/res/204/?$rid=ho&$version=88",
                        "$iothub/twin/res/429/?%24version=x&%24rid=1&=&a&&b=c=d",
                        "$iothub/twin/PATCH/properties/desired/?$version=12",
                        "$iothub/methods/POST/re boot?/?$rid=0f8c-%7B1/?&x=1",
                        "$iothub/methods/POST//?$rid=1")
                .map(text -> text.getBytes(UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAgainWhatItRead(byte[] input) {
        HubTopic read = HubTopic.parse(new String(input, UTF_8));
        if (read == null) {
            return;
        }
        assertTrue(read.status() >= -1 && read.status() <= 999);
        assertTrue(read.version() >= -1);
        HubTopic again = HubTopic.parse(write(read));
        assertNotNull(again);
        assertEquals(read, again);
    }

    private static String write(HubTopic topic) {
        String tail = "$rid=" + topic.rid() + "&$version=" + topic.versionText();
        return switch (topic.kind()) {
            case TWIN_ANSWER -> "$iothub/twin/res/" + topic.name() + "/?" + tail;
            case DESIRED_CHANGE -> "$iothub/twin/PATCH/properties/desired/?" + tail;
            case METHOD_CALL -> {
                assertFalse(topic.name().isEmpty());
                yield "$iothub/methods/POST/" + topic.name() + "/?" + tail;
            }
        };
    }

    @Test
    void readsAgainMutantsOfTopics() {
        Mutants.feed(seeds(), 10_000, this::readsAgainWhatItRead);
    }
}
