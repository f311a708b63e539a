// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubMessageResult;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.twin.Twin;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What one device does in quiet times, one client for all tests of a protocol. */
@ParameterizedClass
@EnumSource(names = "HTTPS", mode = EnumSource.Mode.EXCLUDE)
@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkTest {
    private static final Map<IotHubClientProtocol, SdkClient> CLIENTS = new ConcurrentHashMap<>();

    @Parameter
    private IotHubClientProtocol protocol;

    private final SdkHub sdk;
    private String id;
    private SdkClient client;

    DeviceSdkTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    @BeforeParameterizedClassInvocation
    static void openClient(IotHubClientProtocol protocol, SdkHub sdk) throws Exception {
        CLIENTS.put(protocol, SdkClient.openDevice(sdk, protocol, "device-" + protocol));
    }

    @BeforeEach
    void findClient() {
        id = "device-" + protocol;
        client = Objects.requireNonNull(CLIENTS.get(protocol));
    }

    @AfterParameterizedClassInvocation
    static void closeClient(IotHubClientProtocol protocol) {
        Objects.requireNonNull(CLIENTS.remove(protocol)).close();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void doesEverythingThatADeviceDoes() throws Exception {
        client.works();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void readsThePropertiesOfAMessage() throws Exception {
        Map<String, String> system = Map.of(
                "message-id",
                "m-1",
                "correlation-id",
                "c 1",
                "content-type",
                "text/plain",
                "content-encoding",
                "utf-8");
        SentMessage sent = sdk.hub.sendToDevice(
                id, new HubMessage(system, Map.of("k 1", "v=%&/é", "k2", "v2"), new byte[] {0, -1, 7}));
        Message message = client.receive();
        assertEquals("m-1", message.getMessageId());
        assertEquals("c 1", message.getCorrelationId());
        assertEquals("text/plain", message.getContentType());
        assertEquals("utf-8", message.getContentEncoding());
        assertEquals("v=%&/é", message.getProperty("k 1"));
        assertEquals("v2", message.getProperty("k2"));
        assertEquals(-1, message.getBytes()[1]);
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SdkClient.LIMIT));
    }

    /** MQTT has no word for it: there the SDK acknowledges, whatever the application says. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void rejectsAMessage() throws Exception {
        SentMessage sent = receive(IotHubMessageResult.REJECT);
        assertEquals(
                overAmqp() ? CloudMessageState.REJECTED : CloudMessageState.COMPLETED,
                sent.awaitOutcome(SdkClient.LIMIT));
        client.answerMessagesWith(IotHubMessageResult.COMPLETE);
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void getsAMessageAgainThatItHasAbandoned() throws Exception {
        SentMessage sent = receive(IotHubMessageResult.ABANDON);
        client.answerMessagesWith(IotHubMessageResult.COMPLETE);
        if (overAmqp()) {
            client.receive();
        }
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SdkClient.LIMIT));
        client.received.clear();
    }

    private SentMessage receive(IotHubMessageResult result) throws Exception {
        client.answerMessagesWith(result);
        byte[] body = result.toString().getBytes(StandardCharsets.UTF_8);
        SentMessage sent = sdk.hub.sendToDevice(id, new HubMessage(Map.of(), Map.of(), body));
        client.receive();
        return sent;
    }

    private boolean overAmqp() {
        return protocol == IotHubClientProtocol.AMQPS || protocol == IotHubClientProtocol.AMQPS_WS;
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void readsWhatTheServiceWants() throws Exception {
        long version = sdk.hub.patchDesired(id, "{\"mode\":{\"night\":true},\"öl\":1.5}");
        Twin twin = client.twin();
        assertEquals(version, twin.getDesiredProperties().getVersion().longValue());
        assertEquals(1.5, twin.getDesiredProperties().get("öl"));
        client.isToldOfDesiredChanges();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void comesBackWhenTheNetworkHasFailed() throws Exception {
        client.forgetStatuses();
        sdk.hub.closeConnectionsOf(id);
        client.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        client.awaitStatus(IotHubConnectionStatus.CONNECTED);
        client.works();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void getsWhatWasSentWhileItWasAway() throws Exception {
        client.client.close();
        SentMessage sent =
                sdk.hub.sendToDevice(id, new HubMessage(Map.of(), Map.of(), "later".getBytes(StandardCharsets.UTF_8)));
        client.client.open(true);
        client.subscribe();
        assertEquals("later", new String(client.receive().getBytes(), StandardCharsets.UTF_8));
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SdkClient.LIMIT));
        client.works();
    }
}
