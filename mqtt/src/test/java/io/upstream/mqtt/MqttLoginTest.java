// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.upstream.Anonymous;
import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UserPassword;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MqttLoginTest {
    private static final SasKey KEY = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
    private static UpstreamRuntime runtime;

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    private static ScriptedPeer peer(Identity identity, Credentials credentials) throws UpstreamException {
        UpstreamOptions options =
                UpstreamOptions.forHub("h.example").productInfo("gate/1 (e").build();
        return new ScriptedPeer(runtime, options, identity, credentials);
    }

    @Test
    void saysWhoADeviceIsInTheHubsForm() throws UpstreamException {
        try (ScriptedPeer peer = peer(Identity.device("d-1"), KEY)) {
            MqttConnectMessage connect = peer.connect();
            assertEquals("MQTT", connect.variableHeader().name());
            assertEquals(4, connect.variableHeader().version());
            assertFalse(connect.variableHeader().isCleanSession());
            assertEquals(60, connect.variableHeader().keepAliveTimeSeconds());
            assertEquals("d-1", connect.payload().clientIdentifier());
            assertEquals(
                    "h.example/d-1/?api-version=2021-04-12&DeviceClientType=upstream-java%20gate%2F1%20%28e",
                    connect.payload().userName());
            String token = new String(connect.payload().passwordInBytes(), UTF_8);
            assertTrue(token.startsWith("SharedAccessSignature sr=h.example%2Fdevices%2Fd-1&sig="));
        }
    }

    @Test
    void saysWhoAModuleIs() throws UpstreamException {
        SasToken token = SasToken.of("SharedAccessSignature sr=x&sig=y&se=1");
        try (ScriptedPeer peer = peer(Identity.module("d", "m"), token)) {
            assertEquals("d/m", peer.connect().payload().clientIdentifier());
            assertTrue(peer.connect().payload().userName().startsWith("h.example/d/m/?api-version=2021-04-12&"));
            assertEquals(token.text(), new String(peer.connect().payload().passwordInBytes(), UTF_8));
        }
    }

    @Test
    void sendsNoPasswordBesideACertificate() throws UpstreamException {
        ClientCertificate certificate = ClientCertificate.pem(Path.of("no.pem"), Path.of("no.pem"));
        try (ScriptedPeer peer = peer(Identity.device("d"), certificate)) {
            assertFalse(peer.connect().variableHeader().isCleanSession());
            assertTrue(peer.connect().payload().userName().startsWith("h.example/d/?api-version=2021-04-12&"));
            assertFalse(peer.connect().variableHeader().hasPassword());
            peer.say(Packets.connAck(5));
            assertTrue(
                    peer.refusal().getMessage().contains("check the device id and that this certificate is registered"),
                    peer.refusal().getMessage());
        }
    }

    @Test
    void speaksPlainMqttToABroker() throws UpstreamException {
        try (ScriptedPeer peer = peer(Identity.device("d"), new UserPassword("u", "p"))) {
            assertTrue(peer.connect().variableHeader().isCleanSession());
            assertEquals("d", peer.connect().payload().clientIdentifier());
            assertEquals("u", peer.connect().payload().userName());
            assertEquals("p", new String(peer.connect().payload().passwordInBytes(), UTF_8));
        }
    }

    @Test
    void sendsNoUserNameForAnonymous() throws UpstreamException {
        try (ScriptedPeer peer = peer(Identity.device("d"), new Anonymous())) {
            assertTrue(peer.connect().variableHeader().isCleanSession());
            assertNull(peer.connect().payload().userName());
            assertNull(peer.connect().payload().passwordInBytes());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, PROTOCOL, MQTT 3.1.1",
        "2, NOT_FOUND, client id",
        "3, SERVER_ERROR, try again",
        "4, UNAUTHORIZED, check the device id and its key; the device may be unknown or disabled",
        "5, UNAUTHORIZED, check the device id and its key; the device may be unknown or disabled"
    })
    void saysWhatARefusalMeans(int code, FailureKind kind, String advice) throws UpstreamException {
        try (ScriptedPeer peer = peer(Identity.device("d-1"), KEY)) {
            peer.say(Packets.connAck(code));
            assertEquals(kind, peer.refusal().kind());
            assertEquals("mqtt", peer.refusal().stage());
            assertTrue(
                    peer.refusal().getMessage().contains(advice), peer.refusal().getMessage());
            assertTrue(peer.refusal().getMessage().contains("'d-1'"));
        }
    }

    @Test
    void advisesOnUserNameAndPasswordForABroker() throws UpstreamException {
        try (ScriptedPeer peer = peer(Identity.device("d"), new UserPassword("u", "p"))) {
            peer.say(Packets.connAck(5));
            assertTrue(
                    peer.refusal().getMessage().contains("user name"),
                    peer.refusal().getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({"a#b", "a+b"})
    void refusesAnIdThatIsAWildcard(String id) {
        UpstreamException refused = assertThrows(UpstreamException.class, () -> peer(Identity.device(id), KEY));
        assertEquals(FailureKind.CONFIGURATION, refused.kind());
    }
}
