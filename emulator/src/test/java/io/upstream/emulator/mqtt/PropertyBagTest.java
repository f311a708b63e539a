// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PropertyBagTest {
    static Stream<Arguments> bags() {
        return Stream.of(
                Arguments.of("", Map.of()),
                Arguments.of("/", Map.of()),
                Arguments.of("?", Map.of()),
                Arguments.of("a=1", Map.of("a", "1")),
                Arguments.of("?a=1", Map.of("a", "1")),
                Arguments.of("a=1/", Map.of("a", "1")),
                Arguments.of("a=1&b=2", Map.of("a", "1", "b", "2")),
                Arguments.of("a=1&a=2", Map.of("a", "2")),
                Arguments.of("a", Map.of("a", "")),
                Arguments.of("a=", Map.of("a", "")),
                Arguments.of("a=1+1", Map.of("a", "1+1")),
                Arguments.of("a%20b=c%2Fd%26%3D", Map.of("a b", "c/d&=")),
                Arguments.of("%24.mid=1&$.ct=x", Map.of("$.mid", "1", "$.ct", "x")),
                Arguments.of("k%201=v%26%3D%C3%A9", Map.of("k 1", "v&=é")),
                Arguments.of("é=%c3%a9", Map.of("é", "é")),
                Arguments.of("a=%f0%9f%98%80", Map.of("a", "😀")));
    }

    @ParameterizedTest(name = "\"{0}\" is {1}")
    @MethodSource("bags")
    void reads(String bag, Map<String, String> expected) throws HubException {
        assertEquals(expected, PropertyBag.parse(bag));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "=1",
                "a=1&",
                "&a=1",
                "a=1&&b=2",
                "a=1=2",
                "a=1/b=2",
                "/a=1",
                "a=1//",
                "a=%",
                "a=%2",
                "a=%2g",
                "a=%g2",
                "a=%ff",
                "a=%c3",
                "%zz=1",
                "a=%ed%a0%80",
                "a=%-1"
            })
    void refuses(String bag) {
        assertEquals(
                HubError.MALFORMED,
                assertThrows(HubException.class, () -> PropertyBag.parse(bag)).error());
    }

    @Test
    void tellsSystemPropertiesByTheirDecodedNames() throws HubException {
        HubMessage message = SystemProperties.message(
                PropertyBag.parse(
                        "$.mid=1&%24.cid=2&%24.uid=3&%24.to=4&%24.ct=5&%24.ce=6&%24.exp=7&%24.on=8&%24.ctime=9"
                                + "&%24.ifid=10&%24.sub=11&%24.schema=12&iothub-ack=full&iothub-operation=o&%24.new=13&x=14"),
                new byte[0]);
        assertEquals(
                Map.ofEntries(
                        Map.entry("message-id", "1"),
                        Map.entry("correlation-id", "2"),
                        Map.entry("user-id", "3"),
                        Map.entry("to", "4"),
                        Map.entry("content-type", "5"),
                        Map.entry("content-encoding", "6"),
                        Map.entry("absolute-expiry-time", "7"),
                        Map.entry("output-name", "8"),
                        Map.entry("creation-time-utc", "9"),
                        Map.entry("interface-id", "10"),
                        Map.entry("dt-subject", "11"),
                        Map.entry("message-schema", "12"),
                        Map.entry("ack", "full"),
                        Map.entry("operation", "o")),
                message.systemProperties());
        assertEquals(Map.of("$.new", "13", "x", "14"), message.properties());
    }

    @Test
    void writesSystemPropertiesFirstAndNothingEmpty() {
        Map<String, String> system = new LinkedHashMap<>();
        system.put("to", "/devices/d/messages/deviceBound");
        system.put("content-encoding", "utf-8");
        system.put("ack", "none");
        system.put("message-id", "m 1");
        Map<String, String> application = new LinkedHashMap<>();
        application.put("foo", "b+r&=");
        application.put("empty", "");
        assertEquals(
                "%24.mid=m%201&%24.to=%2Fdevices%2Fd%2Fmessages%2FdeviceBound&%24.ce=utf-8&iothub-ack=none&foo=b%2Br%26%3D",
                SystemProperties.bag(new HubMessage(system, application, new byte[0])));
    }
}
