// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.MultiplexingClient;
import com.microsoft.azure.sdk.iot.device.transport.ExponentialBackoffWithJitter;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.RetryDecision;
import com.microsoft.azure.sdk.iot.device.transport.TransportException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Devices on one connection of Microsoft's SDK: siblings that look on, and victims to which things happen. */
final class SdkFleet implements AutoCloseable {
    private static final int SIBLINGS = 3;
    /** After an attempt, whatever becomes of it; a further one in between would undo it. */
    private static final long RETRY_MILLIS = 1_000;

    private final SdkHub sdk;
    private final IotHubClientProtocol protocol;
    final MultiplexingClient multiplexer;
    /** To which nothing happens. */
    private final SdkClient anchor;

    final List<SdkClient> siblings = new ArrayList<>();
    private final Map<String, SdkClient> victims = new HashMap<>();

    private SdkFleet(SdkHub sdk, IotHubClientProtocol protocol) {
        this.sdk = sdk;
        this.protocol = protocol;
        this.multiplexer = new MultiplexingClient(sdk.hub.hostName(), protocol, sdk.multiplexing(protocol));
        this.anchor = device("anchor-" + protocol);
    }

    static SdkFleet open(SdkHub sdk, IotHubClientProtocol protocol, Collection<String> victims) throws Exception {
        SdkFleet fleet = new SdkFleet(sdk, protocol);
        for (int i = 0; i < SIBLINGS; i++) {
            fleet.siblings.add(fleet.device(fleet.sibling(i)));
        }
        victims.forEach(each -> fleet.victims.put(each, fleet.device(fleet.id(each))));
        fleet.open();
        return fleet;
    }

    private void open() throws Exception {
        List<SdkClient> all = Stream.of(List.of(anchor), siblings, victims.values())
                .flatMap(Collection::stream)
                .toList();
        multiplexer.setRetryPolicy(new ExponentialBackoffWithJitter(Integer.MAX_VALUE, 50, 500, 50, true));
        multiplexer.registerDeviceClients(
                all.stream().map(each -> (DeviceClient) each.client).toList());
        multiplexer.open(true);
        for (SdkClient each : all) {
            each.awaitStatus(IotHubConnectionStatus.CONNECTED);
            each.client.setRetryPolicy(this::retryWhenAllIsSaid);
        }
        for (SdkClient each : siblings) {
            each.subscribe();
        }
    }

    /**
     * Lets the SDK open a session for a device again when the hub has ended the one before, which it has when two more messages have gone there and back. The SDK
     * does not wait for that by itself: {@code AmqpsSessionHandler} then takes the end of the old session for that of the new one, closes that too early, and
     * proton-j throws ("uncorrelated channel"), which ends the connection of all.
     */
    private RetryDecision retryWhenAllIsSaid(int count, TransportException cause) {
        try {
            anchor.sends();
            anchor.sends();
            return new RetryDecision(true, RETRY_MILLIS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    String sibling(int number) {
        return "sibling-" + protocol + "-" + number;
    }

    /** Of a victim. */
    String id(String victim) {
        return "victim-" + protocol + "-" + victim;
    }

    /** The device for a test, when all is quiet. */
    SdkClient victim(String name) {
        siblings.forEach(SdkClient::forgetStatuses);
        SdkClient victim = Objects.requireNonNull(victims.get(name));
        victim.forgetStatuses();
        return victim;
    }

    /** Takes a victim off the connection. */
    void dismiss(String name) throws Exception {
        SdkClient victim = Objects.requireNonNull(victims.remove(name));
        multiplexer.unregisterDeviceClient((DeviceClient) victim.client, SdkClient.LIMIT.toMillis());
    }

    int size() {
        return 1 + siblings.size() + victims.size();
    }

    /** One more that is registered at the hub, not yet on the connection. */
    SdkClient device(String id) {
        sdk.hub.addDevice(id);
        return client(id, sdk.hub.connectionString(id));
    }

    SdkClient client(String id, String connectionString) {
        return SdkClient.device(
                sdk.hub,
                id,
                new DeviceClient(
                        connectionString, protocol, sdk.options(protocol).build()));
    }

    @Override
    public void close() {
        multiplexer.close();
    }
}
