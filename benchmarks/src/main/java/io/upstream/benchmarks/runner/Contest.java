// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import io.upstream.benchmarks.load.Way;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Clients that are compared with each other, in the order of the table. The names are those of {@code client.Clients}. */
@SuppressWarnings("ImmutableEnumChecker") // the lists are those of List.of
enum Contest {
    MQTT_TLS(
            Way.MQTT_TLS,
            List.of(256, 32, 1),
            "limit",
            "upstream",
            "upstream-inline",
            "hivemq",
            "paho",
            "azure",
            "azure-raised"),
    MQTT_WS(Way.MQTT_WS, List.of(256), "upstream", "hivemq", "paho", "azure"),
    AMQP_TLS(
            Way.AMQP_TLS,
            List.of(256, 32, 1),
            "limit",
            "upstream",
            "upstream-inline",
            "protonj2",
            "qpid-jms",
            "azure",
            "azure-raised"),
    AMQP_WS(Way.AMQP_WS, List.of(256), "upstream", "protonj2", "qpid-jms", "azure"),
    PROXY(Way.MQTT_TLS, List.of(256), "upstream", Contest.THROUGH_RELAY, Contest.THROUGH_PROXY),
    IDLE_MQTT(Way.MQTT_TLS, List.of(), "upstream", "hivemq", "paho", "azure"),
    IDLE_AMQP(Way.AMQP_TLS, List.of(), "upstream", "upstream-unshared", "protonj2", "qpid-jms", "azure");

    /** Upstream again, with another process in between that passes bytes on, of which Upstream knows nothing. */
    static final String THROUGH_RELAY = "upstream-relay";

    /** Upstream again, with a CONNECT proxy in between. */
    static final String THROUGH_PROXY = "upstream-proxy";

    private final Way way;
    private final List<Integer> windows;
    private final List<String> clients;

    Contest(Way way, List<Integer> windows, String... clients) {
        this.way = way;
        this.windows = windows;
        this.clients = List.of(clients);
    }

    /** As it is written on the command line and in files. */
    String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String title() {
        return switch (this) {
            case PROXY -> "MQTT over TLS through a CONNECT proxy";
            case IDLE_MQTT, IDLE_AMQP -> way.title() + ", idle";
            default -> way.title();
        };
    }

    Way way() {
        return way;
    }

    /** How many messages may be unacknowledged; none for contests in doing nothing. */
    List<Integer> windows() {
        return windows;
    }

    List<String> clients() {
        return clients;
    }

    boolean isIdle() {
        return windows.isEmpty();
    }

    static Contest of(String id) {
        return Arrays.stream(values())
                .filter(contest -> contest.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no contest '" + id + "', but "
                        + Arrays.stream(values()).map(Contest::id).toList()));
    }
}
