// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.netty.handler.ssl.SslContextBuilder;
import io.upstream.emulator.hub.Authentication.CertificateAuthority;
import io.upstream.emulator.hub.Authentication.Thumbprints;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.PemCertificates;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Session;
import org.apache.qpid.proton.engine.Transport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Devices that prove themselves in the TLS handshake, from the socket to the hub. */
class ClientCertificateTest {
    private static final EventLoopGroup LOOPS = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private static final EmulatorCa SITE = EmulatorCa.create();

    private final List<SSLSocket> sockets = new ArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void closeSockets() throws IOException {
        for (SSLSocket each : sockets) {
            each.close();
        }
    }

    @AfterAll
    static void closeLoops() {
        LOOPS.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2,false", "TLSv1.2,true", "TLSv1.3,false", "TLSv1.3,true"})
    void letsADeviceInByItsThumbprint(String version, boolean webSocket) throws Exception {
        ClientCertificate certificate = EmulatorCa.create().issueClient("anything");
        try (IotHubEmulator hub = builder().start()) {
            hub.addDevice("dev-1", new Thumbprints(sha256(certificate), ""));
            assertEquals("HostName=localhost;DeviceId=dev-1;x509=true", hub.connectionString("dev-1"));
            SslContextBuilder tls = with(certificate).protocols(version);
            assertEquals(MqttConnectReturnCode.CONNECTION_ACCEPTED, connect(hub, webSocket, tls, "dev-1"));
            SslContextBuilder other = with(SITE.issueClient("anything")).protocols(version);
            assertEquals(
                    MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED, connect(hub, webSocket, other, "dev-1"));
            assertEquals(
                    MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED,
                    connect(hub, webSocket, SslContextBuilder.forClient(), "dev-1"));
        }
    }

    @Test
    void letsADeviceInByAnAuthority() throws Exception {
        Path site = SITE.writeTrustBundle(directory.resolve("site.pem"));
        try (IotHubEmulator hub = builder().trustedCa(site).start()) {
            hub.addDevice("dev:1", new CertificateAuthority());
            ClientCertificate.Files files = hub.issueDeviceCertificate("dev:1");
            assertTrue(files.key().endsWith("dev%3A1-key.pem"), files.toString());
            SslContextBuilder issued = SslContextBuilder.forClient()
                    .keyManager(files.certificate().toFile(), files.key().toFile());
            assertEquals(MqttConnectReturnCode.CONNECTION_ACCEPTED, connect(hub, false, issued, "dev:1"));
            assertEquals(
                    MqttConnectReturnCode.CONNECTION_ACCEPTED,
                    connect(hub, false, with(SITE.issueClient("dev:1")), "dev:1"));
            assertEquals(
                    MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED,
                    connect(hub, false, with(SITE.issueClient("dev-2")), "dev:1"));
            assertEquals(
                    MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED,
                    connect(hub, false, with(EmulatorCa.create().issueClient("dev:1")), "dev:1"));
        }
    }

    @Test
    void opensAmqpLinksOfTheCertificatesDeviceOnly() throws Exception {
        Path site = SITE.writeTrustBundle(directory.resolve("site.pem"));
        try (IotHubEmulator hub = builder().trustedCa(site).start()) {
            hub.addDevice("dev-1", new CertificateAuthority());
            hub.addDevice("dev-2", new CertificateAuthority());
            X509Certificate authority = PemCertificates.read(hub.trustBundle()).get(0);
            SSLContext first = ClientTls.trusting(authority, SITE.issueClient("dev-1"));
            assertEquals("", attach(hub, first, "dev-1"));
            assertTrue(hub.isConnected("dev-1"));
            assertEquals("amqp:unauthorized-access", attach(hub, first, "dev-2"));
            assertEquals("amqp:unauthorized-access", attach(hub, ClientTls.trusting(hub.trustBundle()), "dev-1"));
        }
    }

    /** Opens the link for telemetry and gives back the condition of its refusal, empty if there is none. */
    private String attach(IotHubEmulator hub, SSLContext tls, String deviceId) throws Exception {
        SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(hub.host(), hub.amqpPort());
        sockets.add(socket);
        socket.setSoTimeout(20_000);
        Transport transport = Proton.transport();
        Connection connection = Proton.connection();
        transport.bind(connection);
        connection.setContainer("test");
        connection.open();
        Session session = connection.session();
        session.open();
        Sender sender = session.sender("telemetry");
        Target target = new Target();
        target.setAddress("/devices/" + deviceId + "/messages/events");
        sender.setTarget(target);
        sender.open();
        while (sender.getCredit() == 0 && sender.getRemoteState() != EndpointState.CLOSED) {
            exchange(socket, transport);
        }
        ErrorCondition refusal = sender.getRemoteCondition();
        return refusal == null || refusal.getCondition() == null
                ? ""
                : refusal.getCondition().toString();
    }

    private static void exchange(SSLSocket socket, Transport transport) throws IOException {
        while (transport.pending() > 0) {
            ByteBuffer head = transport.head().duplicate();
            byte[] bytes = new byte[head.remaining()];
            head.get(bytes);
            transport.pop(bytes.length);
            socket.getOutputStream().write(bytes);
        }
        byte[] read = new byte[transport.capacity()];
        int count = socket.getInputStream().read(read);
        if (count < 0) {
            throw new EOFException("the hub has closed the connection");
        }
        transport.tail().put(read, 0, count);
        transport.process();
    }

    private static MqttConnectReturnCode connect(
            IotHubEmulator hub, boolean webSocket, SslContextBuilder tls, String deviceId) throws Exception {
        try (PlainMqttClient client = PlainMqttClient.connect(LOOPS, hub, webSocket, tls)) {
            client.send(MqttMessageBuilders.connect()
                    .protocolVersion(MqttVersion.MQTT_3_1_1)
                    .clientId(deviceId)
                    .username("localhost/" + deviceId + "/?api-version=2021-04-12")
                    .keepAlive(60)
                    .build());
            return ((MqttConnAckMessage) client.receive()).variableHeader().connectReturnCode();
        }
    }

    private static SslContextBuilder with(ClientCertificate certificate) {
        return SslContextBuilder.forClient()
                .keyManager(certificate.key(), certificate.chain().toArray(X509Certificate[]::new));
    }

    private static String sha256(ClientCertificate certificate) throws Exception {
        byte[] der = certificate.chain().get(0).getEncoded();
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(der));
    }

    private EmulatorBuilder builder() {
        return IotHubEmulator.builder().directory(directory);
    }
}
