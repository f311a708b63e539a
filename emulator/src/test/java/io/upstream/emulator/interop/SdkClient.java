// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.azure.sdk.iot.device.ClientOptions;
import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.InternalClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubMessageResult;
import com.microsoft.azure.sdk.iot.device.Message;
import com.microsoft.azure.sdk.iot.device.ModuleClient;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.transport.ExponentialBackoffWithJitter;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.RetryDecision;
import com.microsoft.azure.sdk.iot.device.twin.DirectMethodResponse;
import com.microsoft.azure.sdk.iot.device.twin.Twin;
import com.microsoft.azure.sdk.iot.device.twin.TwinCollection;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One client of Microsoft's SDK with all that a test wants to see of it. */
final class SdkClient implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int LIMIT_MILLIS = (int) LIMIT.toMillis();
    /**
     * The SDK loses one of twenty answers to requests about the twin: {@code IotHubTransport.onMessageReceived} wakes the thread that forgets the
     * request before it has told the one that asks. So short waits, and again: each twice as long, for a slow machine.
     */
    private static final int FIRST_TWIN_MILLIS = 250;

    private static final int TWIN_ATTEMPTS = 7;
    private static final int RETRY_MILLIS = 20;

    private final IotHubEmulator hub;
    private final HubIdentity identity;
    final InternalClient client;
    private final BlockingQueue<IotHubConnectionStatus> statuses = new LinkedBlockingQueue<>();
    private volatile Runnable whenRetrying = () -> {};
    private final BlockingQueue<Twin> desired = new LinkedBlockingQueue<>();
    final BlockingQueue<Message> received = new LinkedBlockingQueue<>();
    private volatile IotHubMessageResult result = IotHubMessageResult.COMPLETE;
    private final AtomicInteger counter = new AtomicInteger();

    private SdkClient(IotHubEmulator hub, HubIdentity identity, InternalClient client) {
        this.hub = hub;
        this.identity = identity;
        this.client = client;
        // The SDK's own policy with a shorter patience, for it waits longer than a test.
        client.setRetryPolicy(new ExponentialBackoffWithJitter(Integer.MAX_VALUE, 50, 500, 50, true));
        client.setConnectionStatusChangeCallback(change -> become(change.getNewStatus()), null);
        if (client instanceof DeviceClient device) {
            device.setMessageCallback((message, context) -> take(message), null);
        } else {
            ((ModuleClient) client).setMessageCallback((message, context) -> take(message), null);
        }
    }

    private void become(IotHubConnectionStatus status) {
        if (status == IotHubConnectionStatus.DISCONNECTED_RETRYING) {
            whenRetrying.run();
        }
        statuses.add(status);
    }

    private IotHubMessageResult take(Message message) {
        IotHubMessageResult answer =
                result; // before anybody hears of the message, and wants another answer for the next
        received.add(message);
        return answer;
    }

    static SdkClient device(IotHubEmulator hub, String deviceId, DeviceClient client) {
        return new SdkClient(hub, HubIdentity.device(deviceId), client);
    }

    static SdkClient module(IotHubEmulator hub, String deviceId, String moduleId, ModuleClient client) {
        return new SdkClient(hub, HubIdentity.module(deviceId, moduleId), client);
    }

    /** Registers a device and opens a client for it with everything subscribed. */
    static SdkClient openDevice(SdkHub sdk, IotHubClientProtocol protocol, String deviceId) throws Exception {
        sdk.hub.addDevice(deviceId);
        ClientOptions options = sdk.options(protocol).build();
        SdkClient opened =
                device(sdk.hub, deviceId, new DeviceClient(sdk.hub.connectionString(deviceId), protocol, options));
        opened.open();
        return opened;
    }

    /** With its retry policy: the SDK gives a WebSocket three seconds, which a busy machine may need. */
    void open() throws Exception {
        client.open(true);
        awaitStatus(IotHubConnectionStatus.CONNECTED);
        subscribe();
    }

    /** Methods and desired properties; messages the SDK subscribes to by itself. */
    void subscribe() throws Exception {
        client.subscribeToMethods(
                (name, payload, context) ->
                        new DirectMethodResponse(201, Map.of("name", name, "got", payload.getPayloadAsJsonString())),
                null,
                LIMIT_MILLIS);
        client.subscribeToDesiredProperties((twin, context) -> desired.add(twin), null, LIMIT_MILLIS);
    }

    void answerMessagesWith(IotHubMessageResult with) {
        result = with;
    }

    void awaitStatus(IotHubConnectionStatus wanted) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        StringBuilder seen = new StringBuilder();
        while (true) {
            @Nullable IotHubConnectionStatus status = statuses.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            assertNotNull(status, () -> "the client does not become " + wanted + ", it became" + seen);
            seen.append(' ').append(status);
            if (status == wanted) {
                return;
            }
        }
    }

    /** Away, and back again. */
    void awaitReturn() throws InterruptedException {
        awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        awaitStatus(IotHubConnectionStatus.CONNECTED);
    }

    void forgetStatuses() {
        statuses.clear();
    }

    /** What it became since it was last asked or awaited. */
    List<IotHubConnectionStatus> statuses() {
        return List.copyOf(statuses);
    }

    /** Done by the SDK's own thread, before it tries to come back. */
    void whenRetrying(Runnable action) {
        whenRetrying = action;
    }

    /** Tries without end, and does this before an attempt, the first of which is 0: whatever lasts so long needs no clock. */
    void beforeAttempt(int attempt, Runnable action) {
        client.setRetryPolicy((count, cause) -> {
            if (count == attempt) {
                action.run();
            }
            return new RetryDecision(true, RETRY_MILLIS);
        });
    }

    /**
     * Asks for a fault as the SDK's own end-to-end suite does, where a delay and a duration are five seconds each. Waits for the
     * acknowledgement where the hub gives one.
     */
    void asksFor(IotHubClientProtocol protocol, String type, String delaySeconds, String durationSeconds)
            throws Exception {
        Message message = new Message("fault");
        message.setProperty("AzIoTHub_FaultOperationType", type);
        message.setProperty("AzIoTHub_FaultOperationCloseReason", type.startsWith("ShutDown") ? "byebye" : "Boom");
        message.setProperty("AzIoTHub_FaultOperationDelayInSecs", delaySeconds);
        message.setProperty("AzIoTHub_FaultOperationDurationInSecs", durationSeconds);
        if (type.startsWith("Invoke") || SdkHub.isAmqp(protocol)) {
            client.sendEvent(message, LIMIT_MILLIS);
        } else {
            client.sendEventAsync(message, (sent, failure, context) -> {}, null);
        }
    }

    /** Telemetry, the twin both ways, a method, and for a device a message: each must come through now. */
    void works() throws Exception {
        sends();
        isToldOfDesiredChanges();
        reports();
        answersMethods();
        if (identity.moduleId() == null) {
            completes();
        }
    }

    void sends() throws Exception {
        Message message = new Message("telemetry");
        message.setMessageId(
                identity + " " + counter.incrementAndGet()); // by which the SDK knows it among all of a connection
        client.sendEvent(message, LIMIT_MILLIS);
        assertEquals(1, count(message.getMessageId()), "how often the hub has got what was acknowledged");
    }

    long count(String messageId) {
        return hub.telemetry(identity.deviceId()).stream()
                .filter(each ->
                        messageId.equals(each.message().systemProperties().get("message-id")))
                .count();
    }

    void isToldOfDesiredChanges() throws Exception {
        String patch = "{\"wanted\":" + counter.incrementAndGet() + "}";
        long version = identity.moduleId() == null
                ? hub.patchDesired(identity.deviceId(), patch)
                : hub.patchDesired(identity.deviceId(), identity.moduleId(), patch);
        @Nullable Twin told;
        do {
            told = desired.poll(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
            assertNotNull(told, "nobody tells of desired properties");
        } while (told.getDesiredProperties().getVersion() < version);
        assertEquals(version, told.getDesiredProperties().getVersion().longValue());
    }

    Twin twin() throws Exception {
        return persistently(client::getTwin);
    }

    void reports() throws Exception {
        int number = counter.incrementAndGet();
        persistently(millis -> {
            TwinCollection reported = client.getTwin(millis).getReportedProperties();
            reported.put("number", number);
            return client.updateReportedProperties(reported, millis);
        });
        var twin = identity.moduleId() == null
                ? hub.twin(identity.deviceId())
                : hub.twin(identity.deviceId(), identity.moduleId());
        assertEquals(number, twin.at("/properties/reported/number").intValue());
        assertEquals(number, ((Number) twin().getReportedProperties().get("number")).intValue());
    }

    /** What the SDK does within a limit. */
    private interface Request<T> {
        T make(int millis) throws IotHubClientException, InterruptedException;
    }

    private static <T> T persistently(Request<T> request) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                return request.make(FIRST_TWIN_MILLIS << (attempt - 1));
            } catch (IotHubClientException e) {
                if (attempt == TWIN_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    void answersMethods() throws Exception {
        String payload = "{\"delay\":" + counter.incrementAndGet() + "}";
        MethodAnswer answer = identity.moduleId() == null
                ? hub.invokeMethod(identity.deviceId(), "reboot", payload, LIMIT)
                : hub.invokeMethod(identity.deviceId(), identity.moduleId(), "reboot", payload, LIMIT);
        assertEquals(201, answer.status());
        String body = new String(answer.payload(), StandardCharsets.UTF_8);
        assertTrue(body.contains("\"reboot\"") && body.contains("delay"), body);
    }

    void completes() throws Exception {
        String text = "message " + counter.incrementAndGet();
        SentMessage sent = hub.sendToDevice(
                identity.deviceId(), new HubMessage(Map.of(), Map.of("k", "v"), text.getBytes(StandardCharsets.UTF_8)));
        assertEquals(text, new String(receive().getBytes(), StandardCharsets.UTF_8));
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(LIMIT));
    }

    Message receive() throws InterruptedException {
        @Nullable Message message = received.poll(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        assertNotNull(message, "no message comes to " + identity);
        return message;
    }

    @Override
    public void close() {
        client.close();
    }
}
