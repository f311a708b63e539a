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
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Microsoft's provisioning client, unmodified, over everything it speaks. It waits two seconds between its questions, so clients work side by side. */
class ProvisioningSdkTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LIMIT_SECONDS = 50;

    @TempDir
    static Path directory;

    private static ProvisioningPorts ports;
    private static ProvisioningService service;
    private static EmulatorCa ca;
    private static ExecutorService clients;

    @BeforeAll
    static void open() throws Exception {
        ports = ProvisioningPorts.open(directory);
        service = ports.hub.provisioning();
        ca = EmulatorCa.openOrCreate(directory);
        clients = Executors.newCachedThreadPool();
    }

    @AfterAll
    static void close() throws Exception {
        clients.shutdownNow();
        assertTrue(clients.awaitTermination(LIMIT_SECONDS, TimeUnit.SECONDS));
        ports.close();
    }

    @ParameterizedTest
    @EnumSource(ProvisioningDeviceClientTransportProtocol.class)
    void assignsDevices(ProvisioningDeviceClientTransportProtocol protocol) throws Exception {
        assumeReachable(protocol);
        String suffix = protocol.name().toLowerCase(Locale.ROOT).replace('_', '-');
        String keyed = "keyed-" + suffix;
        String grouped = "grouped-" + suffix;
        String known = "known-" + suffix;
        String issued = "issued-" + suffix;
        String groupKey = service.enrolGroup("pumps").primaryKey();
        service.enrol(Enrolment.device(keyed, new Attestation.SymmetricKeys(Tokens.KEY, ""))
                .deviceId("device-" + keyed)
                .payload(JSON.readTree("{\"site\":\"north\"}")));
        EmulatorCa stranger = EmulatorCa.create();
        ClientCertificate own = stranger.issueClient(known);
        service.enrol(
                Enrolment.device(known, Attestation.Thumbprints.of(own.chain().get(0))));
        service.enrol(Enrolment.group("plant", new Attestation.Authorities(ca.certificate(), null)));

        var byKey = register(protocol, key(Tokens.KEY, keyed), "{\"colour\":\"blue\"}");
        var byDerivedKey = register(protocol, key(DeviceKeys.derive(groupKey, grouped), grouped), null);
        var byCertificate = register(protocol, certificate(known, own), null);
        var byAuthority = register(protocol, certificate(issued, ca.issueClient(issued)), null);

        ProvisioningDeviceClientRegistrationResult first = byKey.get();
        assertAssigned("device-" + keyed, first);
        assertEquals(
                "north",
                JSON.readTree(first.getProvisioningPayload()).get("site").asText());
        String sent = service.registration(keyed).orElseThrow().requestPayload().asText();
        assertEquals("blue", JSON.readTree(sent).get("colour").asText());
        assertTrue(ports.hub.connectionString("device-" + keyed).endsWith(Tokens.KEY));
        assertAssigned(grouped, byDerivedKey.get());
        assertTrue(ports.hub.connectionString(grouped).endsWith(DeviceKeys.derive(groupKey, grouped)));
        assertAssigned(known, byCertificate.get());
        assertTrue(ports.hub.connectionString(known).endsWith("x509=true"));
        assertAssigned(issued, byAuthority.get());
        assertTrue(ports.hub.connectionString(issued).endsWith("x509=true"));

        var again = register(protocol, key(Tokens.KEY, keyed), null).get();
        assertEquals(ProvisioningDeviceClientSubstatus.REPROVISIONED_TO_INITIAL_ASSIGNMENT, again.getSubstatus());
    }

    @ParameterizedTest
    @EnumSource(ProvisioningDeviceClientTransportProtocol.class)
    void tellsDevicesWhyNot(ProvisioningDeviceClientTransportProtocol protocol) throws Exception {
        assumeReachable(protocol);
        String suffix = protocol.name().toLowerCase(Locale.ROOT).replace('_', '-');
        String off = "off-" + suffix;
        String wrong = "wrong-" + suffix;
        String full = "full-" + suffix;
        service.enrol(Enrolment.device(off, new Attestation.SymmetricKeys(Tokens.KEY, ""))
                .disabled());
        service.enrol(full, Tokens.KEY);
        service.enrol(wrong, Tokens.KEY);
        service.allocateBy(request -> {
            if (request.registrationId().equals(full)) {
                throw new ProvisioningException(ProvisioningError.QUOTA_EXCEEDED, "no room for " + full);
            }
            return Allocator.BY_PLAN.allocate(request);
        });
        var disabled = register(protocol, key(Tokens.KEY, off), null);
        var failed = register(protocol, key(Tokens.KEY, full), null);
        var refused = register(protocol, key(Tokens.OTHER_KEY, wrong), null);

        assertInstanceOf(ProvisioningDeviceHubException.class, failure(disabled));
        ProvisioningDeviceHubException why = assertInstanceOf(ProvisioningDeviceHubException.class, failure(failed));
        assertEquals(ProvisioningError.QUOTA_EXCEEDED.code(), why.getErrorCode());
        assertTrue(String.valueOf(why.getMessage()).contains("no room for"), why.getMessage());
        failure(refused);
        assertTrue(service.registration(wrong).isEmpty());
    }

    private static void assumeReachable(ProvisioningDeviceClientTransportProtocol protocol) {
        assumeTrue(
                !protocol.name().endsWith("_WS") || ports.webSocketIsReachable(),
                "this process may not bind port 443, and the client has no proxy setting for WebSocket");
    }

    private static void assertAssigned(String deviceId, ProvisioningDeviceClientRegistrationResult result) {
        assertEquals(
                ProvisioningDeviceClientStatus.PROVISIONING_DEVICE_STATUS_ASSIGNED,
                result.getProvisioningDeviceClientStatus());
        assertEquals(deviceId, result.getDeviceId());
        assertEquals(ports.hub.hostName(), result.getIothubUri());
        assertEquals(ProvisioningDeviceClientSubstatus.INITIAL_ASSIGNMENT, result.getSubstatus());
    }

    private static Throwable failure(Future<?> registration) {
        return assertThrows(ExecutionException.class, registration::get).getCause();
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

    private static SecurityProvider key(String key, String registrationId) {
        return new TrustingKey(key, registrationId, ca.certificate());
    }

    private static SecurityProvider certificate(String registrationId, ClientCertificate own) {
        return new TrustingCertificate(registrationId, own, ca.certificate());
    }
}
