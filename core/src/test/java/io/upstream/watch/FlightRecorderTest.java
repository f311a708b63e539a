// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.AttemptListener;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightRecorderTest {
    private static final String CANARY = "canary-sig-in-a-text";
    private final UpstreamException failure =
            UpstreamException.of(FailureKind.PROXY_AUTH, new Where("tunnel", "proxy p:3128"), "refused: " + CANARY);

    @TempDir
    Path directory;

    private void play() {
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build()) {
            TransportWatch transport = new TransportWatch(UpstreamProtocol.MQTT_WS, runtime);
            SessionWatch session = transport.session(Identity.module("dev", "mod"), () -> 0);
            AttemptListener attempt = session.attempt();
            EmbeddedChannel channel = new EmbeddedChannel();
            attempt.begun();
            attempt.stage("resolve");
            attempt.connected(channel, ProxyServer.http(new HostPort("p", 3128)));
            attempt.stage("tunnel");
            attempt.over(failure);
            attempt.over(null); // the first counts
            session.planned(2, Duration.ofMillis(70), failure);
            session.lost(failure);
            session.tokenRenewed(Duration.ofMillis(30));
            session.tokenRenewalFailed(failure, Duration.ofSeconds(1));
            session.gap("desired changes");
            Ledger ledger = session.ledger();
            for (int i = 0; i < 50; i++) {
                ledger.note(Outcome.ACKNOWLEDGED, 77, Duration.ofSeconds(3).toNanos());
            }
            ledger.note(Outcome.ACKNOWLEDGED, 5, 1_000);
            channel.finishAndReleaseAll();
        }
    }

    private List<RecordedEvent> recorded() throws Exception {
        Path file = directory.resolve("flight.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            play();
            recording.stop();
            recording.dump(file);
        }
        assertFalse(Files.readString(file, StandardCharsets.ISO_8859_1).contains(CANARY));
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("io.upstream."))
                .toList();
    }

    /** P37: Flight Recorder. */
    @Test
    void recordsAttemptsStagesLossesPausesTokensGapsAndSlowSendsUnderOneCategory() throws Exception {
        List<RecordedEvent> events = recorded();
        Map<String, List<RecordedEvent>> byName = events.stream()
                .collect(Collectors.groupingBy(event -> event.getEventType().getName()));
        events.forEach(event -> {
            assertEquals(List.of("Upstream"), event.getEventType().getCategoryNames());
            assertNull(event.getStackTrace());
            assertFalse(event.toString().contains(CANARY), "P37: no text of a failure");
        });
        Function<String, RecordedEvent> first =
                name -> byName.get("io.upstream." + name).get(0);
        RecordedEvent attempt = first.apply("ConnectionAttempt");
        assertEquals("MqttWs", attempt.getString("protocol"));
        assertEquals("dev/mod", attempt.getString("identity"));
        assertEquals("p:3128", attempt.getString("proxy"));
        assertEquals("PROXY_AUTH", attempt.getString("failure"));
        assertEquals("tunnel", attempt.getString("failedStage"));
        assertFalse(attempt.getBoolean("connected"));
        assertEquals(
                List.of("plan", "resolve", "tunnel"),
                byName.get("io.upstream.ConnectionStage").stream()
                        .map(event -> event.getString("stage"))
                        .toList());
        assertEquals(2, first.apply("Reconnect").getInt("attempt"));
        assertEquals(Duration.ofMillis(70), first.apply("Reconnect").getDuration("pause"));
        assertEquals("PROXY_AUTH", first.apply("ConnectionLost").getString("failure"));
        assertEquals(2, byName.get("io.upstream.TokenRenewal").size());
        assertEquals("desired changes", first.apply("Gap").getString("subject"));
        assertEquals(77, first.apply("SlowSend").getInt("size"));
        assertEquals(Duration.ofSeconds(3), first.apply("SlowSend").getDuration("took"));
        assertTrue(byName.get("io.upstream.SlowSend").size() < 20, "sampled");
    }

    @Test
    void bearsThatNobodyRecords() {
        assertInstanceOf(FlightRecorder.class, Recorder.current());
        assertDoesNotThrow(this::play);
    }

    @Test
    void withoutTheModuleNothingIsRecordedAndNothingFails() {
        Recorder nowhere = new Recorder();
        assertNull(nowhere.beginAttempt());
        nowhere.endStage(nowhere.beginStage(), 1, "tls");
        nowhere.slowSend("Mqtt", Identity.device("d"), 1, 1);
    }
}
