// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.Message;
import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.proxy.AccessRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkTelemetryTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final SdkHub sdk;

    DeviceSdkTelemetryTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void sendsTelemetryWithSystemAndApplicationProperties(IotHubClientProtocol protocol) throws Exception {
        String id = "telemetry-" + protocol;
        sdk.hub.addDevice(id);
        DeviceClient client = new DeviceClient(
                sdk.hub.connectionString(id), protocol, sdk.options(protocol).build());
        client.open(true);
        try {
            sendsAMessage(client, id);
        } finally {
            client.close();
        }
    }

    private void sendsAMessage(DeviceClient client, String id) throws Exception {
        Message message = new Message("{\"t\":21.5}");
        message.setMessageId("m 1/ü");
        message.setCorrelationId("c-1");
        message.setContentType("application/json");
        message.setContentEncoding("utf-8");
        message.setProperty("alert", "a b&c=d%2F");
        message.setProperty("k 1", "é/#+");
        client.sendEvent(message);
        TelemetryRecord came = sdk.hub.awaitTelemetry(id, 1, LIMIT).get(0);
        assertArrayEquals(
                "{\"t\":21.5}".getBytes(StandardCharsets.UTF_8), came.message().body());
        Map<String, String> system = came.message().systemProperties();
        assertEquals("m 1/ü", system.get("message-id"));
        assertEquals("c-1", system.get("correlation-id"));
        assertEquals("application/json", system.get("content-type"));
        assertEquals("utf-8", system.get("content-encoding"));
        assertEquals(
                Map.of("alert", "a b&c=d%2F", "k 1", "é/#+"), came.message().properties());
        assertEquals(1, sdk.hub.telemetry(id).size());
    }

    @ParameterizedTest
    @EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
    void sendsTelemetryWithACertificateInPlaceOfAToken(IotHubClientProtocol protocol) throws Exception {
        String id = "certified-" + protocol;
        sdk.hub.addDevice(id, new Authentication.CertificateAuthority());
        DeviceClient client = new DeviceClient(
                sdk.hub.connectionString(id),
                protocol,
                sdk.certified(protocol, id).build());
        client.open(true);
        try {
            sendsAMessage(client, id);
        } finally {
            client.close();
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @EnumSource(names = {"MQTT_WS", "AMQPS_WS"})
    void sendsTelemetryThroughAProxyThatAsksForCredentials(IotHubClientProtocol protocol) throws Exception {
        String id = "proxied-" + protocol;
        sdk.hub.addDevice(id);
        int before = sdk.proxy().accessLog().size();
        DeviceClient client = new DeviceClient(
                sdk.hub.connectionString(id),
                protocol,
                sdk.options(protocol).proxySettings(sdk.proxySettings()).build());
        client.open(true);
        try {
            sendsAMessage(client, id);
        } finally {
            client.close();
        }
        List<AccessRecord> requests = sdk.proxy().accessLog();
        assertTrue(
                requests.subList(before, requests.size()).stream().anyMatch(each -> each.status() == 200),
                "the client went past the proxy");
    }
}
