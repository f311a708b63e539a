// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.ConnectionString;
import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.testing.SecretScan;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A registered identity, with what the hub knows of it and what a back end can do to it: the same for devices and modules. */
final class Subject {
    static final String INPUT = "in put";

    private static final Duration SOON = Duration.ofSeconds(20);

    private final Site site;
    private final String device;
    private final @Nullable String module;

    Subject(Site site, String device, @Nullable String module) {
        this.site = site;
        this.device = device;
        this.module = module;
    }

    Identity identity() {
        return new Identity(device, module);
    }

    /** Good for as long as the hub's time may be moved. */
    Credentials credentials() {
        SasKey key = (SasKey) ConnectionString.parse(connectionString()).credentials();
        SecretScan.guard(key.text());
        return key.lifetime(Duration.ofDays(1));
    }

    String connectionString() {
        return module == null ? site.hub.connectionString(device) : site.hub.connectionString(device, module);
    }

    /** What came from it, in order, once there are {@code count}; fails if there are more. */
    List<HubMessage> telemetry(int count) throws InterruptedException {
        try {
            List<HubMessage> came = site.hub.awaitTelemetry(device, count, SOON).stream()
                    .map(TelemetryRecord::message)
                    .toList();
            if (came.size() > count) {
                throw new AssertionError(came.size() + " messages came, not " + count);
            }
            return came;
        } catch (TimeoutException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }

    /** The text of what came, in order, once there are {@code count}. */
    List<String> texts(int count) throws InterruptedException {
        return telemetry(count).stream()
                .map(message -> new String(message.body(), StandardCharsets.UTF_8))
                .toList();
    }

    /** To a device a cloud-to-device message, to a module one for its input. */
    SentMessage send(HubMessage message) throws HubException {
        return module == null
                ? site.hub.sendToDevice(device, message)
                : site.hub.sendToInput(device, module, INPUT, message);
    }

    SentMessage send(String text) throws HubException {
        return send(new HubMessage(Map.of(), Map.of(), text.getBytes(StandardCharsets.UTF_8)));
    }

    ObjectNode twin() {
        return module == null ? site.hub.twin(device) : site.hub.twin(device, module);
    }

    long patchDesired(String json) throws HubException {
        return module == null ? site.hub.patchDesired(device, json) : site.hub.patchDesired(device, module, json);
    }

    /** Calls a method; what the hub itself answers in place of the identity is the cause of the failure. */
    CompletableFuture<MethodAnswer> call(String method, String payload) {
        return call(method, payload, SOON);
    }

    CompletableFuture<MethodAnswer> call(String method, String payload, Duration limit) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return module == null
                                ? site.hub.invokeMethod(device, method, payload, limit)
                                : site.hub.invokeMethod(device, module, method, payload, limit);
                    } catch (HubException | InterruptedException e) {
                        throw new CompletionException(e);
                    }
                },
                site.callers);
    }

    /** Has the hub close its connections without a word. */
    void closeConnections() {
        if (module == null) {
            site.hub.closeConnectionsOf(device);
        } else {
            site.hub.closeConnectionsOf(device, module);
        }
    }

    /** Also of a module. */
    String device() {
        return device;
    }

    @Override
    public String toString() {
        return identity().toString();
    }
}
