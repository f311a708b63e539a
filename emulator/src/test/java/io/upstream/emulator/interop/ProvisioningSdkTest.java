// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.azure.sdk.iot.provisioning.device.AdditionalData;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClient;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClientRegistrationResult;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClientStatus;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClientSubstatus;
import com.microsoft.azure.sdk.iot.provisioning.device.ProvisioningDeviceClientTransportProtocol;
import com.microsoft.azure.sdk.iot.provisioning.device.internal.exceptions.ProvisioningDeviceHubException;
import com.microsoft.azure.sdk.iot.provisioning.security.SecurityProvider;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.provisioning.Allocator;
import io.upstream.emulator.provisioning.Attestation;
import io.upstream.emulator.provisioning.DeviceKeys;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Microsoft's provisioning client, unmodified, over everything it speaks. It waits two seconds between its questions, so several visit at once. */
@Timeout(100)
class ProvisioningSdkTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LIMIT_SECONDS = 60;
    /** Few enough that each is let in within the second for which the client's MQTT waits for an answer (Paho's TCPNetworkModule), on a busy machine. */
    private static final int AT_ONCE = 8;

    private static final String GROUP_KEY = Tokens.OTHER_KEY;

    @TempDir
    static Path directory;

    private static final Map<ProvisioningDeviceClientTransportProtocol, Visitors> VISITORS =
            new EnumMap<>(ProvisioningDeviceClientTransportProtocol.class);

    private static ProvisioningPorts ports;
    private static ProvisioningService service;
    private static EmulatorCa ca;
    private static ExecutorService clients;

    /** What one protocol's clients are told. */
    private record Visitors(
            Visitor keyed,
            Visitor grouped,
            Visitor known,
            Visitor issued,
            Visitor disabled,
            Visitor failing,
            Visitor wrong) {}

    private record Visitor(String id, Future<ProvisioningDeviceClientRegistrationResult> result) {}

    @BeforeAll
    static void open() throws Exception {
        ports = ProvisioningPorts.open(directory);
        service = ports.hub.provisioning();
        ca = EmulatorCa.openOrCreate(directory);
        clients = Executors.newFixedThreadPool(AT_ONCE);
        service.enrolGroup("pumps", GROUP_KEY);
        service.enrol(Enrolment.group("plant", new Attestation.Authorities(ca.certificate(), null)));
        service.allocateBy(request -> {
            if (request.registrationId().startsWith("failing-")) {
                throw new ProvisioningException(ProvisioningError.QUOTA_EXCEEDED, "no room");
            }
            return Allocator.BY_PLAN.allocate(request);
        });
        for (var each : ProvisioningDeviceClientTransportProtocol.values()) {
            if (!each.name().endsWith("_WS") || ports.webSocketIsReachable()) {
                VISITORS.put(each, visit(each));
            }
        }
    }

    private static Visitors visit(ProvisioningDeviceClientTransportProtocol protocol) throws Exception {
        String suffix = "-" + protocol.name().toLowerCase(Locale.ROOT).replace('_', '-');
        Attestation.SymmetricKeys keys = new Attestation.SymmetricKeys(Tokens.KEY, "");
        service.enrol(Enrolment.device("keyed" + suffix, keys)
                .deviceId("device-keyed" + suffix)
                .payload(JSON.readTree("{\"site\":\"north\"}")));
        ClientCertificate own = EmulatorCa.create().issueClient("known" + suffix);
        service.enrol(Enrolment.device(
                "known" + suffix, Attestation.Thumbprints.of(own.chain().get(0))));
        service.enrol(Enrolment.device("disabled" + suffix, keys).disabled());
        service.enrol("failing" + suffix, Tokens.KEY);
        service.enrol("wrong" + suffix, Tokens.KEY);
        String derived = DeviceKeys.derive(GROUP_KEY, "grouped" + suffix);
        return new Visitors(
                byKey(protocol, "keyed" + suffix, Tokens.KEY, "{\"colour\":\"blue\"}"),
                byKey(protocol, "grouped" + suffix, derived, null),
                byCertificate(protocol, "known" + suffix, own),
                byCertificate(protocol, "issued" + suffix, ca.issueClient("issued" + suffix)),
                byKey(protocol, "disabled" + suffix, Tokens.KEY, null),
                byKey(protocol, "failing" + suffix, Tokens.KEY, null),
                byKey(protocol, "wrong" + suffix, Tokens.OTHER_KEY, null));
    }

    @AfterAll
    static void close() throws Exception {
        clients.shutdownNow();
        assertTrue(clients.awaitTermination(LIMIT_SECONDS, TimeUnit.SECONDS));
        ports.close();
    }

    @ParameterizedTest
    @EnumSource(ProvisioningDeviceClientTransportProtocol.class)
    void assignsADeviceWithAKey(ProvisioningDeviceClientTransportProtocol protocol) throws Exception {
        Visitor keyed = visitors(protocol).keyed();
        ProvisioningDeviceClientRegistrationResult result = keyed.result().get();
        assertAssigned("device-" + keyed.id(), result, Tokens.KEY);
        assertEquals(
                "north",
                JSON.readTree(result.getProvisioningPayload()).get("site").asText());
        String sent =
                service.registration(keyed.id()).orElseThrow().requestPayload().asText();
        assertEquals("blue", JSON.readTree(sent).get("colour").asText());
    }

    @ParameterizedTest
    @EnumSource(ProvisioningDeviceClientTransportProtocol.class)
    void assignsADeviceWithAKeyDerivedFromItsGroups(ProvisioningDeviceClientTransportProtocol protocol)
            throws Exception {
        Visitor grouped = visitors(protocol).grouped();
        assertAssigned(grouped.id(), grouped.result().get(), DeviceKeys.derive(GROUP_KEY, grouped.id()));
    }

    @ParameterizedTest
    @EnumSource(ProvisioningDeviceClientTransportProtocol.class)
    void assignsDevicesWithCertificates(ProvisioningDeviceClientTransportProtocol protocol) throws Exception {
        for (Visitor each :
                List.of(visitors(protocol).known(), visitors(protocol).issued())) {
            assertAssigned(each.id(), each.result().get(), "x509=true");
        }
    }

    @ParameterizedTest
    @EnumSource(ProvisioningDeviceClientTransportProtocol.class)
    void tellsDevicesWhyNot(ProvisioningDeviceClientTransportProtocol protocol) {
        Visitors visitors = visitors(protocol);
        assertInstanceOf(ProvisioningDeviceHubException.class, failure(visitors.disabled()));
        ProvisioningDeviceHubException why =
                assertInstanceOf(ProvisioningDeviceHubException.class, failure(visitors.failing()));
        assertEquals(ProvisioningError.QUOTA_EXCEEDED.code(), why.getErrorCode());
        assertEquals("no room", why.getMessage());
        failure(visitors.wrong());
        assertTrue(service.registration(visitors.wrong().id()).isEmpty());
    }

    private static Visitors visitors(ProvisioningDeviceClientTransportProtocol protocol) {
        Visitors found = VISITORS.get(protocol);
        assumeTrue(
                found != null, "this process may not bind port 443, and the client has no proxy setting for WebSocket");
        return found;
    }

    private static void assertAssigned(
            String deviceId, ProvisioningDeviceClientRegistrationResult result, String secret) {
        assertEquals(
                ProvisioningDeviceClientStatus.PROVISIONING_DEVICE_STATUS_ASSIGNED,
                result.getProvisioningDeviceClientStatus());
        assertEquals(deviceId, result.getDeviceId());
        assertEquals(ports.hub.hostName(), result.getIothubUri());
        assertEquals(ProvisioningDeviceClientSubstatus.INITIAL_ASSIGNMENT, result.getSubstatus());
        assertTrue(ports.hub.connectionString(deviceId).endsWith(secret));
    }

    private static Throwable failure(Visitor visitor) {
        return assertThrows(ExecutionException.class, () -> visitor.result().get())
                .getCause();
    }

    private static Visitor byKey(
            ProvisioningDeviceClientTransportProtocol protocol, String id, String key, String payload) {
        return new Visitor(id, register(protocol, new TrustingKey(key, id, ca.certificate()), payload));
    }

    private static Visitor byCertificate(
            ProvisioningDeviceClientTransportProtocol protocol, String id, ClientCertificate own) {
        return new Visitor(id, register(protocol, new TrustingCertificate(id, own, ca.certificate()), null));
    }

    private static Future<ProvisioningDeviceClientRegistrationResult> register(
            ProvisioningDeviceClientTransportProtocol protocol, SecurityProvider security, String payload) {
        return clients.submit(() -> {
            ProvisioningDeviceClient client =
                    ProvisioningDeviceClient.create(ports.hub.hostName(), service.idScope(), protocol, security);
            try {
                AdditionalData data = new AdditionalData();
                data.setProvisioningPayload(payload);
                return client.registerDeviceSync(data, LIMIT_SECONDS);
            } finally {
                client.close();
            }
        });
    }
}
