// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ClientCertificate;
import io.upstream.ConnectionString;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.MethodResponse;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.Authentication.CertificateAuthority;
import io.upstream.emulator.hub.Authentication.Thumbprints;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Certificates and tokens that the application makes, from the public API to a hub that nobody here shares code with. */
class AmqpCredentialsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final EmulatorCa SITE = EmulatorCa.create();
    private static final AtomicInteger DEVICES = new AtomicInteger();

    @TempDir
    static Path directory;

    private static IotHubEmulator hub;
    private static UpstreamRuntime runtime;

    private final List<UpstreamTransport> opened = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        hub = IotHubEmulator.builder()
                .directory(directory)
                .trustedCa(SITE.writeTrustBundle(directory.resolve("site.pem")))
                .start();
        runtime = UpstreamRuntime.builder().threads(2).build();
    }

    @AfterAll
    static void stop() {
        runtime.close();
        hub.close();
    }

    @AfterEach
    void closeTransports() {
        opened.forEach(UpstreamTransport::close);
    }

    private static String newId() {
        return "dev-" + DEVICES.incrementAndGet();
    }

    private static UpstreamOptions.Builder options(UpstreamProtocol protocol) {
        return UpstreamOptions.forHub(hub.hostName())
                .protocol(protocol)
                .port(protocol.isWebSocket() ? hub.wsPort() : hub.amqpPort())
                .trust(Trust.systemAnd(hub.trustBundle()));
    }

    private CompletionStage<UpstreamSession> opening(UpstreamOptions options, String device, Credentials credentials) {
        UpstreamTransport transport = UpstreamTransport.create(options, runtime);
        opened.add(transport);
        return transport.open(Identity.device(device), credentials);
    }

    private UpstreamSession open(UpstreamProtocol protocol, String device, Credentials credentials) throws Exception {
        return await(opening(options(protocol).build(), device, credentials));
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static UpstreamException failure(CompletionStage<?> stage) {
        return assertInstanceOf(
                UpstreamException.class,
                assertThrows(ExecutionException.class, () -> await(stage)).getCause());
    }

    /** The files of a certificate that the site's authority has issued. */
    private static ClientCertificate issued(String name) throws IOException {
        io.upstream.emulator.tls.ClientCertificate.Files files =
                SITE.issueClient(name).write(directory, name);
        return ClientCertificate.pem(files.certificate(), files.key());
    }

    private static String thumbprint(X509Certificate certificate) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void letsADeviceInByItsCertificate(UpstreamProtocol protocol) throws Exception {
        String device = newId();
        hub.addDevice(device, new CertificateAuthority());
        ConnectionString connection = ConnectionString.parse(hub.connectionString(device), issued(device));
        for (int i = 1; i <= 2; i++) {
            UpstreamSession session = open(protocol, device, connection.credentials());
            await(session.send(Telemetry.json("{\"n\":" + i + "}")));
            assertEquals(i, hub.awaitTelemetry(device, i, LIMIT).size());
            assertEquals(0, await(session.twin()).reported().indexOf('{'));
            await(session.onMethod(request -> MethodResponse.ok(request.payload())));
            assertEquals(200, hub.invokeMethod(device, "echo", "{}", LIMIT).status());
            await(session.close(Duration.ZERO));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void tellsThatACertificateIsNotTheDevices(UpstreamProtocol protocol) throws Exception {
        String device = newId();
        hub.addDevice(device, new CertificateAuthority());
        UpstreamException refused = failure(opening(options(protocol).build(), device, issued(newId())));
        assertEquals(FailureKind.UNAUTHORIZED, refused.kind());
        assertTrue(refused.getMessage().contains("certificate"), refused.getMessage());
        assertTrue(refused.getMessage().contains("check"), refused.getMessage());
    }

    /** P23: the client's certificate. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void takesTheCertificateThatIsInTheFilesNow(UpstreamProtocol protocol) throws Exception {
        String device = newId();
        ClientCertificate certificate = issued(device);
        Path chain = certificate.files().get(0);
        hub.addDevice(device, new Thumbprints(thumbprint(certificate.load().leaf()), ""));
        await(open(protocol, device, certificate).close(Duration.ZERO));

        issued(device); // in place of the former
        assertTrue(Files.exists(chain));
        UpstreamException refused = failure(opening(options(protocol).build(), device, certificate));
        assertEquals(FailureKind.UNAUTHORIZED, refused.kind());
        hub.addDevice(device, new Thumbprints(thumbprint(certificate.load().leaf()), ""));
        await(open(protocol, device, certificate).send(Telemetry.json("{}")));
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void failsBeforeItConnectsWhenTheFilesAreNotThere(UpstreamProtocol protocol) {
        ClientCertificate missing = ClientCertificate.pem(directory.resolve("no.pem"), directory.resolve("no.pem"));
        UpstreamException failure = failure(opening(options(protocol).build(), "any", missing));
        assertEquals(FailureKind.CONFIGURATION, failure.kind());
        assertTrue(failure.getMessage().contains("there is no file"), failure.getMessage());
    }

    /** P23: the token. */
    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void asksTheApplicationForATokenForEachConnection(UpstreamProtocol protocol) throws Exception {
        String device = newId();
        hub.addDevice(device);
        SasKey key =
                (SasKey) ConnectionString.parse(hub.connectionString(device)).credentials();
        List<String> asked = new ArrayList<>();
        SasTokenProvider provider = request -> {
            asked.add(request.resource());
            return CompletableFuture.supplyAsync(() -> key.sign(request.hubHost(), request.identity(), Instant.now()));
        };
        for (int i = 0; i < 2; i++) {
            UpstreamSession session = open(protocol, device, provider);
            await(session.send(Telemetry.json("{}")));
            await(session.twin());
            await(session.close(Duration.ZERO));
        }
        String resource = hub.hostName() + "%2Fdevices%2F" + device;
        assertEquals(List.of(resource, resource), asked);
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void tellsWhatBecameOfTheToken(UpstreamProtocol protocol) throws Exception {
        String device = newId();
        hub.addDevice(device);
        UpstreamOptions options = options(protocol).build();
        SasTokenProvider broken = request -> {
            throw new IllegalStateException("canary");
        };
        UpstreamException failure = failure(opening(options, device, broken));
        assertEquals(FailureKind.INTERNAL, failure.kind());
        assertEquals("token", failure.stage());
        assertFalse(failure.getMessage().contains("canary"), failure.getMessage());

        SasTokenProvider silent = request -> new CompletableFuture<>();
        UpstreamOptions impatient =
                options(protocol).connectTimeout(Duration.ofMillis(200)).build();
        assertEquals(
                FailureKind.TIMEOUT, failure(opening(impatient, device, silent)).kind());

        SasToken other = SasKey.of("d3Jvbmcta2V5").sign(hub.hostName(), Identity.device(device), Instant.now());
        SasTokenProvider wrong = request -> CompletableFuture.completedFuture(other);
        assertEquals(
                FailureKind.UNAUTHORIZED,
                failure(opening(options, device, wrong)).kind());
    }

    @ParameterizedTest
    @EnumSource(names = {"AMQP", "AMQP_WS"})
    void announcesTheModel(UpstreamProtocol protocol) throws Exception {
        String device = newId();
        hub.addDevice(device);
        Credentials key = ConnectionString.parse(hub.connectionString(device)).credentials();
        String model = "dtmi:com:example:Thermostat;1";
        await(opening(options(protocol).modelId(model).build(), device, key));
        assertEquals(model, hub.twin(device).path("modelId").asText());
    }
}
