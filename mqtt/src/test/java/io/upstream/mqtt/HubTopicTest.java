// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.upstream.mqtt.HubTopic.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubTopicTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "$iothub/twin/res/200/?$rid=1 | 200 | 1 | 0",
                "$iothub/twin/res/204/?$rid=ho&$version=88 | 204 | ho | 88",
                "$iothub/twin/res/204/?$version=88&$rid=ho | 204 | ho | 88",
                "$iothub/twin/res/204/?%24rid=ho&%24version=88 | 204 | ho | 88",
                "$iothub/twin/res/204/?$version=88&%24rid=ho | 204 | ho | 88",
                "$iothub/twin/res/429/?$rid=a-1&retry-after=3&x&=y& | 429 | a-1 | 0",
                "$iothub/twin/res/503/?rid=other&$rid=a=b | 503 | a=b | 0",
                "$iothub/twin/res/204/?$rid=1&$rid=2 | 204 | 2 | 0",
                "$iothub/twin/res/204/?$rid=1&$version= | 204 | 1 | 0",
                "$iothub/twin/res/204/?$rid=1&$version=x | 204 | 1 | -1",
                "$iothub/twin/res/204/?$rid=1&$version=-3 | 204 | 1 | -1",
                "$iothub/twin/res/204/?$rid=1&$version=99999999999999999999 | 204 | 1 | -1",
                "$iothub/twin/res//?$rid=1 | -1 | 1 | 0",
                "$iothub/twin/res/20/?$rid=1 | -1 | 1 | 0",
                "$iothub/twin/res/2000/?$rid=1 | -1 | 1 | 0",
                "$iothub/twin/res/+20/?$rid=1 | -1 | 1 | 0",
                "$iothub/twin/res/200/x/?$rid=1 | -1 | 1 | 0",
            })
    void readsTheAnswerToATwinRequest(String topic, int status, String rid, long version) {
        HubTopic read = read(topic);
        assertEquals(Kind.TWIN_ANSWER, read.kind());
        assertEquals(status, read.status());
        assertEquals(rid, read.rid());
        assertEquals(version, read.version());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "$iothub/twin/PATCH/properties/desired/?$version=12 | 12",
                "$iothub/twin/PATCH/properties/desired/?%24version=12 | 12",
                "$iothub/twin/PATCH/properties/desired/?x=1&$version=12&$rid=7 | 12",
                "$iothub/twin/PATCH/properties/desired/? | 0",
                "$iothub/twin/PATCH/properties/desired/ | 0",
                "$iothub/twin/PATCH/properties/desired | 0",
            })
    void readsAChangeOfTheDesiredProperties(String topic, long version) {
        HubTopic read = read(topic);
        assertEquals(Kind.DESIRED_CHANGE, read.kind());
        assertEquals(version, read.version());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "$iothub/methods/POST/reboot/?$rid=1 | reboot | 1",
                "$iothub/methods/POST/reboot/?%24rid=1f | reboot | 1f",
                "$iothub/methods/POST/a b%20c/?x=2&$rid=0f8c2b2e-6c2f-4b2d-9a56-3c0a1f3f7f11 | a b%20c |"
                        + " 0f8c2b2e-6c2f-4b2d-9a56-3c0a1f3f7f11",
                "$iothub/methods/POST/is it?/?$rid=%7B1%7D | is it? | %7B1%7D",
                "$iothub/methods/POST/m/?$rid=a/?b | m | a/?b",
                "$iothub/methods/POST/größe/?$rid=é | größe | é",
            })
    void readsTheCallOfAMethod(String topic, String name, String rid) {
        assertEquals(new HubTopic(Kind.METHOD_CALL, name, rid, ""), read(topic));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/?",
                "?$rid=1",
                "x",
                "$iothub",
                "$iothub/",
                "$iothub/?$rid=1",
                "$iothub/twin/res/200",
                "$iothub/twin/res/200/",
                "$iothub/twin/res/200/?",
                "$iothub/twin/res/200/?$version=1",
                "$iothub/twin/res/200/?$rid",
                "$iothub/twin/res/200/?$rid=",
                "$iothub/twin/res/200?$rid=1",
                "$iothub/twin/GET/?$rid=1",
                "$iothub/twin/PATCH/properties/reported/?$rid=1",
                "$iothub/twin/PATCH/properties/desiredx/?$version=1",
                "$iothub/twin/PATCH/properties/desired/x/?$version=1",
                "$iothub/methods/POST/?$rid=1",
                "$iothub/methods/POST//?$rid=1",
                "$iothub/methods/POST/a/b/?$rid=1",
                "$iothub/methods/POST/a/",
                "$iothub/methods/res/200/?$rid=1",
                "$IOTHUB/methods/POST/a/?$rid=1",
                " $iothub/methods/POST/a/?$rid=1",
            })
    void readsNothingElse(String topic) {
        assertNull(HubTopic.parse(topic));
    }

    @Test
    void readsNoIdThatWouldMakeTheAnswersTopicTooLong() {
        String call = "$iothub/methods/POST/a/?$rid=";
        assertNotNull(HubTopic.parse(call + "x".repeat(1_024)));
        assertNull(HubTopic.parse(call + "x".repeat(1_025)));
    }

    private static HubTopic read(String topic) {
        HubTopic read = HubTopic.parse(topic);
        assertNotNull(read);
        return read;
    }
}
