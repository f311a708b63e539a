// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import io.micrometer.core.instrument.Tags;
import io.upstream.FailureKind;
import io.upstream.TransportStatistics;
import io.upstream.TransportStatistics.OfProtocol;
import io.upstream.TransportStatistics.Stage;
import io.upstream.TransportStatistics.Wire;
import io.upstream.UpstreamProtocol;
import java.time.Duration;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The meters of the connections of one protocol. */
record WireMeters(MeterSet<TransportStatistics> meters, UpstreamProtocol protocol) {
    /** All layers that there are. */
    static final List<String> STAGES =
            List.of("plan", "resolve", "tcp", "proxy-tls", "tunnel", "socks", "tls", "websocket", "mqtt", "amqp");

    private static final Stage NEVER = new Stage(0, Duration.ZERO, Duration.ZERO);

    void register() {
        meters.gauge(
                "upstream.sessions",
                "sessions",
                "Sessions that are not closed",
                Tags.empty(),
                numbers -> of(numbers).openSessions());
        connections("false", wire -> wire.open() - wire.openThroughProxy());
        connections("true", Wire::openThroughProxy);
        bytes("sent", Wire::bytesSent);
        bytes("received", Wire::bytesReceived);
        meters.counter(
                "upstream.connection.attempts",
                "attempts",
                "Attempts at a connection",
                Tags.empty(),
                wire(Wire::attempts));
        for (FailureKind kind : FailureKind.values()) {
            meters.counter(
                    "upstream.connection.failures",
                    "attempts",
                    "Attempts that failed, by the kind of failure",
                    Kinds.tag(kind),
                    wire(wire -> wire.failures().getOrDefault(kind, 0L)));
        }
        STAGES.forEach(this::stage);
    }

    private void connections(String throughProxy, ToLongFunction<Wire> value) {
        meters.gauge(
                "upstream.connections",
                "connections",
                "Open sockets, by whether they lead through a proxy",
                Tags.of("proxy", throughProxy),
                wire(value));
    }

    private void bytes(String direction, ToLongFunction<Wire> value) {
        meters.counter(
                "upstream.bytes",
                "bytes",
                "Bytes on the wire, all layers above TCP included",
                Tags.of("direction", direction),
                wire(value));
    }

    private void stage(String name) {
        Tags tag = Tags.of("stage", name);
        meters.timer(
                "upstream.connection.duration",
                "How long a layer took to be established, or to fail",
                tag,
                numbers -> stage(numbers, name).count(),
                numbers -> stage(numbers, name).time());
        meters.duration(
                "upstream.connection.duration.longest",
                "The longest that a layer took since the transport was made",
                tag,
                numbers -> longest(numbers, name));
    }

    private @Nullable Duration longest(TransportStatistics numbers, String name) {
        Stage stage = stage(numbers, name);
        return stage.count() == 0 ? null : stage.longest();
    }

    private Stage stage(TransportStatistics numbers, String name) {
        return of(numbers).wire().stages().getOrDefault(name, NEVER);
    }

    private ToLongFunction<TransportStatistics> wire(ToLongFunction<Wire> value) {
        return numbers -> value.applyAsLong(of(numbers).wire());
    }

    private OfProtocol of(TransportStatistics numbers) {
        OfProtocol found = numbers.protocols().get(protocol);
        if (found == null) {
            throw new IllegalStateException("a transport does not lose a protocol: " + protocol);
        }
        return found;
    }
}
