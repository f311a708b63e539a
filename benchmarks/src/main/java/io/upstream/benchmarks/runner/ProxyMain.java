// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import io.upstream.emulator.proxy.ConnectProxy;
import java.io.IOException;

/** The emulator's CONNECT proxy as a process; prints its port as JSON and ends with its standard input. */
final class ProxyMain {
    private ProxyMain() {}

    public static void main(String[] args) throws IOException {
        try (ConnectProxy proxy = ConnectProxy.builder().start()) {
            System.out.println("{\"port\":" + proxy.address().getPort() + "}");
            while (System.in.read() >= 0) {
                // what is said does not matter, only that somebody is there to say it
            }
        }
    }
}
