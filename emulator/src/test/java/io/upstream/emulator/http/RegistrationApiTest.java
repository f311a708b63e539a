// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.emulator.ClientTls;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.provisioning.Attestation.Authorities;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistrationApiTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DEVICE = "/0neTEST/registrations/dev-1";

    @TempDir
    private Path directory;

    private IotHubEmulator hub;

    @BeforeEach
    void start() throws IOException {
        hub = IotHubEmulator.builder().directory(directory).idScope("0neTEST").start();
        hub.provisioning().enrol("dev-1", Tokens.KEY);
    }

    @AfterEach
    void close() {
        hub.close();
    }

    @Test
    void assignsADeviceWithAToken() throws Exception {
        HttpClient client = client(null);
        HttpResponse<String> assigning =
                send(client, "PUT", DEVICE + "/register", "{\"registrationId\":\"dev-1\"}", token());
        assertEquals(202, assigning.statusCode(), assigning.body());
        assertEquals("2", assigning.headers().firstValue("retry-after").orElse(""));
        String operation = JSON.readTree(assigning.body()).get("operationId").asText();
        HttpResponse<String> assigned = send(client, "GET", DEVICE + "/operations/" + operation, "{}", token());
        assertEquals(200, assigned.statusCode());
        JsonNode state = JSON.readTree(assigned.body()).get("registrationState");
        assertEquals("localhost", state.get("assignedHub").asText());
        JsonNode found = JSON.readTree(send(client, "POST", DEVICE, "", token()).body());
        assertEquals(state, found);
        HttpResponse<String> byService = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + hub.apiPort() + "/registrations/dev-1"))
                        .build(),
                BodyHandlers.ofString());
        assertEquals(state, JSON.readTree(byService.body()));
    }

    @Test
    void assignsADeviceWithACertificate() throws Exception {
        EmulatorCa ca = EmulatorCa.openOrCreate(directory);
        hub.provisioning().polls(0);
        hub.provisioning().enrol(Enrolment.group("plant", new Authorities(ca.certificate(), null)));
        HttpResponse<String> assigned =
                send(client(ca.issueClient("dev-2")), "PUT", "/0neTEST/registrations/dev-2/register", "", null);
        assertEquals(200, assigned.statusCode(), assigned.body());
        assertTrue(hub.connectionString("dev-2").endsWith("x509=true"));
        assertEquals(
                401,
                send(client(ca.issueClient("dev-3")), "PUT", "/0neTEST/registrations/dev-2/register", "", null)
                        .statusCode());
    }

    @ParameterizedTest
    @CsvSource({
        "PUT, /0neTEST/registrations/dev-2/register, 401",
        "PUT, /0neOTHER/registrations/dev-1/register, 401",
        "GET, /0neTEST/registrations/dev-1/operations/4.1.2, 404",
        "POST, /0neTEST/registrations/dev-1, 404",
        "GET, /0neTEST/registrations/dev-1/register, 405",
        "PUT, /0neTEST/registrations/dev-1/unregister, 404",
        "PUT, /0neTEST/registrations/dev%201/register, 404",
    })
    void refuses(String method, String path, int status) throws Exception {
        HttpResponse<String> refusal = send(client(null), method, path, "", token());
        assertEquals(status, refusal.statusCode(), refusal.body());
        JsonNode error = JSON.readTree(refusal.body());
        assertEquals(status, error.get("errorCode").asInt() / 1_000);
        assertTrue(error.hasNonNull("trackingId") && error.hasNonNull("message"));
    }

    @Test
    void refusesTooManyRequestsAndAnotherType() throws Exception {
        HttpClient client = client(null);
        HttpRequest text = request("PUT", DEVICE + "/register", "hello", token(), "text/plain");
        assertEquals(415, client.send(text, BodyHandlers.ofString()).statusCode());
        hub.provisioning().throttle(id -> {
            throw new ProvisioningException(ProvisioningError.THROTTLED, "too many", Duration.ofSeconds(9));
        });
        HttpResponse<String> refusal = send(client, "PUT", DEVICE + "/register", "", token());
        assertEquals(429, refusal.statusCode());
        assertEquals("9", refusal.headers().firstValue("retry-after").orElse(""));
    }

    private static String token() {
        return Tokens.token(
                        "0neTEST/registrations/dev-1", Tokens.KEY, Instant.now().plusSeconds(60)) + "&skn=";
    }

    private HttpClient client(@Nullable ClientCertificate own) throws Exception {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(
                        ClientTls.trusting(EmulatorCa.openOrCreate(directory).certificate(), own))
                .connectTimeout(Duration.ofSeconds(10))
                .build();
    }

    private HttpResponse<String> send(
            HttpClient client, String method, String path, String body, @Nullable String token) throws Exception {
        return client.send(
                request(method, path, body, token, "application/json; charset=utf-8"), BodyHandlers.ofString());
    }

    private HttpRequest request(String method, String path, String body, @Nullable String token, String type) {
        URI uri = URI.create("https://localhost:" + hub.wsPort() + path + "?api-version=2019-03-31");
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", type)
                .method(method, BodyPublishers.ofString(body));
        return (token == null ? request : request.header("Authorization", token)).build();
    }
}
