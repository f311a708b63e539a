// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.microsoft.azure.sdk.iot.device.ClientOptions;
import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import java.time.Duration;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Microsoft's device clients with a connection for each; a few threads open them, for each open blocks. */
final class AzureSingles implements Crowd {
    private static final int OPENERS = 4;

    private final Endpoint endpoint;
    private final Queue<DeviceClient> connected = new ConcurrentLinkedQueue<>();
    private final AtomicInteger next = new AtomicInteger();

    AzureSingles(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public Tally.Outcome open(int identities, Duration limit) throws Exception {
        ClientOptions options = ClientOptions.builder()
                .sslContext(SinkTrust.context(endpoint.trust()))
                .build();
        Tally tally = new Tally(identities);
        for (int i = 0; i < OPENERS; i++) {
            Thread opener = new Thread(() -> openSome(identities, options, tally), "opener-" + i);
            opener.setDaemon(true);
            opener.start();
        }
        Tally.Outcome outcome = tally.await(limit);
        next.set(identities);
        return outcome;
    }

    /** Until there are enough, or one fails: an error, too, for what fails here is often a thread that cannot be had. */
    private void openSome(int identities, ClientOptions options, Tally tally) {
        for (int i = next.getAndIncrement(); i < identities; i = next.getAndIncrement()) {
            try {
                DeviceClient device = AzureClient.device(endpoint, i, options);
                device.open(false);
                connected.add(device);
                tally.done(null);
            } catch (IotHubClientException | RuntimeException | Error e) {
                next.set(identities);
                tally.giveUp(e);
            }
        }
    }

    @Override
    public Tally.Outcome send(byte[] payload, Duration limit) throws InterruptedException {
        return send(connected, payload, limit);
    }

    /** Lets each of these send once. */
    static Tally.Outcome send(Collection<DeviceClient> devices, byte[] payload, Duration limit)
            throws InterruptedException {
        Tally tally = new Tally(devices.size());
        for (DeviceClient device : devices) {
            try {
                device.sendEventAsync(
                        AzureClient.Device.message(payload), (message, failure, context) -> tally.done(failure), null);
            } catch (IllegalStateException e) {
                tally.done(e);
            }
        }
        return tally.await(limit);
    }

    @Override
    public int harnessThreads() {
        return OPENERS;
    }
}
