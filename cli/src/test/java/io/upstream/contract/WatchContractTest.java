// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.upstream.Reconnect;
import io.upstream.SessionStatistics;
import io.upstream.SessionStatistics.Outgoing;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.TransportStatistics.Wire;
import io.upstream.UpstreamEvent;
import io.upstream.UpstreamEvent.AttemptEnded;
import io.upstream.UpstreamEvent.Connected;
import io.upstream.UpstreamEvent.Family;
import io.upstream.UpstreamEvent.Lost;
import io.upstream.UpstreamEvent.ReconnectPlanned;
import io.upstream.UpstreamEvent.Stage;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.proxy.ProxySettings;
import io.upstream.testing.SecretScan;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** What can be seen of a session at work is the same for all protocols. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#devices")
class WatchContractTest extends SessionContract {
    private static final Reconnect SOON_AGAIN = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));
    private static final String PAYLOAD = "the-payload-is-nobodys-business";

    private static void assertReconciled(Outgoing books) {
        assertEquals(
                books.accepted(),
                books.acknowledged() + books.failed() + books.expired() + books.cancelled() + books.pending());
    }

    /** P40: also after the end. */
    @Test
    void p40CountsWhatWasSentAndWhatCameAlsoAfterTheEnd() throws Exception {
        UpstreamTransport transport = transport(options -> options, site.runtime);
        UpstreamSession session = open(transport, subject);
        CountDownLatch came = new CountDownLatch(1);
        get(session.onMessage(message -> {
            came.countDown();
            return CompletableFuture.completedFuture(Settlement.COMPLETE);
        }));
        subject.send("hello");
        for (int i = 0; i < 20; i++) {
            get(session.send(Telemetry.json("" + i)));
        }
        assertTrue(came.await(20, TimeUnit.SECONDS));
        Outgoing books = session.statistics().outgoing();
        assertReconciled(books);
        assertEquals(20, books.accepted());
        assertEquals(20, books.acknowledged());
        assertEquals(30, books.acknowledgedBytes());
        assertEquals(1, session.statistics().incoming().messages());
        assertFalse(books.acknowledgedAfter().isZero());

        get(session.close(Duration.ofSeconds(5)));
        SessionStatistics former = transport.statistics().sessions();
        assertEquals(20, former.outgoing().acknowledged(), "closed sessions stay counted");
        assertEquals(1, former.connecting().connections());
        Wire wire = transport.statistics().protocols().get(speaker.protocol()).wire();
        assertTrue(wire.bytesSent() > 1_000 && wire.bytesReceived() > 1_000, wire::toString);
        assertEquals(1, wire.attempts());
        assertTrue(wire.stages().keySet().containsAll(List.of("plan", "resolve", "tcp", "tls")), wire::toString);
        assertEquals(
                0, transport.statistics().protocols().get(speaker.protocol()).openSessions());
    }

    @Test
    void tellsAnObserverOfTheAttemptThroughTheProxyTheLossAndTheReturn() throws Exception {
        BlockingQueue<UpstreamEvent> events = new LinkedBlockingQueue<>();
        try (UpstreamRuntime runtime =
                UpstreamRuntime.builder().threads(1).observer(events::add).build()) {
            UpstreamTransport transport = transport(
                    options -> options.proxy(ProxySettings.fromUrl(site.proxy.url()))
                            .reconnect(SOON_AGAIN),
                    runtime);
            UpstreamSession session = open(transport, subject);
            AttemptEnded attempt = await(events, AttemptEnded.class);
            assertNull(attempt.failure());
            assertNotNull(attempt.proxy());
            assertEquals(Family.IPV4, attempt.family());
            List<String> stages = attempt.stages().stream().map(Stage::name).toList();
            assertTrue(stages.containsAll(List.of("plan", "resolve", "tcp", "tunnel", "tls")), stages::toString);
            assertEquals(speaker.protocol().name().endsWith("_WS"), stages.contains("websocket"));
            assertEquals(1, await(events, Connected.class).number());
            assertEquals(
                    1,
                    transport
                            .statistics()
                            .protocols()
                            .get(speaker.protocol())
                            .wire()
                            .openThroughProxy());

            site.proxy.cutAll();
            assertNotNull(await(events, Lost.class).cause());
            ReconnectPlanned planned = await(events, ReconnectPlanned.class);
            assertEquals(1, planned.attempt());
            assertFalse(planned.pause().isNegative(), planned::toString);
            assertNotNull(planned.cause());
            assertEquals(2, await(events, Connected.class).number());
            get(session.send(Telemetry.json("1")));
            assertEquals(1, session.statistics().connecting().reconnects());
            transport.close();
        }
        events.forEach(event -> SecretScan.look("an event", event.toString()));
    }

    private static <T> T await(BlockingQueue<UpstreamEvent> events, Class<T> kind) throws InterruptedException {
        long before = 0;
        while (true) {
            UpstreamEvent event = next(events);
            assertTrue(event.sequence() > before, "in order");
            before = event.sequence();
            SecretScan.look("an event", event.toString());
            if (kind.isInstance(event.what())) {
                return kind.cast(event.what());
            }
        }
    }

    /** P37: the wire trace. */
    @Test
    void p37TheWireTraceShowsFramesAndNoSecretNorPayload() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.upstream.wire");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setLevel(Level.TRACE);
        boolean additive = logger.isAdditive();
        logger.setAdditive(false);
        try {
            UpstreamSession session = open(options -> options.proxy(ProxySettings.fromUrl(site.proxy.url())));
            get(session.send(Telemetry.json("\"" + PAYLOAD + "\"").property("name", PAYLOAD)));
            get(session.close(Duration.ofSeconds(5)));
        } finally {
            logger.setLevel(null);
            logger.setAdditive(additive);
            logger.detachAppender(lines);
        }
        List<String> text = List.copyOf(lines.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
        String all = String.join("\n", text);
        SecretScan.look("the trace", all);
        assertFalse(all.contains(PAYLOAD), all);
        assertFalse(all.contains("sig="), all);
        assertTrue(all.contains("> tunnel CONNECT ") && all.contains("< tunnel HTTP/1.1 200"), all);
        assertTrue(all.contains(speaker.isMqtt() ? "> MQTT CONNECT level=4" : "> AMQP channel=0 open"), all);
        assertTrue(all.contains(speaker.isMqtt() ? "< MQTT PUBACK id=1" : " disposition receiver=true"), all);
        assertEquals(speaker.protocol().name().endsWith("_WS"), all.contains("< WebSocket HTTP/1.1 101"), all);
    }
}
