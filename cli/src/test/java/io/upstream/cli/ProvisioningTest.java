// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.Assignment;
import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.Provisioning;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.provisioning.Attestation;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.provisioning.ProvisioningThrottle;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.proxy.ProxySettings;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Registrations from the public API to a service that nobody here shares code with, on all four protocols. */
class ProvisioningTest {
    private static final String KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static final String OTHER_KEY = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
    private static final AtomicInteger DEVICES = new AtomicInteger();

    private static TestHub hub;
    private static ProvisioningService service;
    private static UpstreamRuntime runtime;

    @BeforeAll
    static void start() throws Exception {
        hub = TestHub.start();
        service = hub.hub().provisioning();
        service.retryAfter(Duration.ofSeconds(1));
        runtime = UpstreamRuntime.builder().threads(1).build();
    }

    @AfterAll
    static void stop() {
        runtime.close();
        hub.close();
    }

    @BeforeEach
    void behave() {
        service.polls(1);
        service.throttle(ProvisioningThrottle.NONE);
    }

    private static String newId() {
        return "sensor:" + DEVICES.incrementAndGet();
    }

    private static UpstreamOptions.Builder reach(UpstreamProtocol protocol) {
        return UpstreamOptions.forHub("localhost")
                .protocol(protocol)
                .port(hub.port(protocol))
                .trust(Trust.systemAnd(hub.hub().trustBundle()));
    }

    private static Registration registration(String id, SasKey key) {
        return Registration.of(service.idScope(), id, key).timeout(Duration.ofSeconds(20));
    }

    private static Assignment register(UpstreamProtocol protocol, Registration registration) throws Exception {
        return Provisioning.register(reach(protocol).build(), registration, runtime)
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
    }

    private static UpstreamException refusal(UpstreamProtocol protocol, Registration registration) {
        ExecutionException failed = assertThrows(ExecutionException.class, () -> register(protocol, registration));
        return assertInstanceOf(UpstreamException.class, failed.getCause());
    }

    private static void assertSays(UpstreamException refusal, FailureKind kind, String... fragments) {
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        for (String fragment : fragments) {
            assertTrue(String.valueOf(refusal.getMessage()).contains(fragment), refusal.getMessage());
        }
        assertTrue(refusal.hop().startsWith("provisioning service localhost:"), refusal.hop());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void assignsADeviceThatThenConnects(UpstreamProtocol protocol) throws Exception {
        String id = newId();
        service.enrol(Enrolment.device(id, new Attestation.SymmetricKeys(KEY, ""))
                .deviceId(id + "@hub")
                .payload(new ObjectMapper().readTree("{\"colour\":\"blue\"}")));

        Assignment assigned =
                register(protocol, registration(id, SasKey.of(KEY)).payload("{\"a\":[1]}"));

        assertEquals("localhost", assigned.hubHost());
        assertEquals(id + "@hub", assigned.identity().deviceId());
        assertEquals("initialAssignment", assigned.substatus());
        assertEquals("{\"colour\":\"blue\"}", assigned.payload().orElseThrow());
        assertEquals(protocol, assigned.protocol());
        UpstreamOptions options = reach(protocol).hub(assigned.hubHost()).build();
        try (UpstreamTransport transport = UpstreamTransport.create(options, runtime)) {
            UpstreamSession session = transport
                    .open(assigned.identity(), SasKey.of(KEY))
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            session.send(Telemetry.json("{}")).toCompletableFuture().get(20, TimeUnit.SECONDS);
            assertEquals(Phase.CONNECTED, session.status().phase());
        }
        assertEquals(1, hub.bodies(assigned.identity().deviceId(), 1).size());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void assignsADeviceOfAGroupByItsDerivedKey(UpstreamProtocol protocol) throws Exception {
        String group = service.enrolGroup("pumps").primaryKey();
        String id = newId();

        Assignment assigned = register(protocol, registration(id, SasKey.derived(group, id)));

        assertEquals(id, assigned.identity().deviceId());
        assertEquals(
                FailureKind.UNAUTHORIZED,
                refusal(protocol, registration(id, SasKey.of(group))).kind());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void assignsADeviceByItsCertificateWhichThenConnects(UpstreamProtocol protocol) throws Exception {
        String id = newId();
        var issued = EmulatorCa.create().issueClient(id);
        service.enrol(
                Enrolment.device(id, Attestation.Thumbprints.of(issued.chain().get(0))));
        ClientCertificate certificate =
                ClientCertificate.of(issued.key(), issued.chain().toArray(X509Certificate[]::new));
        Registration registration = Registration.of(service.idScope(), id, certificate);

        Assignment assigned = register(protocol, registration);

        assertEquals(id, assigned.identity().deviceId());
        UpstreamOptions options = reach(protocol).hub(assigned.hubHost()).build();
        try (UpstreamTransport transport = UpstreamTransport.create(options, runtime)) {
            UpstreamSession session = transport
                    .open(assigned.identity(), certificate)
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            assertEquals(Phase.CONNECTED, session.status().phase());
        }
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void saysWhatToCheckWhenTheCertificateIsAnother(UpstreamProtocol protocol) {
        String id = newId();
        EmulatorCa ca = EmulatorCa.create();
        service.enrol(Enrolment.device(
                id, Attestation.Thumbprints.of(ca.issueClient(id).chain().get(0))));
        var other = ca.issueClient(id);
        ClientCertificate certificate =
                ClientCertificate.of(other.key(), other.chain().toArray(X509Certificate[]::new));
        assertSays(
                refusal(protocol, Registration.of(service.idScope(), id, certificate)),
                FailureKind.UNAUTHORIZED,
                id,
                "that the certificate is the enrolled one");
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void saysWhatToCheckWhenTheKeyIsWrong(UpstreamProtocol protocol) {
        String id = newId();
        service.enrol(id, KEY);
        assertSays(
                refusal(protocol, registration(id, SasKey.of(OTHER_KEY))),
                FailureKind.UNAUTHORIZED,
                id,
                "check the id scope, the registration id, its key");
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void saysWhatToCheckWhenNobodyIsEnrolled(UpstreamProtocol protocol) {
        assertSays(
                refusal(protocol, registration(newId(), SasKey.of(KEY))),
                FailureKind.UNAUTHORIZED,
                "check the id scope, the registration id");
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void saysWhatToCheckWhenTheScopeIsUnknown(UpstreamProtocol protocol) {
        String id = newId();
        service.enrol(id, KEY);
        Registration elsewhere = Registration.of("0neELSEWHERE", id, SasKey.of(KEY));
        assertSays(refusal(protocol, elsewhere), FailureKind.UNAUTHORIZED, "0neELSEWHERE", "check the id scope");
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void saysThatTheEnrolmentIsDisabled(UpstreamProtocol protocol) {
        String id = newId();
        service.enrol(
                Enrolment.device(id, new Attestation.SymmetricKeys(KEY, "")).disabled());
        assertSays(
                refusal(protocol, registration(id, SasKey.of(KEY))),
                FailureKind.DEVICE_DISABLED,
                "enable its enrolment");
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void triesAgainWhenTheServiceIsThrottled(UpstreamProtocol protocol) throws Exception {
        String id = newId();
        service.enrol(id, KEY);
        AtomicInteger requests = new AtomicInteger();
        service.throttle(who -> {
            if (requests.getAndIncrement() == 0) {
                throw new ProvisioningException(ProvisioningError.THROTTLED, "too many", Duration.ofSeconds(1));
            }
        });

        assertEquals(
                id,
                register(protocol, registration(id, SasKey.of(KEY))).identity().deviceId());
        assertTrue(requests.get() >= 3, requests.toString());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void namesTheStageThatSpentTheTime(UpstreamProtocol protocol) {
        String id = newId();
        service.enrol(id, KEY);
        service.polls(1_000);
        UpstreamException late =
                refusal(protocol, registration(id, SasKey.of(KEY)).timeout(Duration.ofMillis(2_500)));
        assertSays(late, FailureKind.TIMEOUT, "is still assigning '" + id + "'");
        assertEquals("assign", late.stage());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void closesTheConnectionWhenItIsCancelled(UpstreamProtocol protocol) throws Exception {
        String id = newId();
        service.enrol(id, KEY);
        service.polls(1_000);
        CountDownLatch asked = new CountDownLatch(1);
        service.throttle(who -> asked.countDown());
        try (ConnectProxy proxy = ConnectProxy.builder().start()) {
            UpstreamOptions options =
                    reach(protocol).proxy(ProxySettings.fromUrl(proxy.url())).build();
            CompletableFuture<Assignment> registering = Provisioning.register(
                            options, registration(id, SasKey.of(KEY)), runtime)
                    .toCompletableFuture();
            assertTrue(asked.await(20, TimeUnit.SECONDS));
            assertEquals(1, proxy.liveTunnels());

            registering.cancel(false);

            assertThrows(CancellationException.class, registering::join);
            await(() -> proxy.liveTunnels() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void goesThroughAProxyAndLeavesNothingOpen(UpstreamProtocol protocol) throws Exception {
        String id = newId();
        service.enrol(id, KEY);
        try (ConnectProxy proxy =
                ConnectProxy.builder().credentials("user", "p@ss word").start()) {
            String url = proxy.url().replace("://", "://user:p%40ss%20word@");
            UpstreamOptions options =
                    reach(protocol).proxy(ProxySettings.fromUrl(url)).build();

            Assignment assigned = Provisioning.register(options, registration(id, SasKey.of(KEY)))
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);

            assertEquals(id, assigned.identity().deviceId());
            assertEquals(
                    "localhost:" + hub.port(protocol),
                    proxy.accessLog().get(proxy.accessLog().size() - 1).target());
            await(() -> proxy.liveTunnels() == 0);
        }
    }

    @Test
    void triesTheNextProtocolWhenOneDoesNotGetThrough() throws Exception {
        String id = newId();
        service.enrol(id, KEY);
        UpstreamOptions options = reach(UpstreamProtocol.AMQP)
                .protocols(UpstreamProtocol.AMQP, UpstreamProtocol.MQTT)
                .port(hub.port(UpstreamProtocol.MQTT))
                .build();

        Assignment assigned = Provisioning.register(options, registration(id, SasKey.of(KEY)), runtime)
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);

        assertEquals(UpstreamProtocol.MQTT, assigned.protocol());
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "it did not come about");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
