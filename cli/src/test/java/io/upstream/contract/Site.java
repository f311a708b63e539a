// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.emulator.EmulatorBuilder;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.proxy.ConnectProxy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** A hub whose time can be moved, a proxy that can cut lines, one runtime, and threads for back ends that call methods. */
final class Site implements AutoCloseable {
    static final int CALLERS = 50;

    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    final ShiftedClock clock = new ShiftedClock();
    final IotHubEmulator hub;
    final ConnectProxy proxy;
    final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(2).build();
    final ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
    private final AtomicInteger subjects = new AtomicInteger();

    private Site(EmulatorBuilder builder) throws IOException {
        hub = builder.clock(clock).start();
        proxy = ConnectProxy.builder().start();
    }

    private static Site start() {
        try {
            Path directory = Files.createTempDirectory("upstream-contract-");
            directory.toFile().deleteOnExit();
            return new Site(IotHubEmulator.builder().directory(directory));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Registers an identity that nothing else uses. */
    Subject newSubject(Speaker.Role role) {
        String device = "device-" + subjects.incrementAndGet();
        hub.addDevice(device);
        if (role == Speaker.Role.DEVICE) {
            return new Subject(this, device, null);
        }
        hub.addModule(device, "module");
        return new Subject(this, device, "module");
    }

    /** What leads to the hub. */
    UpstreamOptions.Builder options(UpstreamProtocol protocol) {
        return UpstreamOptions.forHub(hub.hostName())
                .protocol(protocol)
                .port(
                        switch (protocol) {
                            case MQTT -> hub.mqttPort();
                            case AMQP -> hub.amqpPort();
                            case MQTT_WS, AMQP_WS -> hub.wsPort();
                        })
                .trust(Trust.systemAnd(hub.trustBundle()))
                .connectTimeout(TIMEOUT)
                .operationTimeout(TIMEOUT)
                .closeTimeout(TIMEOUT);
    }

    @Override
    public void close() {
        callers.shutdownNow();
        runtime.close();
        proxy.close();
        hub.close();
    }

    /** One site for all tests of a class, whoever speaks. */
    static final class AtHand implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Site.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            ExtensionContext testClass = context;
            for (ExtensionContext each = context;
                    each != context.getRoot();
                    each = each.getParent().orElseThrow()) {
                testClass = each;
            }
            return testClass
                    .getStore(ExtensionContext.Namespace.create(Site.class))
                    .computeIfAbsent(Site.class, key -> start(), Site.class);
        }
    }
}
