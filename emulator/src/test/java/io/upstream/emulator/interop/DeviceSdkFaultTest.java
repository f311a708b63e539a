// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.NoRetry;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What ends a connection, a session or a link: all that the end-to-end suite of the SDK asks for, over each protocol that has such a thing, and what the
 * laboratory adds. What refuses instead is in {@link DeviceSdkLimitTest}. Each row has a client of its own, and the rows wait side by side.
 */
@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkFaultTest {
    private final SdkHub sdk;

    DeviceSdkFaultTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    static Stream<Arguments> endings() {
        return Stream.concat(
                over("MQTT", "KillTcp", "ShutDownMqtt"),
                over(
                        "AMQPS",
                        "KillTcp",
                        "KillAmqpConnection",
                        "KillAmqpSession",
                        "KillAmqpCBSLinkReq",
                        "KillAmqpCBSLinkResp",
                        "KillAmqpD2CLink",
                        "KillAmqpC2DLink",
                        "KillAmqpTwinLinkReq",
                        "KillAmqpTwinLinkResp",
                        "KillAmqpMethodReqLink",
                        "KillAmqpMethodRespLink",
                        "ShutDownAmqp"));
    }

    private static Stream<Arguments> over(String protocol, String... types) {
        return Stream.of(protocol, protocol + "_WS")
                .map(IotHubClientProtocol::valueOf)
                .flatMap(each -> Stream.of(types).map(type -> Arguments.of(each, type)));
    }

    @ParameterizedTest
    @MethodSource("endings")
    void comesBackFromWhatItHasAskedFor(IotHubClientProtocol protocol, String type) throws Exception {
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, "asks-" + protocol + "-" + type)) {
            client.sends();
            client.asksFor(protocol, type, "0.1", "0");
            client.awaitReturn();
            client.works();
        }
    }

    /** Twice it finds the fault still there. */
    @ParameterizedTest
    @CsvSource({
        "MQTT,KillTcp",
        "MQTT_WS,KillTcp",
        "AMQPS,KillTcp",
        "AMQPS_WS,KillTcp",
        "MQTT,ShutDownMqtt",
        "MQTT_WS,ShutDownMqtt",
        "AMQPS,ShutDownAmqp",
        "AMQPS_WS,ShutDownAmqp",
        "AMQPS,KillAmqpConnection",
        "AMQPS_WS,KillAmqpConnection"
    })
    void triesAsLongAsTheFaultLasts(IotHubClientProtocol protocol, String type) throws Exception {
        String id = "tries-" + protocol + "-" + type;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.beforeAttempt(2, () -> sdk.hub.endFault(id));
            client.asksFor(protocol, type, "0.1", "60");
            client.awaitReturn();
            client.sends();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void saysThatItIsLostWhereItMayNotTryAgain(IotHubClientProtocol protocol) throws Exception {
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, "lost-" + protocol)) {
            client.client.setRetryPolicy(new NoRetry());
            client.asksFor(protocol, "KillTcp", "0.1", "60");
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void sendsAgainWhatWasTakenAndNotAcknowledged(IotHubClientProtocol protocol) throws Exception {
        String id = "twice-" + protocol;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            sdk.hub.inject(id, Fault.now(FaultKind.LOST_ACK));
            Message message = new Message("twice");
            message.setMessageId("lost-ack");
            client.client.sendEvent(message, (int) SdkClient.LIMIT.toMillis());
            assertEquals(2, client.count("lost-ack"));
            client.awaitReturn();
            client.sends();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MQTT", "MQTT_WS"})
    void comesBackOverMqttWhenItIsNoLongerDisabled(IotHubClientProtocol protocol) throws Exception {
        String id = "paused-" + protocol;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.beforeAttempt(2, () -> sdk.hub.endFault(id));
            sdk.hub.inject(id, Fault.now(FaultKind.DISABLE));
            client.awaitReturn();
            client.sends();
        }
    }

    /** AMQP says why, and to the SDK that is final: it connects once more and then gives up, whatever became of that. */
    @ParameterizedTest
    @EnumSource(names = {"AMQPS", "AMQPS_WS"})
    void givesUpOverAmqpWhenItIsDisabled(IotHubClientProtocol protocol) throws Exception {
        String id = "paused-" + protocol;
        try (SdkClient client = SdkClient.openDevice(sdk, protocol, id)) {
            client.beforeAttempt(0, () -> sdk.hub.endFault(id));
            sdk.hub.inject(id, Fault.now(FaultKind.DISABLE));
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
        }
    }
}
