// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.HostPort;
import io.upstream.testing.Mutants;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever stands in a list of exceptions, for whatever host: no exception; each item counts for itself, so that one that is odd neither
 * hides another nor opens a way past the proxy.
 */
class NoProxyFuzzTest {
    static Stream<byte[]> seeds() {
        return Stream.of(
                        "hub.test\n.test,*.example.com:443 , 10.0.0.0/8;[::1]:80|<local>",
                        "10.1.2.3\n10.0.0.0/33,10.0.0.0/8,::ffff:10.0.0.0/104",
                        "fe80::1%eth0\nfe80::/10,[fe80::1]",
                        "a.b.\nhttp://user@b:80/x,*b*,*.b,b*",
                        "b\u00fccher.test\nxn--bcher-kva.test,B\u00dcCHER.TEST,*")
                .map(text -> text.getBytes(UTF_8));
    }

    /** The first line is the host. */
    @MethodSource("seeds")
    @FuzzTest
    void judgesAnyHostByAnyList(byte[] input) {
        String[] parts = new String(input, UTF_8).split("\n", 2);
        HostPort target;
        try {
            target = new HostPort(parts[0], 443);
        } catch (IllegalArgumentException e) {
            return;
        }
        String list = parts.length > 1 ? parts[1] : "";
        boolean past = NoProxy.parse(list).itemFor(target).isPresent();
        boolean anyItem = NoProxy.parse("").itemFor(target).isPresent();
        for (String item : list.split("[,;|\\s]+", 64)) {
            anyItem |= NoProxy.parse(item).itemFor(target).isPresent();
        }
        assertEquals(anyItem, past, "the list and its items disagree");
        assertTrue(NoProxy.parse(list + " *").itemFor(target).isPresent());
        assertTrue(NoProxy.nothing().itemFor(target).isEmpty());
    }

    @Test
    void judgesByMutantsOfLists() {
        Mutants.feed(seeds(), 5_000, this::judgesAnyHostByAnyList);
    }
}
