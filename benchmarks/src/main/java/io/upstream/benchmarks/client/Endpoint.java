// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Way;
import java.nio.file.Path;

/**
 * Where the sink is.
 *
 * @param trust a PEM file with the certificate authority to believe
 * @param proxyPort the loopback port of a CONNECT proxy to go through, or 0
 * @param window the most messages that will ever be unacknowledged, for clients that must be told
 */
public record Endpoint(Way way, String host, int port, Path trust, int proxyPort, int window) {

    /** A telemetry topic of an IoT Hub, with the three properties. */
    String topic(int identity) {
        return "devices/" + identity(identity) + "/messages/events/" + Properties.BAG;
    }

    String identity(int number) {
        return "bench-" + number;
    }

    /** The three application properties of each message. */
    static final class Properties {
        static final String[] NAMES = {"alert", "site", "unit"};
        static final String[] VALUES = {"false", "north-7", "celsius"};
        static final String BAG = "alert=false&site=north-7&unit=celsius";

        private Properties() {}
    }
}
