// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.ModuleClient;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.hub.TelemetryRecord;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Modules, at the hub itself and at a hub that is their edge gateway. */
@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkModuleTest {
    private final SdkHub sdk;

    DeviceSdkModuleTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    private SdkClient open(IotHubClientProtocol protocol, String deviceId, String more) throws Exception {
        sdk.hub.addDevice(deviceId);
        sdk.hub.addModule(deviceId, "m-1");
        ModuleClient module = new ModuleClient(
                sdk.hub.connectionString(deviceId, "m-1") + more,
                protocol,
                sdk.options(protocol).build());
        SdkClient client = SdkClient.module(sdk.hub, deviceId, "m-1", module);
        client.open();
        return client;
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void doesWhatAModuleDoesAndComesBackWhenTheNetworkHasFailed(IotHubClientProtocol protocol) throws Exception {
        String device = "modules-" + protocol;
        try (SdkClient client = open(protocol, device, "")) {
            client.works();
            client.forgetStatuses();
            sdk.hub.inject(device, "m-1", Fault.now(FaultKind.KILL_TCP));
            client.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
            client.awaitStatus(IotHubConnectionStatus.CONNECTED);
            client.works();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void hasInputsAndOutputsBehindAGateway(IotHubClientProtocol protocol) throws Exception {
        String device = "gateway-" + protocol;
        try (SdkClient client = open(protocol, device, ";GatewayHostName=" + sdk.hub.hostName())) {
            Message out = new Message("out");
            out.setMessageId("out-1");
            ((ModuleClient) client.client).sendEvent(out, "out1");
            TelemetryRecord came = sdk.hub.telemetry(device).get(0);
            assertEquals("out1", came.message().systemProperties().get("output-name"));
            assertEquals("m-1", came.identity().moduleId());
            SentMessage sent = sdk.hub.sendToInput(
                    device,
                    "m-1",
                    "in1",
                    new HubMessage(Map.of(), Map.of("k", "v"), "in".getBytes(StandardCharsets.UTF_8)));
            Message in = client.receive();
            assertEquals("in1", in.getInputName());
            assertEquals("v", in.getProperty("k"));
            assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SdkClient.LIMIT));
        }
    }
}
