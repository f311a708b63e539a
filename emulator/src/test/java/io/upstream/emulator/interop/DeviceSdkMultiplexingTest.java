// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.MultiplexingClient;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several devices on one connection. */
@ParameterizedClass
@EnumSource(names = {"AMQPS", "AMQPS_WS"})
@ExtendWith(SdkHubExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceSdkMultiplexingTest {
    private static final int DEVICES = 5;
    private static final long LIMIT_MILLIS = SdkClient.LIMIT.toMillis();

    @Parameter
    private IotHubClientProtocol protocol;

    private SdkHub sdk;
    private MultiplexingClient multiplexer;
    private final List<SdkClient> devices = new ArrayList<>();

    @BeforeParameterizedClassInvocation
    void openClients(IotHubClientProtocol protocol, SdkHub shared) throws Exception {
        sdk = shared;
        devices.clear();
        for (int i = 0; i < DEVICES; i++) {
            devices.add(device(protocol, "multiplexed-" + protocol + "-" + i));
        }
        multiplexer = new MultiplexingClient(sdk.hub.hostName(), protocol, sdk.multiplexing(protocol));
        multiplexer.registerDeviceClients(
                devices.stream().map(each -> (DeviceClient) each.client).toList());
        multiplexer.open(false);
        for (SdkClient each : devices) {
            each.awaitStatus(IotHubConnectionStatus.CONNECTED);
            each.subscribe();
        }
    }

    private SdkClient device(IotHubClientProtocol protocol, String id) {
        sdk.hub.addDevice(id);
        return SdkClient.device(
                sdk.hub,
                id,
                new DeviceClient(
                        sdk.hub.connectionString(id),
                        protocol,
                        sdk.options(protocol).build()));
    }

    @AfterParameterizedClassInvocation
    void closeClients() {
        multiplexer.close();
    }

    @Test
    void carriesEveryDevice() throws Exception {
        for (SdkClient each : devices) {
            each.works();
        }
    }

    @Test
    void takesInAndLetsGoDevicesWhileItIsOpen() throws Exception {
        String id = "late-" + protocol;
        SdkClient late = device(protocol, id);
        multiplexer.registerDeviceClient((DeviceClient) late.client, LIMIT_MILLIS);
        late.awaitStatus(IotHubConnectionStatus.CONNECTED);
        late.subscribe();
        late.works();
        assertTrue(sdk.hub.isConnected(id));
        multiplexer.unregisterDeviceClient((DeviceClient) late.client, LIMIT_MILLIS);
        assertFalse(multiplexer.isDeviceRegistered(id));
        assertEquals(DEVICES, multiplexer.getRegisteredDeviceCount());
        for (SdkClient each : devices) {
            each.sends();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"KILL_SESSION", "KILL_TELEMETRY_LINK", "KILL_TWIN_REPLY_LINK"})
    void losesNoOtherDeviceWithOneThatFails(FaultKind kind) throws Exception {
        devices.forEach(SdkClient::forgetStatuses);
        sdk.hub.inject("multiplexed-" + protocol + "-1", Fault.now(kind));
        devices.get(1).awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        devices.get(1).awaitStatus(IotHubConnectionStatus.CONNECTED);
        devices.get(1).works();
        for (SdkClient each : devices) {
            each.sends();
        }
    }

    @Test
    void comesBackWithEveryDeviceWhenTheNetworkHasFailed() throws Exception {
        devices.forEach(SdkClient::forgetStatuses);
        sdk.hub.closeConnectionsOf("multiplexed-" + protocol + "-3");
        for (SdkClient each : devices) {
            each.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
            each.awaitStatus(IotHubConnectionStatus.CONNECTED);
        }
        for (SdkClient each : devices) {
            each.works();
        }
    }
}
