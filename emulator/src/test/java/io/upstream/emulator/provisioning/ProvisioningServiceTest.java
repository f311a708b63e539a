// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.Certificates;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.provisioning.Attestation.Authorities;
import io.upstream.emulator.provisioning.Attestation.SymmetricKeys;
import io.upstream.emulator.provisioning.Attestation.Thumbprints;
import io.upstream.emulator.provisioning.DevicePlan.Reprovisioning;
import io.upstream.emulator.tls.EmulatorCa;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProvisioningServiceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SCOPE = "0neTEST";
    private static final HubIdentity DEVICE = HubIdentity.device("dev-1");

    private final HubCore hub = new HubCore("hub.example", Clock.systemUTC(), Duration.ZERO);
    private final ProvisioningService service = new ProvisioningService(hub, SCOPE);

    // Symmetric keys

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void admitsADeviceByEitherKey(boolean primary) throws Exception {
        service.enrol(Enrolment.device("dev-1", new SymmetricKeys(Tokens.KEY, Tokens.OTHER_KEY)));
        register("dev-1", primary ? Tokens.KEY : Tokens.OTHER_KEY);
        assertEquals(Tokens.KEY, hub.get(DEVICE).primaryKey());
        assertEquals(Tokens.OTHER_KEY, hub.get(DEVICE).secondaryKey());
    }

    @Test
    void admitsADeviceOfAGroupByItsDerivedKeyOnly() throws Exception {
        String groupKey = service.enrolGroup("pumps").primaryKey();
        service.enrolGroup("others");
        String key = DeviceKeys.derive(groupKey, "dev-1");
        JsonNode state = register("dev-1", key).get("registrationState");
        assertEquals(key, hub.get(DEVICE).primaryKey());
        assertEquals("pumps", state.at("/symmetricKey/enrollmentGroupId").asText());
        assertEquals("pumps", service.registration("dev-1").orElseThrow().enrolmentGroup());
        assertUnauthorized("dev-2", key);
        assertUnauthorized("dev-1", groupKey);
    }

    @Test
    void anEnrolmentOfItsOwnGoesBeforeTheGroups() {
        String groupKey = service.enrolGroup("pumps").primaryKey();
        service.enrol("dev-1", Tokens.KEY);
        assertUnauthorized("dev-1", DeviceKeys.derive(groupKey, "dev-1"));
    }

    @ParameterizedTest
    @CsvSource({
        "0neTEST/registrations/dev-1, -1",
        "0neTEST/registrations/dev-2, 60",
        "0neTEST/registrations, 60",
        "0neTEST, 60",
        "hub.example/devices/dev-1, 60",
    })
    void refusesTokensThatAreExpiredOrForSomethingElse(String resource, long seconds) {
        service.enrol("dev-1", Tokens.KEY);
        String token = Tokens.token(resource, Tokens.KEY, Instant.now().plusSeconds(seconds));
        ProvisioningException refusal = assertThrows(
                ProvisioningException.class, () -> service.admit(new RegistrationAddress(SCOPE, "dev-1"), token));
        assertEquals(ProvisioningError.UNAUTHORIZED, refusal.error());
    }

    @Test
    void takesAnEncodedResourceAndLettersInEitherCase() throws Exception {
        service.enrol("Dev-1", Tokens.KEY);
        String token = Tokens.token(
                SCOPE + "%2fregistrations%2fdev-1", Tokens.KEY, Instant.now().plusSeconds(60));
        assertEquals(
                "Dev-1",
                service.admit(new RegistrationAddress(SCOPE, "dev-1"), token + "&skn=registration")
                        .enrolmentId());
    }

    @Test
    void refusesAnAdmissionThatHasEnded() {
        service.enrol("dev-1", Tokens.KEY);
        Admission ended = new Admission(
                "dev-1",
                Enrolment.Kind.DEVICE,
                "dev-1",
                Authentication.SymmetricKeys.OF_THE_HUB,
                null,
                Instant.now().minusSeconds(1));
        assertEquals(
                ProvisioningError.UNAUTHORIZED,
                assertThrows(ProvisioningException.class, () -> service.register(ended, new byte[0]))
                        .error());
    }

    // Certificates

    @Test
    void admitsADeviceByTheThumbprintOfItsCertificate() throws Exception {
        X509Certificate[] chain = issue(EmulatorCa.create(), "dev-1");
        service.enrol(Enrolment.device("dev-1", Thumbprints.of(chain[0])));
        Admission admission = service.admit(new RegistrationAddress(SCOPE, "dev-1"), chain);
        JsonNode state = JSON.readTree(finish(admission).json()).get("registrationState");
        String thumbprint = Certificates.thumbprint(chain[0], "SHA-256");
        assertEquals(
                thumbprint, state.at("/x509/certificateInfo/sha256Thumbprint").asText());
        assertEquals(
                new Authentication.Thumbprints(thumbprint, ""), hub.get(DEVICE).authentication());
        hub.authorize(DEVICE, chain);
        assertRefused("dev-1", issue(EmulatorCa.create(), "dev-1"));
    }

    @Test
    void admitsADeviceByTheAuthorityOfItsGroup() throws Exception {
        EmulatorCa ca = EmulatorCa.create();
        EmulatorCa next = EmulatorCa.create();
        service.enrol(Enrolment.group("pumps", new Authorities(ca.certificate(), next.certificate())));
        for (EmulatorCa each : List.of(ca, next)) {
            Admission admission = service.admit(new RegistrationAddress(SCOPE, "dev-1"), issue(each, "dev-1"));
            JsonNode state = JSON.readTree(finish(admission).json()).get("registrationState");
            assertEquals("pumps", state.at("/x509/enrollmentGroupId").asText());
        }
        assertRefused("dev-2", issue(ca, "dev-1"));
        assertRefused("dev-1", issue(EmulatorCa.create(), "dev-1"));
        assertRefused("dev-1");
    }

    // Registrations

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void tellsTheOutcomeAfterSoManyQuestions(int polls) throws Exception {
        service.polls(polls);
        service.retryAfter(Duration.ofSeconds(7));
        service.enrol("dev-1", Tokens.KEY);
        Admission admission = admit("dev-1", Tokens.KEY);
        ProvisioningAnswer answer = service.register(admission, new byte[0]);
        String operation = JSON.readTree(answer.json()).get("operationId").asText();
        for (int i = 0; i < polls; i++) {
            assertEquals(202, answer.status());
            assertEquals(Duration.ofSeconds(7), answer.retryAfter());
            answer = service.operation(admission, operation);
        }
        assertEquals(200, answer.status());
        assertEquals("assigned", JSON.readTree(answer.json()).get("status").asText());
        assertEquals(
                "assigned",
                JSON.readTree(service.lookUp(admission).json()).get("status").asText());
    }

    @Test
    void knowsNoOperationOfAnother() throws Exception {
        service.enrol("dev-1", Tokens.KEY);
        Admission admission = admit("dev-1", Tokens.KEY);
        assertEquals(
                ProvisioningError.REGISTRATION_NOT_FOUND,
                assertThrows(ProvisioningException.class, () -> service.operation(admission, "4.1.2"))
                        .error());
        assertEquals(
                ProvisioningError.REGISTRATION_NOT_FOUND,
                assertThrows(ProvisioningException.class, () -> service.lookUp(admission))
                        .error());
    }

    @Test
    void tellsADisabledDeviceThatItIs() throws Exception {
        service.enrol(
                Enrolment.device("dev-1", new SymmetricKeys(Tokens.KEY, "")).disabled());
        JsonNode answer = register("dev-1", Tokens.KEY);
        assertEquals("disabled", answer.get("status").asText());
        assertEquals("disabled", answer.at("/registrationState/status").asText());
        assertEquals(0, hub.statistics().devices());
    }

    @Test
    void tellsWhyAnAssignmentFailed() throws Exception {
        service.enrol("dev-1", Tokens.KEY);
        service.allocateBy(request -> {
            throw new ProvisioningException(ProvisioningError.QUOTA_EXCEEDED, "no hub for " + request.payload());
        });
        JsonNode state =
                register("dev-1", Tokens.KEY, "{\"payload\":{\"a\":1}}").get("registrationState");
        assertEquals("failed", state.get("status").asText());
        assertEquals(403_002, state.get("errorCode").asInt());
        assertEquals("no hub for {\"a\":1}", state.get("errorMessage").asText());
        service.allocateBy(request -> new Allocator.Allocation("not a device id", null));
        assertEquals("failed", register("dev-1", Tokens.KEY).get("status").asText());
    }

    @Test
    void followsTheEnrolmentsPlan() throws Exception {
        service.enrol(Enrolment.device("dev-1", new SymmetricKeys(Tokens.KEY, ""))
                .deviceId("pump-7")
                .edge()
                .payload(JSON.readTree("{\"welcome\":true}"))
                .initialTwin(object("{\"tags\":{\"site\":\"x\"},\"properties\":{\"desired\":{\"speed\":5}}}")));
        JsonNode state = register("dev-1", Tokens.KEY, "{\"payload\":\"in\"}").get("registrationState");
        assertEquals("pump-7", state.get("deviceId").asText());
        assertTrue(state.at("/payload/welcome").asBoolean());
        HubIdentity pump = HubIdentity.device("pump-7");
        assertTrue(hub.get(pump).edge());
        assertEquals("x", hub.serviceTwin(pump).at("/tags/site").asText());
        assertEquals(5, hub.serviceTwin(pump).at("/properties/desired/speed").asInt());
        assertEquals(
                "\"in\"",
                service.registration("DEV-1").orElseThrow().requestPayload().toString());
    }

    @ParameterizedTest
    @CsvSource({
        "KEEP_DATA, reprovisionedToInitialAssignment, 7",
        "RESET_DATA, deviceDataReset, 0",
        "NEVER, reprovisionedToInitialAssignment, 7",
    })
    void registersAgain(Reprovisioning policy, String substatus, int speed) throws Exception {
        Enrolment enrolment = Enrolment.device("dev-1", new SymmetricKeys(Tokens.KEY, Tokens.KEY))
                .reprovisioning(policy);
        service.enrol(enrolment);
        String first = register("dev-1", Tokens.KEY).get("operationId").asText();
        hub.patchTwin(DEVICE, object("{\"properties\":{\"desired\":{\"speed\":7}}}"), null);
        service.enrol(enrolment.with(new SymmetricKeys(Tokens.OTHER_KEY, Tokens.OTHER_KEY)));

        JsonNode again = register("dev-1", Tokens.OTHER_KEY);
        assertNotEquals(first, again.get("operationId").asText());
        assertEquals(substatus, again.at("/registrationState/substatus").asText());
        assertEquals(
                speed, hub.serviceTwin(DEVICE).at("/properties/desired/speed").asInt());
        String key = policy == Reprovisioning.NEVER ? Tokens.KEY : Tokens.OTHER_KEY;
        assertEquals(key, hub.get(DEVICE).primaryKey());
        assertEquals(2, service.registration("dev-1").orElseThrow().version());
    }

    @Test
    void bringsADeviceBackThatWasDeletedAtTheHub() throws Exception {
        service.enrol(
                Enrolment.device("dev-1", new SymmetricKeys(Tokens.KEY, "")).reprovisioning(Reprovisioning.NEVER));
        register("dev-1", Tokens.KEY);
        hub.remove(DEVICE);
        JsonNode again = register("dev-1", Tokens.KEY);
        assertEquals(
                "initialAssignment", again.at("/registrationState/substatus").asText());
        assertEquals(Tokens.KEY, hub.get(DEVICE).primaryKey());
    }

    @Test
    void forgetsARegistrationAndAnEnrolment() throws Exception {
        service.enrol("dev-1", Tokens.KEY);
        Admission admission = admit("dev-1", Tokens.KEY);
        finish(admission);
        assertEquals(1, service.registrations().size());
        assertTrue(service.forget("dev-1"));
        assertFalse(service.forget("dev-1"));
        service.remove(Enrolment.Kind.DEVICE, "dev-1");
        assertUnauthorized("dev-1", Tokens.KEY);
        assertEquals(
                ProvisioningError.ENROLMENT_NOT_FOUND,
                assertThrows(ProvisioningException.class, () -> service.register(admission, new byte[0]))
                        .error());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "{", "{\"registrationId\":\"dev-2\"}", "{\"tpm\":{\"endorsementKey\":\"x\"}}"})
    void refusesRequestsOfAnotherForm(String body) throws Exception {
        service.enrol("dev-1", Tokens.KEY);
        Admission admission = admit("dev-1", Tokens.KEY);
        assertEquals(
                ProvisioningError.MALFORMED,
                assertThrows(
                                ProvisioningException.class,
                                () -> service.register(admission, body.getBytes(StandardCharsets.UTF_8)))
                        .error());
    }

    @Test
    void showsNoKeys() {
        StoredEnrolment stored = service.enrol("dev-1", Tokens.KEY);
        assertFalse(stored.toString().contains(Tokens.KEY));
        assertEquals(Tokens.KEY, stored.primaryKey());
    }

    private Admission admit(String registrationId, String key) throws ProvisioningException {
        RegistrationAddress address = new RegistrationAddress(SCOPE, registrationId);
        return service.admit(
                address, Tokens.token(address.toString(), key, Instant.now().plusSeconds(60)));
    }

    private JsonNode register(String registrationId, String key) throws Exception {
        return register(registrationId, key, "");
    }

    private JsonNode register(String registrationId, String key, String body) throws Exception {
        return JSON.readTree(finish(admit(registrationId, key), body).json());
    }

    private ProvisioningAnswer finish(Admission admission) throws Exception {
        return finish(admission, "");
    }

    private ProvisioningAnswer finish(Admission admission, String body) throws Exception {
        ProvisioningAnswer answer = service.register(admission, body.getBytes(StandardCharsets.UTF_8));
        return service.operation(
                admission, JSON.readTree(answer.json()).get("operationId").asText());
    }

    private void assertUnauthorized(String registrationId, String key) {
        assertEquals(
                ProvisioningError.UNAUTHORIZED,
                assertThrows(ProvisioningException.class, () -> admit(registrationId, key))
                        .error());
    }

    private void assertRefused(String registrationId, X509Certificate... chain) {
        assertEquals(
                ProvisioningError.UNAUTHORIZED,
                assertThrows(
                                ProvisioningException.class,
                                () -> service.admit(new RegistrationAddress(SCOPE, registrationId), chain))
                        .error());
    }

    private static X509Certificate[] issue(EmulatorCa ca, String name) {
        return ca.issueClient(name).chain().toArray(X509Certificate[]::new);
    }

    private static ObjectNode object(String json) throws Exception {
        return (ObjectNode) JSON.readTree(json);
    }
}
