// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class SocketsTest {
    private static final String REMOTE = Sockets.remote(new byte[] {127, 2, 3, 7}, 5_671);

    @Test
    void writesAnAddressAsTheKernelDoes() {
        assertEquals("0703027F:1627", REMOTE);
    }

    @Test
    void countsEstablishedConnectionsToTheAddressOnly() {
        List<String> lines = List.of(
                "  sl  local_address rem_address   st tx_queue rx_queue",
                "   0: 0100007F:9C40 0703027F:1627 01 00000000:00000000",
                "   1: 0000000000000000FFFF00000100007F:9C41 0000000000000000FFFF00000703027F:1627 01 00000000:00000000",
                "   2: 0100007F:9C42 0703027F:1627 06 00000000:00000000",
                "   3: 0703027F:1627 0100007F:9C40 01 00000000:00000000");
        assertEquals(2, Sockets.count(lines, REMOTE));
    }
}
