// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.core.credential.AzureSasCredential;
import com.microsoft.azure.sdk.iot.service.ProxyOptions;
import com.microsoft.azure.sdk.iot.service.auth.AuthenticationType;
import com.microsoft.azure.sdk.iot.service.exceptions.ErrorCodeDescription;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubBadFormatException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubConflictException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubGatewayTimeoutException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubNotFoundException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubPreconditionFailedException;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubUnauthorizedException;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodRequestOptions;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodResponse;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodsClient;
import com.microsoft.azure.sdk.iot.service.methods.DirectMethodsClientOptions;
import com.microsoft.azure.sdk.iot.service.query.QueryPageOptions;
import com.microsoft.azure.sdk.iot.service.query.TwinQueryResponse;
import com.microsoft.azure.sdk.iot.service.registry.Device;
import com.microsoft.azure.sdk.iot.service.registry.DeviceStatus;
import com.microsoft.azure.sdk.iot.service.registry.Module;
import com.microsoft.azure.sdk.iot.service.registry.RegistryClient;
import com.microsoft.azure.sdk.iot.service.registry.RegistryClientOptions;
import com.microsoft.azure.sdk.iot.service.twin.Twin;
import com.microsoft.azure.sdk.iot.service.twin.TwinClient;
import com.microsoft.azure.sdk.iot.service.twin.TwinClientOptions;
import io.upstream.emulator.ClientTls;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodRequest;
import io.upstream.emulator.server.Listeners;
import io.upstream.emulator.server.WebSocketDoor;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Microsoft's service client, unmodified. From a connection string it knows a host name and port 443 only, so a CONNECT proxy leads it to
 * the hub; it trusts what its JVM's HTTPS trusts.
 */
class ServiceClientTest {
    private static final String HUB = "my-hub.example";

    private final HubCore hub = new HubCore(HUB, Clock.systemUTC(), Duration.ZERO);
    private final String connectionString = "HostName=" + HUB + ";SharedAccessKeyName=iothubowner;SharedAccessKey="
            + hub.policy().primaryKey();
    private final SSLSocketFactory before = HttpsURLConnection.getDefaultSSLSocketFactory();
    private Listeners listeners;
    private Detour proxy;
    private ProxyOptions route;
    private int port;

    @BeforeEach
    void listen() throws Exception {
        EmulatorCa ca = EmulatorCa.create();
        HttpsURLConnection.setDefaultSSLSocketFactory(
                ClientTls.trusting(ca.certificate(), null).getSocketFactory());
        listeners = new Listeners("127.0.0.1");
        var tls = ca.issue(HUB, "localhost").sslContextAskingForCertificate();
        WebSocketDoor door = new WebSocketDoor(Map.of(), new ControlApi(hub));
        port = listeners.listen("WebSocket", 0, channel -> {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
            door.install(channel.pipeline());
        });
        listeners.loops().scheduleAtFixedRate(hub::sweep, 100, 100, TimeUnit.MILLISECONDS);
        proxy = new Detour(port);
        route = new ProxyOptions(new Proxy(Proxy.Type.HTTP, proxy.address()));
    }

    @AfterEach
    void close() throws IOException {
        HttpsURLConnection.setDefaultSSLSocketFactory(before);
        proxy.close();
        listeners.close();
    }

    private RegistryClient registry() {
        return new RegistryClient(
                connectionString,
                RegistryClientOptions.builder().proxyOptions(route).build());
    }

    private TwinClient twins() {
        return new TwinClient(
                connectionString,
                TwinClientOptions.builder().proxyOptions(route).build());
    }

    private DirectMethodsClient methods() {
        return new DirectMethodsClient(
                connectionString,
                DirectMethodsClientOptions.builder().proxyOptions(route).build());
    }

    // Registry

    @Test
    void managesDevicesWithKeys() throws Exception {
        RegistryClient registry = registry();
        Device added = registry.addDevice(new Device("dev-1"));
        assertEquals(hub.get(HubIdentity.device("dev-1")).primaryKey(), added.getPrimaryKey());
        assertThrows(IotHubConflictException.class, () -> registry.addDevice(new Device("dev-1")));

        Device found = registry.getDevice("dev-1");
        assertEquals(added.getETag(), found.getETag());
        assertEquals(AuthenticationType.SAS, found.getAuthenticationType());
        found.setStatus(DeviceStatus.Disabled);
        Device changed = registry.updateDevice(found);
        assertEquals(DeviceStatus.Disabled, changed.getStatus());
        assertEquals(added.getSecondaryKey(), changed.getSecondaryKey());
        assertNotEquals(added.getETag(), changed.getETag());
        assertEquals(1, registry.getStatistics().getDisabledDeviceCount());

        assertThrows(IotHubPreconditionFailedException.class, () -> registry.removeDevice(added));
        registry.removeDevice(changed);
        IotHubNotFoundException gone = assertThrows(IotHubNotFoundException.class, () -> registry.getDevice("dev-1"));
        assertEquals(404_001, gone.getErrorCode());
        assertEquals(ErrorCodeDescription.DeviceNotFound, gone.getErrorCodeDescription());
    }

    @Test
    void managesDevicesWithCertificates() throws Exception {
        RegistryClient registry = registry();
        String sha1 = "0123456789ABCDEF0123456789ABCDEF01234567";
        String sha256 = sha1 + "0123456789ABCDEF01234567";
        Device selfSigned = new Device("self-signed", AuthenticationType.SELF_SIGNED);
        selfSigned.setThumbprint(sha1, sha256);
        registry.addDevice(selfSigned);
        assertEquals(sha256, registry.getDevice("self-signed").getSecondaryThumbprint());
        registry.addDevice(new Device("by-ca", AuthenticationType.CERTIFICATE_AUTHORITY));
        assertEquals(
                AuthenticationType.CERTIFICATE_AUTHORITY,
                registry.getDevice("by-ca").getAuthenticationType());
        assertEquals("", hub.get(HubIdentity.device("by-ca")).primaryKey());
    }

    @Test
    void managesModules() throws Exception {
        RegistryClient registry = registry();
        registry.addDevice(new Device("dev-1"));
        Module added = registry.addModule(new Module("dev-1", "m-1"));
        registry.addModule(new Module("dev-1", "m-2"));
        assertEquals(added.getPrimaryKey(), registry.getModule("dev-1", "m-1").getPrimaryKey());
        assertEquals(2, registry.getModulesOnDevice("dev-1").size());
        registry.updateModule(added);
        registry.removeModule("dev-1", "m-1");
        assertEquals(
                404_010,
                assertThrows(IotHubNotFoundException.class, () -> registry.getModule("dev-1", "m-1"))
                        .getErrorCode());
    }

    @Test
    void isRefusedWithAnotherKey() {
        RegistryClient stranger = new RegistryClient(
                connectionString.replace(hub.policy().primaryKey(), Tokens.KEY),
                RegistryClientOptions.builder().proxyOptions(route).build());
        IotHubUnauthorizedException refusal =
                assertThrows(IotHubUnauthorizedException.class, () -> stranger.getDevice("dev-1"));
        assertEquals(401_003, refusal.getErrorCode());
    }

    @Test
    void reachesAnyPortWithATokenOfItsOwn() throws Exception {
        String token =
                Tokens.token(HUB, hub.policy().primaryKey(), Instant.now().plusSeconds(600));
        RegistryClient registry =
                new RegistryClient("localhost:" + port, new AzureSasCredential(token + "&skn=iothubowner"));
        assertEquals("dev-1", registry.addDevice(new Device("dev-1")).getDeviceId());
        assertEquals(0, proxy.tunnels());
    }

    // Twins

    @Test
    void readsPatchesAndReplacesTwins() throws Exception {
        registry().addDevice(new Device("dev-1"));
        TwinClient twins = twins();
        Twin twin = twins.get("dev-1");
        assertEquals(1, twin.getDesiredProperties().getVersion());
        twin.getTags().put("site", "x");
        twin.getDesiredProperties().put("speed", 5);
        twin.getDesiredProperties().put("lamp", Map.of("on", true));
        Twin patched = twins.patch(twin);
        assertEquals(5.0, ((Number) patched.getDesiredProperties().get("speed")).doubleValue());
        assertEquals(2, patched.getDesiredProperties().getVersion());
        assertEquals("x", patched.getTags().get("site"));
        assertEquals(2, patched.getDesiredProperties().getTwinMetadata("speed").getLastUpdatedVersion());

        assertThrows(IotHubPreconditionFailedException.class, () -> twins.patch(patched, "\"" + twin.getETag() + "\""));
        twins.patch(patched, patched.getETag());
        Twin other = new Twin("dev-1");
        other.getDesiredProperties().put("speed", 6);
        Twin replaced = twins.replace(other);
        assertEquals(1, replaced.getDesiredProperties().size());
        assertEquals(0, replaced.getTags().size());
        assertThrows(IotHubNotFoundException.class, () -> twins.get("nobody"));
    }

    @Test
    void queriesTwinsPageByPage() throws Exception {
        RegistryClient registry = registry();
        for (int i = 0; i < 7; i++) {
            registry.addDevice(new Device("dev-" + i));
        }
        Set<String> ids = new HashSet<>();
        QueryPageOptions pages = QueryPageOptions.builder().pageSize(3).build();
        TwinQueryResponse response = twins().query("SELECT * FROM devices", pages);
        while (response.hasNext()) {
            ids.add(response.next(pages).getDeviceId());
        }
        assertEquals(7, ids.size());
        assertEquals(
                "dev-3",
                twins().query("SELECT * FROM devices WHERE deviceId = 'dev-3'")
                        .next()
                        .getDeviceId());
        IotHubBadFormatException refusal = assertThrows(
                IotHubBadFormatException.class, () -> twins().query("SELECT * FROM devices WHERE tags.a = 1"));
        assertTrue(String.valueOf(refusal.getMessage()).contains("this hub answers only"), refusal.getMessage());
    }

    // Methods

    @Test
    void callsMethodsOfDevicesAndModules() throws Exception {
        registry().addDevice(new Device("dev-1"));
        registry().addModule(new Module("dev-1", "m-1"));
        DirectMethodRequestOptions options = DirectMethodRequestOptions.builder()
                .payload(Map.of("delay", 5))
                .methodResponseTimeoutSeconds(10)
                .methodConnectTimeoutSeconds(0)
                .build();
        for (HubIdentity each : List.of(HubIdentity.device("dev-1"), HubIdentity.module("dev-1", "m-1"))) {
            hub.receiveMethods(each, request -> echo(each, request), () -> {});
            DirectMethodResponse response = each.moduleId() == null
                    ? methods().invoke(each.deviceId(), "reboot", options)
                    : methods().invoke(each.deviceId(), each.moduleId(), "reboot", options);
            assertEquals(207, response.getStatus());
            assertEquals("{\"delay\":5}", response.getPayloadAsJsonString());
        }
    }

    private void echo(HubIdentity identity, MethodRequest request) {
        try {
            assertEquals("{\"delay\":5}", new String(request.payload(), StandardCharsets.UTF_8));
            hub.answerMethod(identity, request.id(), new MethodAnswer(207, request.payload()));
        } catch (HubException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void learnsWhyAMethodHasNoAnswer() throws Exception {
        registry().addDevice(new Device("dev-1"));
        DirectMethodRequestOptions options = DirectMethodRequestOptions.builder()
                .methodResponseTimeoutSeconds(5)
                .methodConnectTimeoutSeconds(0)
                .build();
        IotHubException offline =
                assertThrows(IotHubNotFoundException.class, () -> methods().invoke("dev-1", "reboot", options));
        assertEquals(404_103, offline.getErrorCode());
        assertEquals(ErrorCodeDescription.DeviceNotOnline, offline.getErrorCodeDescription());
        assertEquals(
                404_001,
                assertThrows(IotHubNotFoundException.class, () -> methods().invoke("nobody", "reboot", options))
                        .getErrorCode());
        HubIdentity device = HubIdentity.device("dev-1");
        hub.receiveMethods(device, request -> {}, () -> {});
        assertEquals(
                504_101,
                assertThrows(
                                IotHubGatewayTimeoutException.class,
                                () -> methods().invoke("dev-1", "reboot", options))
                        .getErrorCode());
    }
}
