// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.testing.Mutants;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is given as connection string: one that reads the same in any order, or the documented exception; never the key in a text. */
class ConnectionStringFuzzTest {
    private static final String SECRET = "c2VjcmV0Y2FuYXJ5c2VjcmV0Y2FuYXJ5c2VjcmV0Y2F";

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=KEY=",
                        "hostname=h;deviceid=d=1;ModuleId=m;SharedAccessKey=KEY;GatewayHostName=edge ",
                        "HostName=h;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=h%2Fd&sig=KEY&se=99",
                        "HostName=h;DeviceId=d SharedAccessKey=KEY",
                        "HostName=h;DeviceId=d;" + SECRET + "=",
                        "HostName=h;DeviceId=d;x509=true",
                        ";;HostName = h ; DeviceId = d ; SharedAccessKey = KEY ;",
                        "HostName=h;DeviceId=d;SharedAccessKeyName=n;SharedAccessKey=KEY;Odd=1")
                .map(text -> text.getBytes(UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAnyTextOrRefusesItWithoutItsKey(byte[] input) {
        String text = new String(input, UTF_8).replace("=KEY", "=" + SECRET);
        ConnectionString read;
        try {
            read = ConnectionString.parse(text);
        } catch (IllegalArgumentException e) {
            assertFalse(String.valueOf(e.getMessage()).contains(SECRET), e::getMessage);
            return;
        }
        assertFalse(read.hubHost().isEmpty());
        String shown = read.credentials().toString();
        assertFalse(shown.contains(SECRET), shown);
        ConnectionString again = ConnectionString.parse(";" + text + "; ;");
        assertEquals(read.hubHost(), again.hubHost());
        assertEquals(read.identity(), again.identity());
        assertEquals(read.gatewayHost(), again.gatewayHost());
    }

    @Test
    void readsMutantsOfConnectionStrings() {
        Mutants.feed(seeds(), 10_000, this::readsAnyTextOrRefusesItWithoutItsKey);
    }
}
