// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import java.util.Map;
import java.util.Set;

/**
 * Where the WebSocket door leads in.
 *
 * @param paths as clients write them, percent-encoded or not
 * @param heads by the exact name of their subprotocol
 */
public record Entrance(Set<String> paths, Map<String, ProtocolHead> heads) {
    /** Where clients of a hub come in. */
    public static final String HUB = "/$iothub/websocket";

    private static final String HUB_ENCODED = "/%24iothub/websocket";

    /** Takes copies. */
    public Entrance {
        paths = Set.copyOf(paths);
        heads = Map.copyOf(heads);
    }

    /** The hub's. */
    public static Entrance hub(Map<String, ProtocolHead> heads) {
        return new Entrance(Set.of(HUB, HUB_ENCODED), heads);
    }

    /**
     * The provisioning service's, which asks for a subprotocol only: {@code /} is the path of Microsoft's .NET client, {@code /mqtt} that of
     * its Java client. Both also come in by the hub's.
     */
    public static Entrance provisioning(Map<String, ProtocolHead> heads) {
        return new Entrance(Set.of("/", "/mqtt"), heads);
    }
}
