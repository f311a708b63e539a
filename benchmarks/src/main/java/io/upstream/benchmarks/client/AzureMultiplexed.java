// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.microsoft.azure.sdk.iot.device.ClientOptions;
import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.MultiplexingClient;
import com.microsoft.azure.sdk.iot.device.MultiplexingClientOptions;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;

/** Microsoft's device clients on one AMQP connection, registered before it is opened. */
final class AzureMultiplexed implements Crowd {
    private final Endpoint endpoint;
    private final List<DeviceClient> devices = new ArrayList<>();
    private final Set<DeviceClient> connected = ConcurrentHashMap.newKeySet();

    AzureMultiplexed(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public Tally.Outcome open(int identities, Duration limit) throws Exception {
        SSLContext tls = SinkTrust.context(endpoint.trust());
        ClientOptions options = ClientOptions.builder().sslContext(tls).build();
        Tally tally = new Tally(identities);
        for (int i = 0; i < identities; i++) {
            DeviceClient device = AzureClient.device(endpoint, i, options);
            device.setConnectionStatusChangeCallback(
                    change -> {
                        if (change.getNewStatus() == IotHubConnectionStatus.CONNECTED && connected.add(device)) {
                            tally.done(null);
                        }
                    },
                    null);
            devices.add(device);
        }
        MultiplexingClient multiplexer = new MultiplexingClient(
                endpoint.host(),
                AzureClient.protocol(endpoint.way()),
                MultiplexingClientOptions.builder().sslContext(tls).build());
        multiplexer.registerDeviceClients(devices);
        Thread opener = new Thread(() -> open(multiplexer, tally), "opener");
        opener.setDaemon(true);
        opener.start();
        long deadline = System.nanoTime() + limit.toNanos();
        // A device is told that it is connected before the call is over that opens it, and may not send until then.
        opener.join(limit.toMillis());
        return tally.await(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    }

    /** It blocks until all are there, or fails. */
    private static void open(MultiplexingClient multiplexer, Tally tally) {
        try {
            multiplexer.open(false);
        } catch (IotHubClientException | RuntimeException e) {
            tally.giveUp(e);
        }
    }

    @Override
    public Tally.Outcome send(byte[] payload, Duration limit) throws InterruptedException {
        List<DeviceClient> senders = List.copyOf(connected);
        return AzureSingles.send(senders, payload, limit);
    }

    @Override
    public int harnessThreads() {
        return 1;
    }
}
