// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.azure.sdk.iot.device.DeviceClient;
import com.microsoft.azure.sdk.iot.device.IotHubClientProtocol;
import com.microsoft.azure.sdk.iot.device.IotHubStatusCode;
import com.microsoft.azure.sdk.iot.device.MultiplexingClient;
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.exceptions.MultiplexingClientRegistrationException;
import com.microsoft.azure.sdk.iot.device.transport.ExponentialBackoffWithJitter;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.NoRetry;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several devices on one connection, and what the others have of it when something happens to one: nothing, unless it is the connection's. */
@ParameterizedClass
@EnumSource(names = {"AMQPS", "AMQPS_WS"})
@ExtendWith(SdkHubExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkMultiplexingTest {
    private static final int SIBLINGS = 3;
    /** Those to which things happen, each in one test. */
    private static final List<String> VICTIMS = List.of(
            "KillAmqpSession",
            "KillAmqpD2CLink",
            "KillAmqpTwinLinkResp",
            "InvokeAuthError",
            "InvokeMaxMessageQuota",
            "InvokeThrottling",
            "away",
            "disabled");
    private static final long LIMIT_MILLIS = SdkClient.LIMIT.toMillis();

    @Parameter
    private IotHubClientProtocol protocol;

    private SdkHub sdk;
    private MultiplexingClient multiplexer;
    private final List<SdkClient> siblings = new ArrayList<>();
    private final Map<String, SdkClient> victims = new HashMap<>();

    @BeforeParameterizedClassInvocation
    void openClients(IotHubClientProtocol protocol, SdkHub shared) throws Exception {
        sdk = shared;
        siblings.clear();
        for (int i = 0; i < SIBLINGS; i++) {
            siblings.add(device(protocol, "sibling-" + protocol + "-" + i));
        }
        VICTIMS.forEach(each -> victims.put(each, device(protocol, victim(protocol, each))));
        multiplexer = new MultiplexingClient(sdk.hub.hostName(), protocol, sdk.multiplexing(protocol));
        multiplexer.setRetryPolicy(new ExponentialBackoffWithJitter(Integer.MAX_VALUE, 50, 500, 50, true));
        multiplexer.registerDeviceClients(Stream.concat(siblings.stream(), victims.values().stream())
                .map(each -> (DeviceClient) each.client)
                .toList());
        multiplexer.open(false);
        for (SdkClient each : siblings) {
            each.awaitStatus(IotHubConnectionStatus.CONNECTED);
            each.subscribe();
        }
        for (SdkClient each : victims.values()) {
            each.awaitStatus(IotHubConnectionStatus.CONNECTED);
        }
    }

    private static String victim(IotHubClientProtocol protocol, String what) {
        return "victim-" + protocol + "-" + what;
    }

    private SdkClient device(IotHubClientProtocol protocol, String id) {
        sdk.hub.addDevice(id);
        return client(protocol, id, sdk.hub.connectionString(id));
    }

    private SdkClient client(IotHubClientProtocol protocol, String id, String connectionString) {
        return SdkClient.device(
                sdk.hub,
                id,
                new DeviceClient(
                        connectionString, protocol, sdk.options(protocol).build()));
    }

    /** The device for a test, when all is quiet. */
    private SdkClient victim(String what) {
        siblings.forEach(SdkClient::forgetStatuses);
        SdkClient victim = Objects.requireNonNull(victims.get(what));
        victim.forgetStatuses();
        return victim;
    }

    private void siblingsGoOn() throws Exception {
        for (SdkClient each : siblings) {
            each.sends();
            assertEquals(List.of(), each.statuses());
        }
    }

    @AfterParameterizedClassInvocation
    void closeClients() {
        multiplexer.close();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void carriesEveryDevice() throws Exception {
        for (SdkClient each : siblings) {
            each.works();
        }
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void takesInAndLetsGoDevicesWhileItIsOpen() throws Exception {
        siblings.forEach(SdkClient::forgetStatuses);
        String id = "late-" + protocol;
        SdkClient late = device(protocol, id);
        multiplexer.registerDeviceClient((DeviceClient) late.client, LIMIT_MILLIS);
        late.awaitStatus(IotHubConnectionStatus.CONNECTED);
        late.subscribe();
        late.works();
        assertTrue(sdk.hub.isConnected(id));
        multiplexer.unregisterDeviceClient((DeviceClient) late.client, LIMIT_MILLIS);
        assertFalse(multiplexer.isDeviceRegistered(id));
        assertEquals(SIBLINGS + VICTIMS.size(), multiplexer.getRegisteredDeviceCount());
        siblingsGoOn();
    }

    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @ValueSource(strings = {"KillAmqpSession", "KillAmqpD2CLink", "KillAmqpTwinLinkResp"})
    void losesNoOtherDeviceWithOneThatAsksForAFault(String type) throws Exception {
        SdkClient faulty = victim(type);
        faulty.subscribe();
        faulty.asksFor(protocol, type, "0.1", "0");
        faulty.awaitReturn();
        faulty.works();
        siblingsGoOn();
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void losesNoOtherDeviceWhileOneIsAway() throws Exception {
        SdkClient away = victim("away");
        away.asksFor(protocol, "KillAmqpSession", "0.1", "60");
        away.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        siblingsGoOn();
        sdk.hub.endFault(victim(protocol, "away"));
        away.sends();
        siblingsGoOn();
    }

    /** Three are away at once; the SDK brings them back one after the other. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void bringsBackAllThatAskForAFaultAtOnce() throws Exception {
        siblings.forEach(SdkClient::forgetStatuses);
        for (SdkClient each : siblings) {
            each.asksFor(protocol, "KillAmqpSession", "0.1", "0");
        }
        for (SdkClient each : siblings) {
            each.awaitReturn();
            each.works();
        }
    }

    /** What the hub refuses is the message: the session stays. */
    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @CsvSource({"InvokeAuthError,UNAUTHORIZED", "InvokeMaxMessageQuota,IO_ERROR", "InvokeThrottling,THROTTLED"})
    void refusesTheMessagesOfOneDeviceOnly(String type, IotHubStatusCode status) throws Exception {
        SdkClient refused = victim(type);
        refused.client.setRetryPolicy(new NoRetry());
        refused.asksFor(protocol, type, "0", "60");
        assertEquals(
                status,
                assertThrows(IotHubClientException.class, refused::sends).getStatusCode());
        siblingsGoOn();
        sdk.hub.endFault(victim(protocol, type));
        refused.sends();
        assertEquals(List.of(), refused.statuses());
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void refusesADeviceWithTheKeyOfAnother() throws Exception {
        String id = "wrong-" + protocol;
        sdk.hub.addDevice(id);
        SdkClient wrong = client(
                protocol,
                id,
                sdk.hub.connectionString("sibling-" + protocol + "-0").replace("sibling-" + protocol + "-0", id));
        siblings.forEach(SdkClient::forgetStatuses);
        MultiplexingClientRegistrationException refusal = assertThrows(
                MultiplexingClientRegistrationException.class,
                () -> multiplexer.registerDeviceClient((DeviceClient) wrong.client, LIMIT_MILLIS));
        IotHubClientException cause = assertInstanceOf(
                IotHubClientException.class, refusal.getRegistrationExceptions().get(id));
        assertEquals(IotHubStatusCode.UNAUTHORIZED, cause.getStatusCode());
        assertFalse(multiplexer.isDeviceRegistered(id));
        siblingsGoOn();
    }

    /** The SDK takes it for final that the device may not connect. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void losesNoOtherDeviceWithOneThatIsDisabled() throws Exception {
        SdkClient disabled = victim("disabled");
        sdk.hub.disableDevice(victim(protocol, "disabled"));
        disabled.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        disabled.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
        siblingsGoOn();
        assertFalse(sdk.hub.isConnected(victim(protocol, "disabled")));
    }

    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @EnumSource(names = {"KILL_TCP", "KILL_CONNECTION", "SHUT_DOWN"})
    void comesBackWithEveryDeviceWhenTheConnectionIsLost(FaultKind kind) throws Exception {
        siblings.forEach(SdkClient::forgetStatuses);
        sdk.hub.inject("sibling-" + protocol + "-1", Fault.now(kind));
        for (SdkClient each : siblings) {
            each.awaitReturn();
        }
        for (SdkClient each : siblings) {
            each.sends();
        }
    }
}
