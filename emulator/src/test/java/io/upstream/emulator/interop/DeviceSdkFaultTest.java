// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The faults that the end-to-end suite of the SDK asks for, and what the laboratory lets go wrong. One client for all faults of a protocol. */
@ParameterizedClass
@EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
@ExtendWith(SdkHubExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceSdkFaultTest {
    private static final int SEND_MILLIS = 20_000;

    @Parameter
    private IotHubClientProtocol protocol;

    private SdkHub sdk;
    private String id;
    private SdkClient client;

    @BeforeParameterizedClassInvocation
    void openClient(IotHubClientProtocol protocol, SdkHub shared) throws Exception {
        sdk = shared;
        id = "faults-" + protocol;
        client = SdkClient.openDevice(sdk, protocol, id);
    }

    @AfterParameterizedClassInvocation
    void closeClient() {
        client.close();
    }

    private boolean overAmqp() {
        return protocol == IotHubClientProtocol.AMQPS || protocol == IotHubClientProtocol.AMQPS_WS;
    }

    Stream<String> faultsThatEnd() {
        if (!overAmqp()) {
            return Stream.of("KillTcp", "ShutDownMqtt");
        }
        Stream<String> narrow = Stream.of(
                "KillTcp",
                "KillAmqpSession",
                "KillAmqpCBSLinkReq",
                "KillAmqpCBSLinkResp",
                "KillAmqpD2CLink",
                "KillAmqpC2DLink",
                "KillAmqpTwinLinkReq",
                "KillAmqpTwinLinkResp",
                "KillAmqpMethodReqLink",
                "KillAmqpMethodRespLink");
        // Not over WebSocket: more often than not the SDK's layer for it (qpid-proton-j-extensions 1.2.4) never returns
        // from the read that
        // brings an AMQP close. It spins in WebSocketImpl.processInput, and the client is deaf from then on.
        return protocol == IotHubClientProtocol.AMQPS
                ? Stream.concat(narrow, Stream.of("KillAmqpConnection", "ShutDownAmqp"))
                : narrow;
    }

    /** With a short delay in place of the five seconds of the SDK's own suite. */
    @ParameterizedTest
    @MethodSource("faultsThatEnd")
    void reconnectsAndGoesOn(String type) throws Exception {
        client.forgetStatuses();
        client.client.sendEventAsync(fault(type, "0.1", "0"), (message, failure, context) -> {}, null);
        client.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        client.awaitStatus(IotHubConnectionStatus.CONNECTED);
        client.works();
    }

    private static Message fault(String type, String delay, String duration) {
        Message message = new Message("fault");
        message.setProperty("AzIoTHub_FaultOperationType", type);
        message.setProperty("AzIoTHub_FaultOperationCloseReason", type.startsWith("ShutDown") ? "byebye" : "Boom");
        message.setProperty("AzIoTHub_FaultOperationDelayInSecs", delay);
        message.setProperty("AzIoTHub_FaultOperationDurationInSecs", duration);
        return message;
    }

    @Test
    void staysAwayAsLongAsTheFaultLasts() throws Exception {
        client.forgetStatuses();
        long before = System.nanoTime();
        client.client.sendEventAsync(fault("KillTcp", "0.2", "1"), (message, failure, context) -> {}, null);
        client.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        client.sends();
        Duration away = Duration.ofNanos(System.nanoTime() - before);
        assertTrue(away.compareTo(Duration.ofMillis(1_200)) >= 0, "telemetry comes through again after " + away);
        client.works();
    }

    @Test
    void sendsAgainWhatWasTakenAndNotAcknowledged() throws Exception {
        sdk.hub.inject(id, Fault.now(FaultKind.LOST_ACK));
        Message message = new Message("twice");
        message.setMessageId("lost-ack");
        client.client.sendEvent(message, SEND_MILLIS);
        assertEquals(
                2,
                sdk.hub.telemetry(id).stream()
                        .filter(each -> "lost-ack"
                                .equals(each.message().systemProperties().get("message-id")))
                        .count());
        client.works();
    }

    @Test
    void isThrottledForAWhile() throws Exception {
        sdk.hub.inject(id, Fault.lasting(FaultKind.THROTTLE, Duration.ofMillis(500)));
        long before = System.nanoTime();
        client.sends();
        Duration away = Duration.ofNanos(System.nanoTime() - before);
        assertTrue(away.compareTo(Duration.ofMillis(500)) >= 0, "telemetry comes through again after " + away);
        client.works();
    }
}
