// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.ConnectionString;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.ProxyServer;
import io.upstream.Reconnect;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.proxy.Misbehaviour;
import io.upstream.testing.SecretScan;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A hub, a proxy in front of it that counts connections, and a runtime. */
final class Lab implements AutoCloseable {
    private static final int SECONDS = 20;

    final IotHubEmulator hub;
    final ConnectProxy proxy;
    final UpstreamRuntime runtime = UpstreamRuntime.create();
    private final List<UpstreamTransport> transports = new ArrayList<>();
    private final AtomicInteger devices = new AtomicInteger();

    Lab(Path directory) throws Exception {
        hub = IotHubEmulator.builder().directory(directory).start();
        proxy = ConnectProxy.builder().start();
    }

    UpstreamOptions.Builder options(UpstreamProtocol protocol) {
        ProxyServer through =
                ProxyServer.http(new HostPort("127.0.0.1", proxy.address().getPort()));
        return UpstreamOptions.forHub(hub.hostName())
                .protocol(protocol)
                .port(protocol == UpstreamProtocol.AMQP ? hub.amqpPort() : hub.wsPort())
                .proxy(target -> List.of(through))
                .trust(Trust.systemAnd(hub.trustBundle()))
                .connectTimeout(Duration.ofSeconds(10))
                .operationTimeout(Duration.ofSeconds(10))
                .closeTimeout(Duration.ofSeconds(5));
    }

    UpstreamTransport transport(UpstreamProtocol protocol) {
        return transport(protocol, Reconnect.DEFAULT);
    }

    UpstreamTransport transport(UpstreamProtocol protocol, Reconnect reconnect) {
        return keep(
                UpstreamTransport.create(options(protocol).reconnect(reconnect).build(), runtime));
    }

    UpstreamTransport keep(UpstreamTransport transport) {
        transports.add(transport);
        return transport;
    }

    /** A device that no other test uses. */
    String device(String name) {
        String id = name + "-" + devices.incrementAndGet();
        hub.addDevice(id);
        return id;
    }

    SasKey key(String device) {
        return (SasKey) ConnectionString.parse(hub.connectionString(device)).credentials();
    }

    /** As the hub has it. */
    String primaryKey(String device) {
        return hub.addDevice(device).primaryKey();
    }

    CompletionStage<UpstreamSession> opening(UpstreamTransport transport, String device) {
        return transport.open(Identity.device(device), key(device));
    }

    UpstreamSession open(UpstreamTransport transport, String device) throws Exception {
        return get(opening(transport, device));
    }

    /** How many connections were made to the hub so far. */
    int connections() {
        return proxy.accessLog().size();
    }

    /** Cuts the connection of a session and lets nobody have another one until {@link #letBack}. */
    void keepAway(StatusLog log) throws Exception {
        proxy.misbehave(new Misbehaviour.Refuse(503, null));
        proxy.cutAll();
        log.awaitFailures(FailureKind.PROXY_UNREACHABLE, 1);
    }

    void letBack() {
        proxy.misbehave();
    }

    static Telemetry number(int i) {
        return Telemetry.of(Integer.toString(i).getBytes(StandardCharsets.UTF_8));
    }

    void closeTransports() {
        transports.forEach(UpstreamTransport::close);
        transports.clear();
    }

    @Override
    public void close() {
        closeTransports();
        runtime.close();
        proxy.close();
        hub.close();
    }

    static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
    }

    static UpstreamException failure(CompletionStage<?> stage) {
        ExecutionException error = assertThrows(
                ExecutionException.class, () -> stage.toCompletableFuture().get(SECONDS, TimeUnit.SECONDS));
        SecretScan.look("an exception", error);
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }
}
