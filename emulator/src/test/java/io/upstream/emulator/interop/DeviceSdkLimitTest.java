// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubStatusCode;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.NoRetry;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the hub refuses because a client has asked for it, as the end-to-end suite of the SDK does: telemetry, for being too much or without permission.
 * Over AMQP the hub can say so, over MQTT it can only close the connection. What ends connections is in {@link DeviceSdkFaultTest}.
 */
@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkLimitTest {
    private final SdkHub sdk;

    DeviceSdkLimitTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    /** The SDK makes an I/O error of {@code amqp:resource-limit-exceeded}. */
    @ParameterizedTest
    @CsvSource({
        "AMQPS,InvokeThrottling,THROTTLED",
        "AMQPS_WS,InvokeThrottling,THROTTLED",
        "AMQPS,InvokeMaxMessageQuota,IO_ERROR",
        "AMQPS_WS,InvokeMaxMessageQuota,IO_ERROR",
        "AMQPS,InvokeAuthError,UNAUTHORIZED",
        "AMQPS_WS,InvokeAuthError,UNAUTHORIZED"
    })
    void saysWhyAMessageIsRefused(IotHubClientProtocol protocol, String type, IotHubStatusCode status)
            throws Exception {
        String id = "limited-" + protocol + "-" + type;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.client.setRetryPolicy(new NoRetry());
            client.asksFor(protocol, type, "0", "60");
            client.forgetStatuses();
            assertEquals(
                    status,
                    assertThrows(IotHubClientException.class, client::sends).getStatusCode());
            sdk.hub.endFault(id);
            client.works();
            assertEquals(List.of(), client.statuses());
        }
    }

    @ParameterizedTest
    @CsvSource({"AMQPS", "AMQPS_WS"})
    void sendsAgainOverAmqpWhatWasTooMuch(IotHubClientProtocol protocol) throws Exception {
        String id = "throttled-" + protocol;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.asksFor(protocol, "InvokeThrottling", "0", "60");
            client.forgetStatuses();
            client.beforeAttempt(2, () -> sdk.hub.endFault(id));
            client.sends();
            assertEquals(List.of(), client.statuses());
        }
    }

    /**
     * The connection is closed at the message, which is sent again on the next. The limit is over before that: two losses in quick succession are more than
     * the SDK can take. If the second comes while {@code IotHubTransport.updateStatus} of its reconnecting thread is still telling of the first one's end,
     * the status of the connection and that of its only device part, and it reconnects a multiplexed device that is none for ever, a
     * {@code ClassCastException} each time.
     */
    @ParameterizedTest
    @CsvSource({
        "MQTT,InvokeThrottling",
        "MQTT_WS,InvokeThrottling",
        "MQTT,InvokeMaxMessageQuota",
        "MQTT_WS,InvokeMaxMessageQuota"
    })
    void sendsAgainOverMqttWhatWasTooMuch(IotHubClientProtocol protocol, String type) throws Exception {
        String id = "limited-" + protocol + "-" + type;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.asksFor(protocol, type, "0", "60");
            client.whenRetrying(() -> sdk.hub.endFault(id));
            assertSendsOnNextConnection(client);
            client.works();
        }
    }

    /** The connection is closed at the message, and no other opened until the hub trusts the device again. */
    @ParameterizedTest
    @CsvSource({"MQTT", "MQTT_WS"})
    void sendsAgainOverMqttWhatWasUnauthorized(IotHubClientProtocol protocol) throws Exception {
        String id = "unauthorized-" + protocol;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.asksFor(protocol, "InvokeAuthError", "0", "60");
            client.beforeAttempt(2, () -> sdk.hub.endFault(id));
            assertSendsOnNextConnection(client);
            client.works();
        }
    }

    private static void assertSendsOnNextConnection(SdkClient client) throws Exception {
        client.forgetStatuses();
        client.sends();
        client.awaitReturn();
        assertEquals(List.of(), client.statuses());
    }

    /** As when the day's messages are used up and nobody does anything about it. */
    @ParameterizedTest
    @CsvSource({
        "MQTT,InvokeThrottling",
        "MQTT_WS,InvokeThrottling",
        "MQTT,InvokeMaxMessageQuota",
        "MQTT_WS,InvokeMaxMessageQuota",
        "MQTT,InvokeAuthError",
        "MQTT_WS,InvokeAuthError"
    })
    void losesItsConnectionOverMqttWhereItMayNotTryAgain(IotHubClientProtocol protocol, String type) throws Exception {
        String id = "over-" + protocol + "-" + type;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.client.setRetryPolicy(new NoRetry());
            client.asksFor(protocol, type, "0", "60");
            assertThrows(IotHubClientException.class, client::sends);
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
            assertEquals(List.of(), sdk.hub.telemetry(id));
        }
    }
}
