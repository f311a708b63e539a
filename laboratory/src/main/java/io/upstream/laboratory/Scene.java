// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.EventExecutor;
import io.upstream.ConnectionString;
import io.upstream.Credentials;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.ProxyServer;
import io.upstream.Reconnect;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.relay.FaultRelay;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.ServerCertificate;
import io.upstream.laboratory.FaultCase.Trait;
import java.io.IOException;
import java.net.InetSocketAddress;
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
    private static final String HOST = "localhost";
    private static final String LOOPBACK = "127.0.0.1";
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(4);
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** The emulator, as the hub, takes no idle-time-out below 5 s: keep-alive and patience together, less a tenth. */
    private static final Duration KEEP_ALIVE_AMQP = Duration.ofSeconds(5);

    private static final Duration KEEP_ALIVE_MQTT = Duration.ofSeconds(2);
    private static final Reconnect RECONNECT = new Reconnect(Duration.ofMillis(100), Duration.ofMillis(500));
    private static final String PROXY_PASSWORD = "proxy-password";
    private static final UserPassword PROXY_USER = new UserPassword("laboratory", PROXY_PASSWORD);

    private final Column column;
    private final RandomGenerator random;
    private final ShiftedClock clock = new ShiftedClock();
    private final List<Runnable> closings = new ArrayList<>();
    private final List<Visitor> visitors = new ArrayList<>();
    private final EmulatorCa ca;
    private final IotHubEmulator hub;
    private final @Nullable FaultRelay inner;
    private final @Nullable ConnectProxy proxy;
    private final FaultRelay far;
    private final FaultRelay near;
    private final InetSocketAddress home;
    private final Routes routes;
    private final @Nullable Loops loops;
    private final @Nullable Callbacks callbacks;
    private final UpstreamRuntime runtime;
    private final UpstreamTransport transport;
    private final @Nullable Tokens tokens;
    private final List<Watched> watched = new CopyOnWriteArrayList<>();
    private volatile @Nullable Journal firstJournal;

    /** Who pretends to be the hub. */
    enum Impostor {
        UNKNOWN_AUTHORITY,
        WRONG_HOST
    }

    /**
     * Without a session as yet.
     *
     * @param traits what faults that are to take place here need
     * @param directory of the certificate authority; made if it is not there
     */
    Scene(Column column, Set<Trait> traits, long seed, Path directory) throws IOException {
        this.column = column;
        this.random = new SplittableRandom(seed);
        hub = IotHubEmulator.builder().directory(directory).clock(clock).start();
        closings.add(hub::close);
        hub.addDevice(DEVICE);
        ca = EmulatorCa.openOrCreate(directory);
        InetSocketAddress door = address(port());
        inner = traits.contains(Trait.DECRYPTED) ? keep(decrypting(ca.issueForLoopback(HOST), door)) : null;
        home = inner == null ? door : inner.address();
        far = keep(FaultRelay.to(home).seed(random.nextLong()).start());
        proxy = column.isProxy() ? newProxy(far.address()) : null;
        near = proxy == null
                ? far
                : keep(FaultRelay.to(proxy.address()).seed(random.nextLong()).start());
        routes = new Routes(normalRoute(), this::noteAttempt);
        loops = traits.contains(Trait.OWN_LOOPS) ? new Loops() : null;
        callbacks = traits.contains(Trait.OWN_CALLBACKS) ? new Callbacks() : null;
        runtime = newRuntime();
        transport = UpstreamTransport.create(options().build(), runtime);
        tokens = traits.contains(Trait.OWN_TOKENS) ? new Tokens((SasKey) credentials(DEVICE)) : null;
    }

    private Credentials credentials(String device) {
        return ConnectionString.parse(hub.connectionString(device)).credentials();
    }

    private FaultRelay keep(FaultRelay relay) {
        closings.add(relay::close);
        return relay;
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(LOOPBACK, port);
    }

    private int port() {
        return switch (column.protocol()) {
            case MQTT -> hub.mqttPort();
            case AMQP -> hub.amqpPort();
            case MQTT_WS, AMQP_WS -> hub.wsPort();
        };
    }

    private FaultRelay decrypting(ServerCertificate shown, InetSocketAddress target) throws IOException {
        SslContext server = SslContextBuilder.forServer(
                        shown.key(), shown.chain().toArray(java.security.cert.X509Certificate[]::new))
                .sslProvider(SslProvider.JDK)
                .build();
        SslContext client = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(ca.certificate())
                .build();
        return FaultRelay.to(target)
                .seed(random.nextLong())
                .decrypting(server, client, HOST)
                .start();
    }

    private ConnectProxy newProxy(InetSocketAddress behind) throws IOException {
        ConnectProxy made = ConnectProxy.builder()
                .credentials(PROXY_USER.user(), PROXY_PASSWORD)
                .route(HOST + ":" + port(), behind)
                .start();
        closings.add(made::close);
        return made;
    }

    private Route normalRoute() {
        return proxy == null ? Route.DIRECT : ProxyServer.http(new HostPort(LOOPBACK, near.port()), PROXY_USER);
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
        return UpstreamOptions.forHub(HOST)
                .protocol(column.protocol())
                .port(proxy == null ? near.port() : port())
                .proxy(routes)
                .trust(Trust.systemAnd(hub.trustBundle()))
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
        hub.addDevice(device);
        return open(device, credentials(device), new Journal());
    }

    private Watched open(String device, Credentials credentials, Journal journal) throws Exception {
        UpstreamSession session = transport
                .open(Identity.device(device), credentials)
                .toCompletableFuture()
                .get(CONNECT_TIMEOUT.toSeconds() * 3, TimeUnit.SECONDS);
        Watched opened = new Watched(hub, device, journal, session, new Traffic(hub, device, session, journal, random));
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
        return near;
    }

    FaultRelay far() {
        return far;
    }

    FaultRelay inner() {
        return required(inner, "a relay below TLS");
    }

    ConnectProxy proxy() {
        return required(proxy, "a proxy");
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
        return clock;
    }

    IotHubEmulator hub() {
        return hub;
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
        hub.inject(DEVICE, fault);
    }

    /** Waits for so many more messages, for a while. */
    void awaitReceived(int more) throws InterruptedException {
        int goal = hub.telemetry(DEVICE).size() + more;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
        while (hub.telemetry(DEVICE).size() < goal && System.nanoTime() - end < 0) {
            pass(5);
        }
    }

    /** Connections that come from now on meet somebody else, until the scene is healed. */
    void leadTo(Impostor impostor) throws IOException {
        ServerCertificate shown = switch (impostor) {
            case UNKNOWN_AUTHORITY -> EmulatorCa.create().issueForLoopback(HOST);
            case WRONG_HOST -> ca.issue("elsewhere.example");
        };
        far.target(keep(decrypting(shown, home)).address());
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
        hub.addDevice(name);
        UpstreamOptions options =
                options().proxy(target -> List.of(normalRoute())).build();
        Visitor visitor =
                new Visitor(name, UpstreamTransport.create(options, runtime), Identity.device(name), credentials(name));
        visitors.add(visitor);
        return visitor;
    }

    /** The watched identity once more, straight to the hub. */
    Visitor rival() {
        UpstreamOptions options = options()
                .port(port())
                .proxy(io.upstream.ProxyChoice.DIRECT)
                .reconnect(Reconnect.NEVER)
                .build();
        return new Visitor(
                "rival", UpstreamTransport.create(options, runtime), Identity.device(DEVICE), credentials(DEVICE));
    }

    /** Ends whatever goes wrong. */
    void heal() throws IOException {
        clock.reset();
        hub.endFault(DEVICE);
        routes.beNormal();
        far.target(home);
        far.heal();
        near.heal();
        if (inner != null) {
            inner.heal();
        }
        if (proxy != null) {
            proxy.misbehave();
        }
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
                ? Leftovers.of(near.port())
                : new Evidence.Left(List.of(), Leftovers.connectionsTo(near.port()));
    }

    @Override
    public void close() {
        for (int i = closings.size() - 1; i >= 0; i--) {
            closings.get(i).run();
        }
    }
}
