// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import io.upstream.emulator.relay.FaultRelay;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Carries bytes between whoever connects and the sink, on one thread, as the emulator's CONNECT proxy does once a tunnel is open; prints its
 * port as JSON and ends with its standard input. What Upstream loses to this is the price of another process on the same processors; what
 * it loses to the proxy beyond that is the price of its tunnel.
 */
final class RelayMain {
    private RelayMain() {}

    /** Argument: the sink's port. */
    public static void main(String[] args) throws IOException {
        InetSocketAddress sink = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
        FaultRelay relay = FaultRelay.to(sink).start();
        System.out.println("{\"port\":" + relay.port() + "}");
        while (System.in.read() >= 0) {
            // what is said does not matter, only that somebody is there to say it
        }
        System.exit(0);
    }
}
