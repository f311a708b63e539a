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
import com.microsoft.azure.sdk.iot.device.exceptions.IotHubClientException;
import com.microsoft.azure.sdk.iot.device.exceptions.MultiplexingClientRegistrationException;
import com.microsoft.azure.sdk.iot.device.transport.IotHubConnectionStatus;
import com.microsoft.azure.sdk.iot.device.transport.NoRetry;
import com.microsoft.azure.sdk.iot.device.transport.https.exceptions.UnauthorizedException;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import java.util.List;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several devices on one connection, and what the others have of it when something happens to one: nothing, unless it is the connection's. */
@ParameterizedClass
@EnumSource(names = {"AMQPS", "AMQPS_WS"})
@ExtendWith(SdkHubExtension.class)
@Execution(ExecutionMode.CONCURRENT)
class DeviceSdkMultiplexingTest {
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

    private static final Map<IotHubClientProtocol, SdkFleet> FLEETS = new ConcurrentHashMap<>();

    @Parameter
    private IotHubClientProtocol protocol;

    private final SdkHub sdk;
    private SdkFleet fleet;

    DeviceSdkMultiplexingTest(SdkHub sdk) {
        this.sdk = sdk;
    }

    @BeforeParameterizedClassInvocation
    static void openFleet(IotHubClientProtocol protocol, SdkHub sdk) throws Exception {
        FLEETS.put(protocol, SdkFleet.open(sdk, protocol, VICTIMS));
    }

    @BeforeEach
    void join() {
        fleet = Objects.requireNonNull(FLEETS.get(protocol));
    }

    @AfterParameterizedClassInvocation
    static void closeFleet(IotHubClientProtocol protocol) {
        Objects.requireNonNull(FLEETS.remove(protocol)).close();
    }

    private void siblingsGoOn() throws Exception {
        for (SdkClient each : fleet.siblings) {
            each.sends();
            assertEquals(List.of(), each.statuses());
        }
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void carriesEveryDevice() throws Exception {
        for (SdkClient each : fleet.siblings) {
            each.works();
        }
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void takesInAndLetsGoDevicesWhileItIsOpen() throws Exception {
        fleet.siblings.forEach(SdkClient::forgetStatuses);
        String id = "late-" + protocol;
        SdkClient late = fleet.device(id);
        fleet.multiplexer.registerDeviceClient((DeviceClient) late.client, LIMIT_MILLIS);
        late.awaitStatus(IotHubConnectionStatus.CONNECTED);
        late.subscribe();
        late.works();
        assertTrue(sdk.hub.isConnected(id));
        fleet.multiplexer.unregisterDeviceClient((DeviceClient) late.client, LIMIT_MILLIS);
        assertFalse(fleet.multiplexer.isDeviceRegistered(id));
        assertEquals(fleet.size(), fleet.multiplexer.getRegisteredDeviceCount());
        siblingsGoOn();
    }

    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @ValueSource(strings = {"KillAmqpSession", "KillAmqpD2CLink", "KillAmqpTwinLinkResp"})
    void losesNoOtherDeviceWithOneThatAsksForAFault(String type) throws Exception {
        SdkClient faulty = fleet.victim(type);
        faulty.subscribe();
        faulty.asksFor(protocol, type, "0.1", "0");
        faulty.awaitReturn();
        faulty.works();
        siblingsGoOn();
    }

    /** Nothing is sent for the one meanwhile: the SDK would write it to the session that has ended, and not again. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void losesNoOtherDeviceWhileOneIsAway() throws Exception {
        SdkClient away = fleet.victim("away");
        away.asksFor(protocol, "KillAmqpSession", "0.1", "60");
        away.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        siblingsGoOn();
        sdk.hub.endFault(fleet.id("away"));
        away.awaitStatus(IotHubConnectionStatus.CONNECTED);
        away.sends();
        siblingsGoOn();
    }

    /** Three are away at once; the SDK brings them back one after the other. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void bringsBackAllThatAskForAFaultAtOnce() throws Exception {
        fleet.siblings.forEach(SdkClient::forgetStatuses);
        for (SdkClient each : fleet.siblings) {
            each.asksFor(protocol, "KillAmqpSession", "0.1", "0");
        }
        for (SdkClient each : fleet.siblings) {
            each.awaitReturn();
            each.sends();
        }
    }

    /** What the hub refuses is the message: the session stays. */
    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @CsvSource({"InvokeAuthError,UNAUTHORIZED", "InvokeMaxMessageQuota,IO_ERROR", "InvokeThrottling,THROTTLED"})
    void refusesTheMessagesOfOneDeviceOnly(String type, IotHubStatusCode status) throws Exception {
        SdkClient refused = fleet.victim(type);
        refused.client.setRetryPolicy(new NoRetry());
        refused.asksFor(protocol, type, "0", "60");
        assertEquals(
                status,
                assertThrows(IotHubClientException.class, refused::sends).getStatusCode());
        siblingsGoOn();
        sdk.hub.endFault(fleet.id(type));
        refused.sends();
        assertEquals(List.of(), refused.statuses());
    }

    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void refusesADeviceWithTheKeyOfAnother() throws Exception {
        String id = "wrong-" + protocol;
        sdk.hub.addDevice(id);
        String another = fleet.sibling(0);
        SdkClient wrong = fleet.client(id, sdk.hub.connectionString(another).replace(another, id));
        fleet.siblings.forEach(SdkClient::forgetStatuses);
        MultiplexingClientRegistrationException refusal = assertThrows(
                MultiplexingClientRegistrationException.class,
                () -> fleet.multiplexer.registerDeviceClient((DeviceClient) wrong.client, LIMIT_MILLIS));
        assertInstanceOf(
                UnauthorizedException.class, refusal.getRegistrationExceptions().get(id));
        assertFalse(fleet.multiplexer.isDeviceRegistered(id));
        siblingsGoOn();
    }

    /** The SDK takes it for final that the device may not connect. */
    @Test
    @Execution(ExecutionMode.SAME_THREAD)
    void losesNoOtherDeviceWithOneThatIsDisabled() throws Exception {
        SdkClient disabled = fleet.victim("disabled");
        sdk.hub.disableDevice(fleet.id("disabled"));
        disabled.awaitStatus(IotHubConnectionStatus.DISCONNECTED_RETRYING);
        disabled.awaitStatus(IotHubConnectionStatus.DISCONNECTED);
        siblingsGoOn();
        assertFalse(sdk.hub.isConnected(fleet.id("disabled")));
        fleet.dismiss("disabled");
        siblingsGoOn();
    }

    @ParameterizedTest
    @Execution(ExecutionMode.SAME_THREAD)
    @EnumSource(names = {"KILL_TCP", "KILL_CONNECTION", "SHUT_DOWN"})
    void comesBackWithEveryDeviceWhenTheConnectionIsLost(FaultKind kind) throws Exception {
        fleet.siblings.forEach(SdkClient::forgetStatuses);
        sdk.hub.inject(fleet.sibling(1), Fault.now(kind));
        for (SdkClient each : fleet.siblings) {
            each.awaitReturn();
        }
        for (SdkClient each : fleet.siblings) {
            each.sends();
        }
    }
}
