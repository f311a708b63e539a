// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whole attempts through a scripted proxy, over sockets, with deadlines that a test can wait for. */
final class TunnelBench implements AutoCloseable {
    static final HostPort HUB = new HostPort("hub.invalid", 8883);
    static final UserPassword LOGIN = new UserPassword("Aladdin", "open sesame");
    static final String BASIC = "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
    static final String ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

    /** The attempt's own deadline, which none of the cases should need. */
    static final Duration BUDGET = Duration.ofSeconds(20);

    private static final int CUT_EVERYWHERE = 100;
    private static final int SAMPLES = 50;
    private static final int LONG = 4_000;
    private static final int FEW = 8;

    final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private final Supplier<ProxyMemory> memories;

    TunnelBench() {
        this(TunnelBench::newMemory);
    }

    /** @param memories what each attempt of a row begins with */
    TunnelBench(Supplier<ProxyMemory> memories) {
        this.memories = memories;
    }

    /**
     * One row of a table.
     *
     * @param name of the case in the list of faults
     * @param kind null if the tunnel opens
     * @param words that the message must hold
     * @param connections how many the proxy sees, 0 if that does not matter
     * @param requests likewise
     */
    record Case(
            String name,
            ProxyAuthentication login,
            List<Dialogue> dialogues,
            @Nullable FailureKind kind,
            String words,
            int connections,
            int requests,
            TunnelLimits limits) {

        static Case opens(String name, Dialogue... dialogues) {
            return new Case(name, ProxyAuthentication.NONE, List.of(dialogues), null, "", 0, 0, QUICK);
        }

        static Case fails(String name, FailureKind kind, String words, Dialogue... dialogues) {
            return new Case(name, ProxyAuthentication.NONE, List.of(dialogues), kind, words, 0, 0, QUICK);
        }

        Case by(ProxyAuthentication login) {
            return new Case(name, login, dialogues, kind, words, connections, requests, limits);
        }

        Case within(TunnelLimits limits) {
            return new Case(name, login, dialogues, kind, words, connections, requests, limits);
        }

        /** Over so many connections, with so many requests on them. */
        Case over(int connections, int requests) {
            return new Case(name, login, dialogues, kind, words, connections, requests, limits);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Long enough for a busy machine. */
    static final TunnelLimits QUICK =
            new TunnelLimits(Duration.ofSeconds(15), Duration.ofSeconds(15), Duration.ofSeconds(5), 64 << 10);

    /** For cases in which a deadline has to pass. */
    static final TunnelLimits SHORT =
            new TunnelLimits(Duration.ofMillis(300), Duration.ofMillis(300), Duration.ofMillis(150), 64 << 10);

    static ProxyAuthentication login() {
        return ProxyAuthentication.of(LOGIN);
    }

    /** Plays a case once, its texts in one write each. */
    void play(Case row) throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(row.dialogues())) {
            playCut(row, proxy, ScriptedProxy.WHOLE);
        }
    }

    /** Plays a case with its texts whole, byte by byte and cut at every index, long ones at some. */
    void playHoweverCut(Case row, int longest) throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(row.dialogues())) {
            playCut(row, proxy, ScriptedProxy.WHOLE);
            playCut(row, proxy, ScriptedProxy.BYTES);
            int step = longest <= CUT_EVERYWHERE ? 1 : longest / (longest <= LONG ? SAMPLES : FEW);
            for (int cut = 1; cut < longest; cut += step) {
                playCut(row, proxy, cut);
            }
        }
    }

    /** Plays a case with its texts whole, byte by byte and cut at some indexes: where what reads them has been cut everywhere elsewhere. */
    void playSomeCuts(Case row, int longest, int step) throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(row.dialogues())) {
            playCut(row, proxy, ScriptedProxy.WHOLE);
            playCut(row, proxy, ScriptedProxy.BYTES);
            for (int cut = 1; cut < longest; cut += step) {
                playCut(row, proxy, cut);
            }
        }
    }

    /** Plays a case with its texts cut at every index of their first {@code length} characters. */
    void playHeadCuts(Case row, int length) throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(row.dialogues())) {
            for (int cut = 1; cut < length; cut++) {
                playCut(row, proxy, cut);
            }
        }
    }

    private void playCut(Case row, ScriptedProxy proxy, int cut) throws Exception {
        proxy.restart(cut);
        ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), row.login());
        UpstreamException failure =
                attempt(server, new TunnelStage(server, HUB, memories.get(), row.limits()), List.of());
        String what = row.name() + ", cut at " + cut + ": " + (failure == null ? "open" : failure.getMessage());
        if (row.kind() == null) {
            assertNull(failure, what);
        } else {
            assertNotNull(failure, what);
            assertEquals(row.kind(), failure.kind(), what);
            assertTrue(failure.getMessage().contains(row.words()), what);
            assertEquals("tunnel", failure.stage(), what);
            assertEquals("proxy " + proxy.address(), failure.hop(), what);
        }
        if (row.connections() > 0) {
            assertEquals(row.connections(), proxy.connections(), what);
        }
        if (row.requests() > 0) {
            assertEquals(row.requests(), proxy.requests().size(), () -> what + " " + proxy.requests());
        }
    }

    static ProxyMemory newMemory() {
        return new ProxyMemory(List.of(new BasicScheme(), new PlainDigest()));
    }

    /** Null if the tunnel opens; it is closed then. */
    @Nullable
    UpstreamException attempt(ProxyServer server, ConnectStage tunnel, List<ConnectStage> above) throws Exception {
        ConnectAttempt attempt = start(server, tunnel, above);
        try {
            Channel channel = attempt.outcome().toCompletableFuture().get(30, TimeUnit.SECONDS);
            assertNull(channel.pipeline().get(PipelineNames.TUNNEL));
            channel.close().sync();
            return null;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UpstreamException failure) {
                return failure;
            }
            throw e;
        }
    }

    ConnectAttempt start(ProxyServer server, ConnectStage tunnel, List<ConnectStage> above) {
        return ConnectAttempt.start(runtime, BUDGET, () -> {
            ConnectPlan plan = ConnectPlan.to(HUB).through(server, List.of(tunnel));
            for (ConnectStage stage : above) {
                plan = plan.then(stage);
            }
            return plan;
        });
    }

    @Override
    public void close() {
        runtime.close();
    }
}
