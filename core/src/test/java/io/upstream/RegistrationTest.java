// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrationTest {
    private static final String KEY_TEXT = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static final SasKey KEY = SasKey.of(KEY_TEXT);
    private static final String SCOPE = "0ne000A1B2C";
    private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);

    private static String refusal(Runnable making) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, making::run).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "7", "-", "sensor-7", "SN.007_8:a", "a.-"})
    void takesTheIdsOfTheService(String id) {
        assertEquals(id, Registration.of(SCOPE, id, KEY).registrationId());
        assertEquals(
                "x".repeat(128), Registration.of(SCOPE, "x".repeat(128), KEY).registrationId());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a/b", "a.", "a_", "a:", "ä", "a#b", "a+b", "a$", "a\nb"})
    void refusesOtherIds(String id) {
        assertTrue(refusal(() -> Registration.of(SCOPE, id, KEY)).startsWith("a registration id is 1..128"));
        assertTrue(refusal(() -> SasKey.derived(KEY_TEXT, id)).startsWith("a registration id is 1..128"));
        assertTrue(refusal(() -> Registration.of(SCOPE, "x".repeat(129), KEY)).startsWith("a registration id"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0ne/x", "0ne 1", "0ne&x", "-0ne"})
    void refusesWhatIsNoIdScope(String scope) {
        assertTrue(refusal(() -> Registration.of(scope, "a", KEY)).startsWith("an id scope is"));
    }

    @Test
    void refusesCredentialsThatTheServiceDoesNotKnow() {
        assertTrue(refusal(() -> Registration.of(SCOPE, "a", new Anonymous())).contains("no other credentials"));
        String message = refusal(() -> Registration.of(SCOPE, "a", new UserPassword("u", "secret")));
        assertFalse(message.contains("secret"), message);
        refusal(() -> Registration.of(SCOPE, "a", (SasTokenProvider) request -> new CompletableFuture<>()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"a\":[1,{\"b\":null}]}", "[]", "7", "\"text\"", "null", " true "})
    void takesAnyOneJsonValue(String json) {
        assertEquals(
                Optional.of(json),
                Registration.of(SCOPE, "a", KEY).payload(json).payload());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "{}{}", "canary", "{\"canary\":}", "1 2", "{\"canary\" 1}"})
    void refusesAnyOtherPayloadWithoutRepeatingIt(String json) {
        String message = refusal(() -> Registration.of(SCOPE, "a", KEY).payload(json));
        assertTrue(message.contains("not one JSON value"), message);
        assertFalse(message.contains("canary"), message);
    }

    @Test
    void refusesAPayloadThatIsTooLong() {
        String longest = "\"" + "x".repeat(Registration.MAX_PAYLOAD_BYTES - 2) + "\"";
        Registration registration = Registration.of(SCOPE, "a", KEY);
        assertEquals(Optional.of(longest), registration.payload(longest).payload());
        assertTrue(refusal(() -> registration.payload(longest + " ")).contains("at most 32768"));
    }

    @Test
    void refusesATimeoutThatIsNone() {
        Registration registration = Registration.of(SCOPE, "a", KEY);
        assertEquals(Duration.ofSeconds(60), registration.timeout());
        assertEquals(
                Duration.ofMillis(1),
                registration.timeout(Duration.ofMillis(1)).payload("{}").timeout());
        refusal(() -> registration.timeout(Duration.ZERO));
        refusal(() -> registration.timeout(Duration.ofSeconds(-1)));
        refusal(() -> registration.timeout(Duration.ofDays(2)));
    }

    @Test
    void showsNoSecret() {
        String text = Registration.of(SCOPE, "a", KEY).payload("{\"canary\":1}").toString();
        assertFalse(text.contains(KEY_TEXT.substring(0, 8)) || text.contains("canary"), text);
        assertTrue(text.contains("0ne000A1B2C/a"), text);
    }

    /** The example of the service's own documentation of symmetric keys, and its answer. */
    @Test
    void derivesTheKeyOfADeviceFromThatOfItsGroup() {
        String group = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
        String id = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6";
        SasKey expected = SasKey.of("Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");

        assertEquals(
                expected.signRegistration(SCOPE, id, NOW).text(),
                SasKey.derived(group, id).signRegistration(SCOPE, id, NOW).text());
    }

    @Test
    void signsForTheRegistrationWithItsOwnPolicy() {
        String token = KEY.signRegistration(SCOPE, "sn:7", NOW).text();

        assertTrue(token.startsWith("SharedAccessSignature sr=0ne000A1B2C%2Fregistrations%2Fsn%3A7&sig="), token);
        assertTrue(token.endsWith("&se=1700003600&skn=registration"), token);
    }

    @Test
    void namesTheHubAndTheDeviceOfAnAssignment() {
        Assignment assignment = Assignment.of(
                "hub.example", Identity.device("d"), "initialAssignment", "{\"canary\":1}", UpstreamProtocol.AMQP_WS);

        assertEquals("Assignment[d at hub.example, initialAssignment]", assignment.toString());
        assertEquals(Optional.of("{\"canary\":1}"), assignment.payload());
        assertThrows(
                IllegalArgumentException.class,
                () -> Assignment.of("a/b", Identity.device("d"), "", null, UpstreamProtocol.MQTT));
    }

    @Test
    void keepsTheChoicesForTheHubThatWasAssigned() {
        UpstreamOptions service = UpstreamOptions.forHub(Provisioning.GLOBAL_HOST)
                .protocol(UpstreamProtocol.MQTT_WS)
                .build();
        UpstreamOptions hub = service.toBuilder().hub("hub.example").build();

        assertEquals(new HostPort("hub.example", 443), hub.target(UpstreamProtocol.MQTT_WS));
        assertEquals(service.protocols(), hub.protocols());
        assertEquals(Provisioning.GLOBAL_HOST, service.hubHost());
    }
}
