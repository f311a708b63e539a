// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.frame.FlatProperties;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PropertyBagTest {

    @ParameterizedTest
    @CsvSource({
        "MESSAGE_ID, %24.mid",
        "CORRELATION_ID, %24.cid",
        "USER_ID, %24.uid",
        "TO, %24.to",
        "CONTENT_TYPE, %24.ct",
        "CONTENT_ENCODING, %24.ce",
        "EXPIRY_TIME, %24.exp",
        "CREATION_TIME, %24.ctime",
        "OUTPUT_NAME, %24.on",
        "INTERFACE_ID, %24.ifid",
        "COMPONENT, %24.sub",
        "MESSAGE_SCHEMA, %24.schema",
        "ACK, iothub-ack"
    })
    void writesAndReadsEverySystemPropertyByItsKey(SystemProperty property, String key) {
        String bag = write(Map.of(property, "a b"), Map.of());
        assertEquals(key + "=a%20b", bag);
        assertEquals(Map.of(property, "a b"), PropertyBag.read(bag).system());
        assertEquals(
                Map.of(property, "x"),
                PropertyBag.read(key.replace("%24", "$") + "=x").system());
    }

    @ParameterizedTest
    @CsvSource({"CONNECTION_DEVICE_ID, cdid", "CONNECTION_MODULE_ID, cmid"})
    void readsWhatOnlyTheHubSets(SystemProperty property, String key) {
        for (String dollar : List.of("$.", "%24.")) {
            assertEquals(
                    Map.of(property, "a b"),
                    PropertyBag.read(dollar + key + "=a%20b").system());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            emptyValue = "",
            value = {
                "k 1 | v&= | k%201=v%26%3D",
                "k | é | k=%C3%A9",
                "k | / | k=%2F",
                "k | % | k=%25",
                "% | %41 | %25=%2541",
                "a=b | c&d | a%3Db=c%26d",
                "k | a+b | k=a%2Bb",
                "k | 😀 | k=%F0%9F%98%80",
                "ключ | € | %D0%BA%D0%BB%D1%8E%D1%87=%E2%82%AC",
                "k | #+$ | k=%23%2B%24",
                "-._~ | AZaz09 | -._~=AZaz09",
                "$.foreign | x | %24.foreign=x",
                "? | ! | %3F=%21"
            })
    void escapesWhatIsReserved(String name, String value, String bag) {
        assertEquals(bag, write(Map.of(), Map.of(name, value)));
        assertEquals(Map.of(name, value), PropertyBag.read(bag).properties());
    }

    @Test
    void keepsEmptyValues() {
        assertEquals("k=", write(Map.of(), Map.of("k", "")));
        assertEquals(Map.of("k", ""), PropertyBag.read("k=").properties());
    }

    @Test
    void keepsControlCharacters() {
        assertEquals("k=%00%0A%7F", write(Map.of(), Map.of("k", "\0\n\u007f")));
    }

    @Test
    void writesSystemPropertiesFirstAndTheOthersInTheirOrder() {
        Map<String, String> own = new LinkedHashMap<>();
        own.put("z", "1");
        own.put("a", "2");
        assertEquals("%24.mid=m&z=1&a=2", write(Map.of(SystemProperty.MESSAGE_ID, "m"), own));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\ud83d", "\ude00", "a\ud83d", "\ud83dx", "\ude00\ud83d"})
    void refusesALoneSurrogate(String text) {
        assertEquals(-1, PropertyBag.encodedLength(flat(Map.of(), Map.of("k", text))));
        assertEquals(-1, PropertyBag.encodedLength(flat(Map.of(), Map.of(text, "v"))));
        assertEquals(-1, PropertyBag.encodedLength(flat(Map.of(SystemProperty.TO, text), Map.of())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "a=1/b=2 | {a=1}",
                "a=1/ | {a=1}",
                "?a=1 | {a=1}",
                "a | {a=}",
                "a&b=1 | {a=, b=1}",
                "a=1&a=2 | {a=2}",
                "a=1=2 | {a=1=2}",
                "=1&b=2 | {b=2}",
                "&&b=2& | {b=2}",
                "a=%zz&b=%4 | {a=%zz, b=%4}",
                "a=%C3%A9%25 | {a=é%}"
            })
    void readsWhatOthersWrite(String bag, String properties) {
        assertEquals(properties, PropertyBag.read(bag).properties().toString());
    }

    @Test
    void readsARealHubsTopic() {
        PropertyBag bag =
                PropertyBag.read("%24.mid=0a1b&%24.to=%2Fdevices%2FX%2Fmessages%2FdeviceBound&foo=bar&iothub-ack=none");
        assertEquals("/devices/X/messages/deviceBound", bag.system().get(SystemProperty.TO));
        assertEquals("none", bag.system().get(SystemProperty.ACK));
        assertEquals(Map.of("foo", "bar"), bag.properties());
    }

    private static String write(Map<SystemProperty, String> system, Map<String, String> properties) {
        FlatProperties flat = flat(system, properties);
        byte[] out = new byte[1 + Math.toIntExact(PropertyBag.encodedLength(flat))];
        assertEquals(out.length, PropertyBag.write(flat, out, 1));
        return new String(out, 1, out.length - 1, UTF_8);
    }

    private static FlatProperties flat(Map<SystemProperty, String> system, Map<String, String> properties) {
        Telemetry message = Telemetry.of(new byte[0]);
        for (Map.Entry<SystemProperty, String> entry : system.entrySet()) {
            message = message.system(entry.getKey(), entry.getValue());
        }
        for (Map.Entry<String, String> entry : properties.entrySet()) {
            message = message.property(entry.getKey(), entry.getValue());
        }
        FlatProperties flat = new FlatProperties();
        flat.set(message);
        return flat;
    }
}
