// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubStatusCode;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the hub refuses over AMQP, where it can say so: the SDK tells its application, and goes on when it is over. */
@ExtendWith(SdkHubExtension.class)
class DeviceSdkLimitTest {
    private final SdkHub sdk;

    DeviceSdkLimitTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    /** The SDK makes an I/O error of {@code amqp:resource-limit-exceeded}. */
    @ParameterizedTest
    @CsvSource({
        "AMQPS,InvokeMaxMessageQuota,IO_ERROR",
        "AMQPS_WS,InvokeMaxMessageQuota,IO_ERROR",
        "AMQPS,InvokeAuthError,UNAUTHORIZED",
        "AMQPS_WS,InvokeAuthError,UNAUTHORIZED"
    })
    void isRefusedUntilTheFaultThatItAskedForIsOver(IotHubClientProtocol protocol, String type, IotHubStatusCode status)
            throws Exception {
        String id = "limited-" + protocol + "-" + type;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            Message fault = new Message("fault");
            fault.setProperty("AzIoTHub_FaultOperationType", type);
            fault.setProperty("AzIoTHub_FaultOperationDurationInSecs", "60");
            client.client.sendEvent(fault, (int) SdkClient.LIMIT.toMillis());
            assertEquals(
                    status,
                    assertThrows(IotHubClientException.class, client::sends).getStatusCode());
            sdk.hub.endFault(id);
            client.works();
        }
    }
}
