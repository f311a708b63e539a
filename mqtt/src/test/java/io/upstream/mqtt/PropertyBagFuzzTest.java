// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.frame.FlatProperties;
import io.upstream.testing.Mutants;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever stands at the end of a topic: properties without an exception, which are the same when written and read again. */
class PropertyBagFuzzTest {
    static Stream<byte[]> seeds() {
        return Stream.of(
                        "%24.mid=1&%24.ct=application%2Fjson&a=b&c=%F0%9F%98%80",
                        "?a=1&a=2&=x&b&%zz=%&iothub-ack=full/tail",
                        "$.to=%2Fdevices%2Fd&$.exp=2026-11-22T00%3A00%3A00Z&k+1=a+b",
                        "%24.cdid=d&$.cmid=m&%24.on=out",
                        "\u00e9=\u20ac&%C3%28=%ED%A0%80")
                .map(text -> text.getBytes(UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAgainWhatItWrote(byte[] input) {
        PropertyBag bag = PropertyBag.read(new String(input, UTF_8));
        bag.system().remove(SystemProperty.CONNECTION_DEVICE_ID); // read only
        bag.system().remove(SystemProperty.CONNECTION_MODULE_ID);
        String written = write(bag);
        assertEquals(bag, PropertyBag.read(written));
        assertEquals(written, write(PropertyBag.read(written)));
        assertTrue(written.chars().allMatch(c -> c > ' ' && c < 0x7F && "/#+".indexOf(c) < 0), written);
    }

    @Test
    void readsAgainMutantsOfBags() {
        Mutants.feed(seeds(), 10_000, this::readsAgainWhatItWrote);
    }

    private static String write(PropertyBag bag) {
        Telemetry message = Telemetry.of(new byte[0]);
        for (Map.Entry<SystemProperty, String> entry : bag.system().entrySet()) {
            message = message.system(entry.getKey(), entry.getValue());
        }
        for (Map.Entry<String, String> entry : bag.properties().entrySet()) {
            message = message.property(entry.getKey(), entry.getValue());
        }
        FlatProperties flat = new FlatProperties();
        flat.set(message);
        byte[] out = new byte[Math.toIntExact(PropertyBag.encodedLength(flat))];
        assertEquals(out.length, PropertyBag.write(flat, out, 0));
        return new String(out, UTF_8);
    }
}
