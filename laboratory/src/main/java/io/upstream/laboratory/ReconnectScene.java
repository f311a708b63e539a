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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
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
    private static final int SIZE = 200;

    private final RandomGenerator random;
    private final Servers servers;
    private final UpstreamRuntime runtime;
    private final UpstreamTransport transport;
    private int sent;

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
        acknowledged(session);
        get(session.close(LIMIT));
    }

    /** Ends the connection and waits until the session is back and a message sent since is acknowledged. */
    void kill(UpstreamSession session, Comings comings, Death death) throws Exception {
        int count = comings.losses() + 1;
        switch (death) {
            case RESET -> servers.near.cutAll(Ending.RST);
            case END -> servers.near.cutAll(Ending.FIN);
            case MIDST -> {
                servers.near.cutAfter(Direction.UP, 1 + random.nextInt(SIZE), Ending.RST);
                int number = ++sent;
                CompletionStage<Void> caught = session.send(message(number));
                comings.awaitLosses(count, LIMIT.toMillis());
                servers.near.heal();
                get(caught);
                assertArrived(number);
            }
            case SHUT_DOWN -> servers.hub.inject(DEVICE, Fault.now(FaultKind.SHUT_DOWN));
            case KILLED -> servers.hub.inject(DEVICE, Fault.now(FaultKind.KILL_CONNECTION));
        }
        comings.awaitLosses(count, LIMIT.toMillis());
        acknowledged(session);
        comings.awaitReturns(count, LIMIT.toMillis());
    }

    /** Sends a message; when it is acknowledged the hub must have it. */
    private void acknowledged(UpstreamSession session) throws Exception {
        int number = ++sent;
        get(session.send(message(number)));
        assertArrived(number);
    }

    private static Telemetry message(int number) {
        return Telemetry.of(text(number).getBytes(StandardCharsets.US_ASCII));
    }

    private static String text(int number) {
        return String.format(Locale.ROOT, "%0" + SIZE + "d", number);
    }

    private void assertArrived(int number) {
        boolean there = servers.hub.telemetry(DEVICE).stream()
                .anyMatch(each -> text(number).equals(new String(each.message().body(), StandardCharsets.US_ASCII)));
        if (!there) {
            throw new IllegalStateException("message " + number + " was acknowledged, and the hub has it not");
        }
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
