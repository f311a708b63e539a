// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.upstream.ConnectionString;
import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.relay.FaultRelay;
import io.upstream.laboratory.FaultCase.Trait;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Where one cell takes place:
 *
 * <pre>
 *   client ── near ── hub                              direct
 *   client ── near ── proxy ── far ── hub              with a proxy
 *   client ── near ── … ── far ── inner ── hub         if the fault acts below TLS
 * </pre>
 *
 * <p>Without a proxy near and far are the same relay. Confined to the cell's thread but for what is said to be otherwise.
 */
final class Scene implements AutoCloseable {
    static final Duration OPERATION_TIMEOUT = Duration.ofSeconds(14);
    static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private static final String DEVICE = "watched";
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(4);
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** The emulator, as the hub, takes no idle-time-out below 5 s: keep-alive and patience together, less a tenth. */
    private static final Duration KEEP_ALIVE_AMQP = Duration.ofSeconds(5);

    private static final Duration KEEP_ALIVE_MQTT = Duration.ofSeconds(2);
    private static final Reconnect RECONNECT = new Reconnect(Duration.ofMillis(100), Duration.ofMillis(500));
    private final Column column;
    private final RandomGenerator random;
    private final List<Visitor> visitors = new ArrayList<>();
    private final Servers servers;
    private final Routes routes;
    private final @Nullable Loops loops;
    private final @Nullable Callbacks callbacks;
    private final UpstreamRuntime runtime;
    private final UpstreamTransport transport;
    private final @Nullable Tokens tokens;
    private final List<Watched> watched = new CopyOnWriteArrayList<>();
    private volatile @Nullable Journal firstJournal;

    private Scene(Column column, Set<Trait> traits, RandomGenerator random, Servers servers) {
        this.column = column;
        this.random = random;
        this.servers = servers;
        servers.hub.addDevice(DEVICE);
        routes = new Routes(servers.route(), this::noteAttempt);
        loops = traits.contains(Trait.OWN_LOOPS) ? new Loops() : null;
        callbacks = traits.contains(Trait.OWN_CALLBACKS) ? new Callbacks() : null;
        runtime = newRuntime();
        transport = UpstreamTransport.create(options().build(), runtime);
        tokens = traits.contains(Trait.OWN_TOKENS) ? new Tokens((SasKey) credentials(DEVICE)) : null;
    }

    /**
     * Without a session as yet.
     *
     * @param traits what faults that are to take place here need
     * @param directory of the certificate authority; made if it is not there
     */
    static Scene of(Column column, Set<Trait> traits, long seed, Path directory) throws IOException {
        RandomGenerator random = new SplittableRandom(seed);
        Servers servers = new Servers(column, traits, random, directory, Servers.Memory.ALL);
        try {
            return new Scene(column, traits, random, servers);
        } catch (RuntimeException e) {
            servers.close();
            throw e;
        }
    }

    private Credentials credentials(String device) {
        return ConnectionString.parse(servers.hub.connectionString(device)).credentials();
    }

    private UpstreamRuntime newRuntime() {
        UpstreamRuntime.Builder builder = UpstreamRuntime.builder().threads(1);
        if (loops != null) {
            builder.eventLoops(loops);
        }
        if (callbacks != null) {
            builder.callbacks(callbacks);
        }
        return builder.build();
    }

    private UpstreamOptions.Builder options() {
        return UpstreamOptions.forHub(Servers.HOST)
                .protocol(column.protocol())
                .port(servers.port())
                .proxy(routes)
                .trust(Trust.systemAnd(servers.hub.trustBundle()))
                .connectTimeout(CONNECT_TIMEOUT)
                .operationTimeout(OPERATION_TIMEOUT)
                .closeTimeout(CLOSE_TIMEOUT)
                .keepAlive(column.isMqtt() ? KEEP_ALIVE_MQTT : KEEP_ALIVE_AMQP)
                .keepAlivePatience(PATIENCE)
                .outbox(2_000, 4 << 20)
                .reconnect(RECONNECT);
    }

    /** Only where there is one session, whose attempt it must be. */
    private void noteAttempt() {
        Journal only = firstJournal;
        if (only != null && watched.size() <= 1) {
            only.attempt(watched.isEmpty() ? null : watched.get(0).session().status());
        }
    }

    /** Opens the session of the device that faults are about, and subscribes to everything. */
    Watched open() throws Exception {
        Journal journal = new Journal();
        firstJournal = journal;
        return open(DEVICE, tokens == null ? credentials(DEVICE) : tokens, journal);
    }

    /** As {@link #open()}, another device. */
    Watched open(String device) throws Exception {
        servers.hub.addDevice(device);
        return open(device, credentials(device), new Journal());
    }

    private Watched open(String device, Credentials credentials, Journal journal) throws Exception {
        UpstreamSession session = transport
                .open(Identity.device(device), credentials)
                .toCompletableFuture()
                .get(CONNECT_TIMEOUT.toSeconds() * 3, TimeUnit.SECONDS);
        Watched opened = new Watched(
                servers.hub, device, journal, session, new Traffic(servers.hub, device, session, journal, random));
        watched.add(opened);
        for (var confirmed : opened.traffic().subscribe()) {
            confirmed.toCompletableFuture().get(OPERATION_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        }
        return opened;
    }

    // What scripts use

    Column column() {
        return column;
    }

    RandomGenerator random() {
        return random;
    }

    FaultRelay near() {
        return servers.near;
    }

    FaultRelay far() {
        return servers.far;
    }

    FaultRelay inner() {
        return required(servers.inner, "a relay below TLS");
    }

    ConnectProxy proxy() {
        return required(servers.proxy, "a proxy");
    }

    Loops loops() {
        return required(loops, "event loops of its own");
    }

    Callbacks callbacks() {
        return required(callbacks, "an executor of its own");
    }

    Tokens tokens() {
        return required(tokens, "tokens of its own");
    }

    /** Of the device that faults are about. */
    Traffic traffic() {
        return watched.get(0).traffic();
    }

    Routes routes() {
        return routes;
    }

    ShiftedClock clock() {
        return servers.clock;
    }

    IotHubEmulator hub() {
        return servers.hub;
    }

    List<Visitor> visitors() {
        return visitors;
    }

    private static <T> T required(@Nullable T thing, String what) {
        if (thing == null) {
            throw new IllegalStateException("this fault has not said that it needs " + what);
        }
        return thing;
    }

    void pass(long millis) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(millis);
    }

    /** As long as it takes a client to find that its peer is dead, and half a second more. */
    long detectionMillis() {
        Duration keepAlive = column.isMqtt() ? KEEP_ALIVE_MQTT : KEEP_ALIVE_AMQP;
        return keepAlive.plus(PATIENCE).toMillis() + 500;
    }

    void inject(Fault fault) {
        servers.hub.inject(DEVICE, fault);
    }

    /** Waits until so many more messages are acknowledged, for a while. */
    void awaitAcknowledged(int more) throws InterruptedException {
        long goal = traffic().acked() + more;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        while (traffic().acked() < goal && System.nanoTime() - end < 0) {
            pass(5);
        }
    }

    /** As {@link Servers#leadTo}. */
    void leadTo(Servers.Impostor impostor) throws IOException {
        servers.leadTo(impostor);
    }

    /** The client's event loops stand still, as its whole process does in a suspended machine. */
    void suspendClient(Duration time) {
        for (EventExecutor each : runtime.unwrap(EventLoopGroup.class)) {
            each.execute(() -> {
                try {
                    Thread.sleep(time.toMillis());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
    }

    /** Another identity on its way, with a transport of its own on the same runtime. */
    Visitor visit(String name) {
        servers.hub.addDevice(name);
        UpstreamOptions options =
                options().proxy(target -> List.of(servers.route())).build();
        Visitor visitor =
                new Visitor(name, UpstreamTransport.create(options, runtime), Identity.device(name), credentials(name));
        visitors.add(visitor);
        return visitor;
    }

    /** Sends those away who are visiting; tells of messages of theirs that are never answered. */
    List<String> dismissVisitors() throws InterruptedException {
        List<String> found = new ArrayList<>();
        for (Visitor each : visitors) {
            long pending = each.neverDone(OPERATION_TIMEOUT.plusSeconds(2));
            if (pending > 0) {
                found.add(each.name() + ": " + pending + " of " + each.sent() + " are never done");
            }
            each.close(Duration.ZERO);
        }
        visitors.clear();
        return found;
    }

    /** The watched identity once more, straight to the hub. */
    Visitor rival() {
        UpstreamOptions options = options()
                .port(servers.hubPort())
                .proxy(io.upstream.ProxyChoice.DIRECT)
                .reconnect(Reconnect.NEVER)
                .build();
        return new Visitor(
                "rival", UpstreamTransport.create(options, runtime), Identity.device(DEVICE), credentials(DEVICE));
    }

    /** Ends whatever goes wrong. */
    void heal() throws IOException {
        servers.hub.endFault(DEVICE);
        routes.beNormal();
        servers.heal();
        if (loops != null) {
            loops.replenish();
        }
        if (callbacks != null) {
            callbacks.accept();
        }
        if (tokens != null) {
            tokens.be(Tokens.Mode.GOOD);
        }
        for (Watched each : watched) {
            each.traffic().behave();
        }
    }

    /** Whose threads are in this thread's group. */
    enum Threads {
        OF_THIS_SCENE,
        OF_OTHERS_TOO
    }

    /** Closes the client's side, and tells what it has left; threads only if all in the group are this scene's. */
    Evidence.Left closeClient(Threads threads) throws Exception {
        visitors.forEach(Visitor::close);
        transport.close();
        runtime.close();
        if (callbacks != null) {
            callbacks.close();
        }
        if (loops != null) {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(5, TimeUnit.SECONDS);
        }
        watched.forEach(each -> each.traffic().close());
        return threads == Threads.OF_THIS_SCENE
                ? Leftovers.of(servers.near.port())
                : new Evidence.Left(List.of(), Leftovers.connectionsTo(servers.near.port()));
    }

    @Override
    public void close() {
        visitors.forEach(each -> each.close(Duration.ZERO));
        watched.forEach(each -> each.traffic().close());
        transport.close(Duration.ZERO); // without effect unless something went wrong before
        runtime.close();
        servers.close();
    }
}
