// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SessionStatistics;
import io.upstream.SessionStatistics.Connecting;
import io.upstream.SessionStatistics.Incoming;
import io.upstream.SessionStatistics.Outgoing;
import io.upstream.TransportStatistics;
import io.upstream.TransportStatistics.OfProtocol;
import io.upstream.TransportStatistics.Stage;
import io.upstream.TransportStatistics.Wire;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class UpstreamMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    /** Numbers that are all different. */
    private static TransportStatistics numbers(UpstreamProtocol... protocols) {
        SessionStatistics sessions = new SessionStatistics(
                new Outgoing(100, 80, 5, 4, 3, 8, 6, 7, 2_000, 90, Duration.ofMillis(1_600), 22),
                new Incoming(11, 12, 13, 23),
                new Connecting(
                        21,
                        14,
                        9,
                        8,
                        17,
                        Duration.ofSeconds(19),
                        15,
                        16,
                        Duration.ofMillis(25),
                        FailureKind.DNS,
                        Instant.EPOCH));
        Wire wire = new Wire(
                5,
                2,
                30,
                5_000,
                6_000,
                Map.of("tls", new Stage(4, Duration.ofMillis(200), Duration.ofMillis(80))),
                Map.of(FailureKind.PROXY_AUTH, 3L));
        return new TransportStatistics(Arrays.stream(protocols)
                .collect(Collectors.toMap(each -> each, each -> new OfProtocol(10, sessions, wire))));
    }

    /** Has numbers, and nothing else. */
    private static final class Scripted implements UpstreamTransport {
        private final CompletableFuture<Void> over = new CompletableFuture<>();
        private final UpstreamProtocol[] protocols;

        private Scripted(UpstreamProtocol... protocols) {
            this.protocols = protocols;
        }

        @Override
        public void networkChanged() {}

        @Override
        public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
            throw new UnsupportedOperationException();
        }

        @Override
        public TransportStatistics statistics() {
            return numbers(protocols);
        }

        @Override
        public CompletionStage<Void> close(Duration drain) {
            over.complete(null);
            return over;
        }

        @Override
        public CompletionStage<Void> whenClosed() {
            return over;
        }

        @Override
        public void close() {
            close(Duration.ZERO);
        }
    }

    private double count(String name, String... tags) {
        FunctionCounter found = registry.find(name).tags(tags).functionCounter();
        assertNotNull(found, name);
        return found.count();
    }

    private double gauge(String name, String... tags) {
        return registry.get(name).tags(tags).gauge().value();
    }

    @Test
    void eachMeterReadsItsOwnNumber() {
        try (Scripted transport = new Scripted(UpstreamProtocol.MQTT_WS)) {
            UpstreamMetrics.of(transport).bindTo(registry);
            assertEquals(100, count("upstream.messages.accepted", "protocol", "MqttWs"));
            assertEquals(80, count("upstream.messages.sent", "outcome", "acknowledged"));
            assertEquals(5, count("upstream.messages.sent", "outcome", "failed"));
            assertEquals(4, count("upstream.messages.sent", "outcome", "expired"));
            assertEquals(3, count("upstream.messages.sent", "outcome", "cancelled"));
            assertEquals(7, count("upstream.messages.sent", "outcome", "rejected"));
            assertEquals(8, gauge("upstream.outbox.size"));
            assertEquals(6, gauge("upstream.outbox.inflight"));
            assertEquals(90, gauge("upstream.outbox.bytes"));
            assertEquals(2_000, count("upstream.payload"));
            assertEquals(11, count("upstream.messages.received", "kind", "message"));
            assertEquals(12, count("upstream.messages.received", "kind", "method"));
            assertEquals(13, count("upstream.messages.received", "kind", "desired"));
            assertEquals(23, count("upstream.callbacks.failed"));
            assertEquals(22, count("upstream.outbox.stalls"));
            assertEquals(8, count("upstream.reconnects"));
            assertEquals(17, count("upstream.losses"));
            assertEquals(19, count("upstream.disconnected"));
            assertEquals(15, count("upstream.token.renewals", "outcome", "success"));
            assertEquals(16, count("upstream.token.renewals", "outcome", "failure"));
            assertEquals(0.025, gauge("upstream.keepalive.rtt"), 1e-9);
            assertEquals(1, gauge("upstream.failure.last", "kind", "dns"));
            assertEquals(0, gauge("upstream.failure.last", "kind", "reset"));
            assertEquals(10, gauge("upstream.sessions"));
            assertEquals(2, gauge("upstream.connections", "proxy", "true"));
            assertEquals(3, gauge("upstream.connections", "proxy", "false"));
            assertEquals(5_000, count("upstream.bytes", "direction", "sent"));
            assertEquals(6_000, count("upstream.bytes", "direction", "received"));
            assertEquals(30, count("upstream.connection.attempts"));
            assertEquals(3, count("upstream.connection.failures", "kind", "proxy_auth"));
            FunctionTimer tls = registry.get("upstream.connection.duration")
                    .tags("stage", "tls")
                    .functionTimer();
            assertEquals(4, tls.count());
            assertEquals(200, tls.totalTime(TimeUnit.MILLISECONDS), 1e-6);
            assertEquals(0.08, gauge("upstream.connection.duration.longest", "stage", "tls"), 1e-9);
            assertTrue(Double.isNaN(gauge("upstream.connection.duration.longest", "stage", "tunnel")));
            FunctionTimer send = registry.get("upstream.send.duration").functionTimer();
            assertEquals(80, send.count());
            assertEquals(20, send.mean(TimeUnit.MILLISECONDS), 1e-6);
        }
    }

    @Test
    void eachProtocolHasItsMetersAndTheIdentityIsNoTag() {
        try (Scripted transport = new Scripted(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS)) {
            UpstreamMetrics.of(transport).tags(Tags.of("site", "north")).bindTo(registry);
            assertEquals(
                    Set.of("Amqp", "AmqpWs"),
                    registry.getMeters().stream()
                            .map(meter -> meter.getId().getTag("protocol"))
                            .collect(Collectors.toSet()));
            for (Meter meter : registry.getMeters()) {
                assertEquals("north", meter.getId().getTag("site"));
                assertNull(meter.getId().getTag("device"));
            }
        }
    }

    @Test
    void theMetersGoWhenTheTransportIsClosed() {
        Scripted transport = new Scripted(UpstreamProtocol.MQTT);
        UpstreamMetrics.of(transport).bindTo(registry);
        assertFalse(registry.getMeters().isEmpty());
        transport.close();
        assertEquals(List.of(), registry.getMeters());
    }

    @Test
    void doesNotKeepATransportThatNobodyUsesAndKeepsItsLastNumbers() {
        WeakReference<Scripted> forgotten = bound();
        for (int i = 0; i < 200 && forgotten.get() != null; i++) {
            System.gc();
            Thread.onSpinWait();
        }
        assertNull(forgotten.get());
        assertEquals(100, count("upstream.messages.accepted"));
    }

    private WeakReference<Scripted> bound() {
        Scripted transport = new Scripted(UpstreamProtocol.MQTT);
        UpstreamMetrics.of(transport).bindTo(registry);
        return new WeakReference<>(transport);
    }

    /** Name, type, unit and tags, as the table has them. */
    private static String row(Meter meter) {
        String type = meter instanceof FunctionCounter
                ? "counter"
                : meter instanceof FunctionTimer ? "timer" : meter instanceof TimeGauge ? "time gauge" : "gauge";
        String unit = meter.getId().getBaseUnit();
        String tags = meter.getId().getTags().stream()
                .map(tag -> tag.getKey())
                .filter(key -> !key.equals("protocol"))
                .map(key -> "`" + key + "`")
                .collect(Collectors.joining(", "));
        return "`" + meter.getId().getName() + "` | " + type + " | " + (unit == null ? "–" : unit) + " | "
                + (tags.isEmpty() ? "–" : tags);
    }

    @Test
    void theDocumentationListsAllMetersAndNoOthers() throws Exception {
        Pattern line = Pattern.compile("\\| (`upstream[^|]*\\|[^|]*\\|[^|]*\\|[^|]*) \\|[^|]*\\|");
        Set<String> documented = Files.readAllLines(Path.of("../docs/observability.md")).stream()
                .map(line::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        try (Scripted transport = new Scripted(UpstreamProtocol.MQTT)) {
            UpstreamMetrics.of(transport).bindTo(registry);
            Set<String> registered = registry.getMeters().stream()
                    .map(UpstreamMetricsTest::row)
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(String.join("\n", registered), String.join("\n", documented));
        }
    }
}
