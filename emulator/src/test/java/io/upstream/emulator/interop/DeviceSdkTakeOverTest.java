// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.NoRetry;
import io.upstream.emulator.hub.IdentityStatus;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who must give way: to another connection of the same device, and to the operator. */
@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkTakeOverTest {
    private final SdkHub sdk;

    DeviceSdkTakeOverTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void givesWayToALaterConnectionOfTheSameDevice(IotHubClientProtocol protocol) throws Exception {
        String id = "taken-over-" + protocol;
        try (SdkClient first = SdkClient.openDevice(sdk, protocol, id)) {
            first.client.setRetryPolicy(new NoRetry());
            try (SdkClient second = SdkClient.openDevice(sdk, protocol, id)) {
                first.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
                second.works();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void isDroppedWhenItIsDisabledAndComesInWhenItIsEnabledAgain(IotHubClientProtocol protocol) throws Exception {
        String id = "disabled-" + protocol;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.client.setRetryPolicy(new NoRetry());
            sdk.hub.disableDevice(id);
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
            assertFalse(sdk.hub.isConnected(id));
        }
        assertEquals(IdentityStatus.ENABLED, sdk.hub.addDevice(id).status());
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.works();
        }
    }
}
