// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.channel.EventLoopGroup;
import io.upstream.ConnectionString;
import io.upstream.Identity;
import io.upstream.Reconnect;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.relay.Direction;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** A transport whose connections die again and again, and the hub behind it. Confined to one thread. */
final class ReconnectScene implements AutoCloseable {
    private static final String DEVICE = "restless";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** The pauses are what an embedder may choose; nothing is skipped. */
    private static final Reconnect AT_ONCE = new Reconnect(Duration.ofMillis(1), Duration.ofMillis(10));

    private static final int CONNECTS_PER_SECOND = 10_000;
    private static final byte[] PAYLOAD = new byte[200];

    private final RandomGenerator random;
    private final Servers servers;
    private final UpstreamRuntime runtime;
    private final UpstreamTransport transport;

    private ReconnectScene(RandomGenerator random, Servers servers) {
        this.random = random;
        this.servers = servers;
        servers.hub.addDevice(DEVICE);
        runtime = UpstreamRuntime.builder()
                .threads(1)
                .connectsPerSecond(CONNECTS_PER_SECOND)
                .build();
        transport = UpstreamTransport.create(options(servers), runtime);
    }

    static ReconnectScene of(Column column, long seed, Path directory) throws IOException {
        RandomGenerator random = new SplittableRandom(seed);
        Servers servers = new Servers(column, Set.of(), random, directory, Servers.Memory.SHORT);
        try {
            return new ReconnectScene(random, servers);
        } catch (RuntimeException e) {
            servers.close();
            throw e;
        }
    }

    private static UpstreamOptions options(Servers servers) {
        return UpstreamOptions.forHub(Servers.HOST)
                .protocol(servers.protocol())
                .port(servers.port())
                .proxy(target -> java.util.List.of(servers.route()))
                .trust(Trust.systemAnd(servers.hub.trustBundle()))
                .connectTimeout(LIMIT)
                .operationTimeout(LIMIT)
                .reconnect(AT_ONCE)
                .build();
    }

    EventLoopGroup loops() {
        return runtime.unwrap(EventLoopGroup.class);
    }

    /** With {@code comings} told of its life. */
    UpstreamSession open(Comings comings) throws Exception {
        UpstreamSession session = open();
        session.onStatus(comings::told);
        return session;
    }

    private UpstreamSession open() throws Exception {
        var credentials =
                ConnectionString.parse(servers.hub.connectionString(DEVICE)).credentials();
        return get(transport.open(Identity.device(DEVICE), credentials));
    }

    /** Opens a session, sends a message and closes it. */
    void visit() throws Exception {
        UpstreamSession session = open();
        get(session.send(message()));
        get(session.close(LIMIT));
    }

    /** Ends the connection and waits until the session is back and a message sent since is acknowledged. */
    void kill(UpstreamSession session, Comings comings, Death death) throws Exception {
        int count = comings.losses() + 1;
        switch (death) {
            case RESET -> servers.near.cutAll(Ending.RST);
            case END -> servers.near.cutAll(Ending.FIN);
            case MIDST -> {
                servers.near.cutAfter(Direction.UP, 1 + random.nextInt(PAYLOAD.length), Ending.RST);
                CompletionStage<Void> caught = session.send(message());
                comings.awaitLosses(count, LIMIT.toMillis());
                servers.near.heal();
                get(caught);
            }
            case SHUT_DOWN -> servers.hub.inject(DEVICE, Fault.now(FaultKind.SHUT_DOWN));
            case KILLED -> servers.hub.inject(DEVICE, Fault.now(FaultKind.KILL_CONNECTION));
        }
        comings.awaitLosses(count, LIMIT.toMillis());
        get(session.send(message()));
        comings.awaitReturns(count, LIMIT.toMillis());
    }

    private static Telemetry message() {
        return Telemetry.of(PAYLOAD);
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /** Closes the client's side, and tells what it has left. */
    Evidence.Left closeClient() throws IOException, InterruptedException {
        transport.close();
        runtime.close();
        return Leftovers.of(servers.near.port());
    }

    @Override
    public void close() {
        transport.close(Duration.ZERO); // without effect unless something went wrong before
        runtime.close();
        servers.close();
    }
}
