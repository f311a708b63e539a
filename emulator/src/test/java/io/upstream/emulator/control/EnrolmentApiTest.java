// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.Certificates;
import io.upstream.emulator.tls.EmulatorCa;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnrolmentApiTest {
    private final Api api = new Api();

    EnrolmentApiTest() throws Exception {}

    @AfterEach
    void close() {
        api.close();
    }

    @ParameterizedTest
    @CsvSource({"enrollments, registrationId", "enrollmentGroups, enrollmentGroupId"})
    void createsReadsChangesAndDeletes(String root, String idField) throws Exception {
        String path = "/" + root + "/e-1?api-version=2021-10-01";
        JsonNode made = api.json(200, "PUT", path, "{\"attestation\":{\"type\":\"symmetricKey\"}}");
        assertEquals("e-1", made.get(idField).asText());
        String key = made.at("/attestation/symmetricKey/primaryKey").asText();
        assertEquals(32, Base64.getDecoder().decode(key).length);
        assertEquals("enabled", made.get("provisioningStatus").asText());
        assertTrue(made.at("/reprovisionPolicy/migrateDeviceData").asBoolean());

        assertEquals(409, api.call("PUT", path, made.toString()).status());
        ((ObjectNode) made).put("provisioningStatus", "disabled");
        String etag = made.get("etag").asText();
        JsonNode changed = api.json(200, "PUT", path, made.toString(), "If-Match", etag);
        assertEquals("disabled", changed.get("provisioningStatus").asText());
        assertEquals(key, changed.at("/attestation/symmetricKey/primaryKey").asText());
        assertEquals(
                412, api.call("PUT", path, made.toString(), "If-Match", etag).status());
        assertEquals(changed, api.json(200, "GET", path, ""));
        assertEquals(
                1,
                api.json(200, "POST", "/" + root + "/query", "{\"query\":\"*\"}")
                        .size());

        assertEquals(204, api.call("DELETE", path, "").status());
        Api.Answer gone = api.call("GET", path, "");
        assertEquals(404, gone.status());
        assertEquals(404_201, gone.json().get("errorCode").asInt());
    }

    @Test
    void takesCertificatesInPemAndInBase64() throws Exception {
        EmulatorCa ca = EmulatorCa.create();
        String pem = ca.trustBundlePem();
        String base64 = Base64.getEncoder().encodeToString(ca.certificate().getEncoded());
        String thumbprint = Certificates.thumbprint(ca.certificate(), "SHA-256");
        ObjectNode body = Api.JSON.createObjectNode();
        ObjectNode x509 = body.putObject("attestation").put("type", "x509").putObject("x509");
        x509.putObject("signingCertificates").putObject("primary").put("certificate", pem);
        JsonNode group = api.json(200, "PUT", "/enrollmentGroups/plant", body.toString());
        assertEquals(
                thumbprint,
                group.at("/attestation/x509/signingCertificates/primary/info/sha256Thumbprint")
                        .asText());

        x509.removeAll();
        x509.putObject("clientCertificates").putObject("primary").put("certificate", base64);
        JsonNode device = api.json(200, "PUT", "/enrollments/dev-1", body.toString());
        assertEquals(
                thumbprint,
                device.at("/attestation/x509/clientCertificates/primary/info/sha256Thumbprint")
                        .asText());
        assertEquals(
                200,
                api.call("PUT", "/enrollments/dev-1", device.toString(), "If-Match", "*")
                        .status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no json",
                "{}",
                "{\"attestation\":{\"type\":\"tpm\"}}",
                "{\"attestation\":{\"type\":\"x509\"}}",
                "{\"attestation\":{\"type\":\"symmetricKey\",\"symmetricKey\":{\"primaryKey\":\"x\"}}}",
                "{\"registrationId\":\"dev-2\",\"attestation\":{\"type\":\"symmetricKey\"}}",
                "{\"provisioningStatus\":\"off\",\"attestation\":{\"type\":\"symmetricKey\"}}",
                "{\"attestation\":{\"type\":\"x509\",\"x509\":{\"clientCertificates\":{\"primary\":{\"certificate\":\"AAAA\"}}}}}",
            })
    void refusesEnrolmentsOfAnotherForm(String body) throws Exception {
        Api.Answer answer = api.call("PUT", "/enrollments/dev-1", body);
        assertEquals(400, answer.status(), answer.response().body());
        assertFalse(answer.json().get("message").asText().isEmpty());
    }

    @Test
    void keepsAllThatAnEnrolmentSays() throws Exception {
        String body = "{\"registrationId\":\"dev-1\",\"deviceId\":\"pump\",\"attestation\":{\"type\":\"symmetricKey\","
                + "\"symmetricKey\":{\"primaryKey\":\"" + Tokens.KEY + "\",\"secondaryKey\":\"" + Tokens.OTHER_KEY
                + "\"}},\"capabilities\":{\"iotEdge\":true},\"initialTwin\":{\"tags\":{\"a\":1}},\"payload\":{\"b\":2},"
                + "\"reprovisionPolicy\":{\"updateHubAssignment\":true,\"migrateDeviceData\":false},"
                + "\"provisioningStatus\":\"enabled\"}";
        ObjectNode kept = (ObjectNode) api.json(200, "PUT", "/enrollments/dev-1", body);
        kept.remove(List.of("createdDateTimeUtc", "lastUpdatedDateTimeUtc", "etag"));
        assertEquals(Api.JSON.readTree(body), kept);
    }

    @Test
    void knowsNoRegistrationThatHasNotCome() throws Exception {
        assertEquals(404, api.call("GET", "/registrations/dev-1", "").status());
        assertEquals(404, api.call("DELETE", "/registrations/dev-1", "").status());
        assertEquals(405, api.call("PUT", "/registrations/dev-1", "{}").status());
        assertEquals(0, api.json(200, "POST", "/registrations/pumps/query", "").size());
    }
}
