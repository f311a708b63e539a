// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.ProxyServer;
import io.upstream.testing.Mutants;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is named as proxy: a server whose address reads the same again, or the documented exception, and never a password in a text. */
class ProxyUrlFuzzTest {
    /** Stands in the inputs where a password may; a text that shows the password then shows this. */
    private static final String SECRET = "c2VjcmV0-canary";

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "http://user:PASS@proxy.test:3128/",
                        "http://us%40er:PASS%2f%zz@[fe80::1%25eth0]:8080",
                        " 'proxy.test' ",
                        "direct://",
                        "https://PASS@proxy.test/?x#y",
                        "HTTP://b\u00fccher.test.:80",
                        "socks5h://a:PASS@1.2.3.4:1080",
                        "[::ffff:10.0.0.1]:65536")
                .map(text -> text.getBytes(UTF_8));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAnyTextOrRefusesItWithoutRepeatingIt(byte[] input) {
        String text = new String(input, UTF_8).replace("PASS", SECRET);
        ProxyUrl url;
        try {
            url = ProxyUrl.parse(text);
        } catch (IllegalArgumentException e) {
            assertFalse(String.valueOf(e.getMessage()).contains(SECRET), e::getMessage);
            return;
        }
        url.warnings().forEach(warning -> assertFalse(warning.contains(SECRET), warning));
        url.server().ifPresent(ProxyUrlFuzzTest::check);
    }

    @Test
    void readsMutantsOfUrls() {
        Mutants.feed(seeds(), 10_000, this::readsAnyTextOrRefusesItWithoutRepeatingIt);
    }

    private static void check(ProxyServer server) {
        String address = server.address().toString();
        assertTrue(server.address().port() >= 1 && server.address().port() <= 65_535);
        if (server.authentication().userPassword() != null && !address.contains(SECRET)) {
            assertFalse(server.toString().contains(SECRET), "a password in the text form");
        }
        if (address.indexOf('%') < 0) { // a zone is written in two ways
            assertEquals(
                    server.address(),
                    ProxyUrl.parse("http://" + address).server().orElseThrow().address());
        }
    }
}
