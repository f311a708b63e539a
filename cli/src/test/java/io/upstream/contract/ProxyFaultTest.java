// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Phase;
import io.upstream.ProxyServer;
import io.upstream.Reconnect;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.proxy.Misbehaviour;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

/** What proxies do to tunnels that stand: all four protocols at once, through one proxy. */
@ExtendWith(Site.AtHand.class)
class ProxyFaultTest {
    private static final Reconnect SOON_AGAIN = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    private final List<UpstreamTransport> transports = new ArrayList<>();
    private final List<Traveller> travellers = new ArrayList<>();
    private Site site;
    private ConnectProxy proxy;

    @BeforeEach
    void start(Site atHand) throws IOException {
        site = atHand;
        proxy = ConnectProxy.builder().start();
    }

    @AfterEach
    void stop() {
        transports.forEach(UpstreamTransport::close);
        proxy.close();
    }

    /** A session, and what its status was since the last look. */
    private record Traveller(Subject subject, UpstreamSession session, BlockingQueue<SessionStatus> told) {
        /** The next time that its connection is lost. */
        UpstreamException loss() throws InterruptedException {
            SessionStatus status = SessionContract.next(told);
            assertEquals(Phase.RECONNECTING, status.phase(), session.protocol().wireName());
            UpstreamException cause = status.cause();
            assertNotNull(cause);
            return cause;
        }

        /** Also after attempts that failed. */
        void awaitReturn() throws InterruptedException {
            while (SessionContract.next(told).phase() != Phase.CONNECTED) {
                assertTrue(session.status().phase() != Phase.CLOSED);
            }
        }
    }

    private void openAll(UnaryOperator<UpstreamOptions.Builder> more) throws Exception {
        HostPort address = new HostPort("127.0.0.1", proxy.address().getPort());
        List<Subject> subjects = new ArrayList<>();
        List<CompletionStage<UpstreamSession>> opening = new ArrayList<>();
        for (UpstreamProtocol protocol : UpstreamProtocol.values()) {
            Subject subject = site.newSubject(Speaker.Role.DEVICE);
            UpstreamOptions.Builder options =
                    site.options(protocol).reconnect(SOON_AGAIN).proxy(target -> List.of(ProxyServer.http(address)));
            UpstreamTransport transport =
                    UpstreamTransport.create(more.apply(options).build(), site.runtime);
            transports.add(transport);
            subjects.add(subject);
            opening.add(transport.open(subject.identity(), subject.credentials()));
        }
        for (int i = 0; i < subjects.size(); i++) {
            Traveller each =
                    new Traveller(subjects.get(i), SessionContract.get(opening.get(i)), new LinkedBlockingQueue<>());
            each.session.onStatus(each.told::add);
            travellers.add(each);
        }
    }

    private void sendsAgain() throws Exception {
        for (Traveller each : travellers) {
            SessionContract.get(each.session.send(Telemetry.json("1")));
        }
    }

    /** P12: through a proxy that has forgotten the tunnel. */
    @Test
    @DisplayName("F136 idle-kill-silent")
    void findOutByTheirKeepAliveThatATunnelIsDead() throws Exception {
        proxy.misbehave(new Misbehaviour.DropWhenIdle(Duration.ofSeconds(2)));
        long start = System.nanoTime();
        openAll(options -> options.keepAlive(Duration.ofSeconds(3)).keepAlivePatience(Duration.ofSeconds(2)));
        proxy.misbehave(); // the next ones are good
        for (Traveller each : travellers) {
            assertEquals(Phase.CONNECTED, SessionContract.next(each.told).phase());
            UpstreamException cause = each.loss();
            assertEquals(
                    FailureKind.TIMEOUT, cause.kind(), each.session.protocol().wireName());
            assertTrue(cause.getMessage().contains("gave no sign of life for "), cause.getMessage());
            assertTrue(cause.hop().contains("through proxy"), cause.hop());
        }
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(12).toNanos());
        for (Traveller each : travellers) {
            each.awaitReturn();
        }
        sendsAgain();
    }

    @Test
    @DisplayName("F137 idle-kill-fin")
    void comeBackAsOftenAsAProxyEndsIdleTunnels() throws Exception {
        proxy.misbehave(new Misbehaviour.CutWhenIdle(Duration.ofSeconds(2), Ending.FIN));
        openAll(options -> options);
        for (Traveller each : travellers) {
            assertEquals(Phase.CONNECTED, SessionContract.next(each.told).phase());
            for (int i = 0; i < 2; i++) {
                UpstreamException cause = each.loss();
                assertTrue(
                        EnumSet.of(FailureKind.CLOSED_BY_PEER, FailureKind.RESET)
                                .contains(cause.kind()),
                        cause.toString());
                assertTrue(cause.isTransient());
                each.awaitReturn();
            }
        }
        proxy.misbehave();
        proxy.cutAll();
        sendsAgain();
    }

    @Test
    @DisplayName("F138 lifetime-cap")
    void loseNothingAndMakeNoFussWhenAProxyCapsTheLifeOfTunnels() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.upstream");
        Level before = logger.getLevel();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(log);
        try {
            proxy.misbehave(new Misbehaviour.CutAtAge(Duration.ofMillis(2_500), Ending.FIN));
            openAll(options -> options);
            int count = sendWhileEachIsLostTwice();
            for (Traveller each : travellers) {
                assertEquals(
                        count,
                        distinct(each, count).size(),
                        each.session.protocol().wireName());
            }
        } finally {
            logger.detachAppender(log);
            logger.setAdditive(true);
            logger.setLevel(before);
        }
        assertQuiet(List.copyOf(log.list));
    }

    private int sendWhileEachIsLostTwice() throws Exception {
        int count = 0;
        while (travellers.stream().anyMatch(each -> losses(each) < 2)) {
            List<CompletionStage<Void>> sends = new ArrayList<>();
            for (Traveller each : travellers) {
                sends.add(each.session.send(Telemetry.json(String.valueOf(count))));
            }
            for (CompletionStage<Void> each : sends) {
                SessionContract.get(each);
            }
            count++;
        }
        return count;
    }

    private static long losses(Traveller traveller) {
        return traveller.told.stream()
                .filter(status -> status.phase() == Phase.RECONNECTING)
                .count();
    }

    /** A message whose answer got lost was sent twice. */
    private Set<String> distinct(Traveller traveller, int count) throws Exception {
        Set<String> texts = new LinkedHashSet<>();
        site.hub
                .awaitTelemetry(traveller.subject.device(), count, SessionContract.SOON)
                .forEach(each -> texts.add(SessionContract.text(each.message().body())));
        return texts;
    }

    /** Each change of a session's phase, and nothing else. */
    private void assertQuiet(List<ILoggingEvent> events) {
        List<String> lines = events.stream()
                .filter(event -> !event.getLoggerName().startsWith("io.upstream.emulator"))
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
        assertTrue(lines.stream().allMatch(line -> line.startsWith("INFO ")), lines.toString());
        int changes = travellers.stream().mapToInt(each -> each.told.size()).sum();
        assertTrue(lines.size() <= changes + travellers.size(), lines.size() + " lines: " + lines);
    }
}
