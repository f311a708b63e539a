// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceAccessTest {
    @TempDir
    Path directory;

    @Test
    void answersWithoutTlsAndAboveItOnBothPorts() throws Exception {
        try (IotHubEmulator hub = builder().device("dev-1", Tokens.KEY).start()) {
            HttpClient client = client(hub);
            assertEquals(
                    200,
                    get(client, "http://127.0.0.1:" + hub.apiPort() + "/devices/dev-1", "")
                            .statusCode());
            for (int port : new int[] {hub.apiPort(), hub.wsPort()}) {
                String url = "https://localhost:" + port + "/devices/dev-1";
                for (int i = 0; i < 3; i++) {
                    HttpResponse<String> found = get(client, url, token(hub, Duration.ofMinutes(10)));
                    assertEquals(200, found.statusCode(), found.body());
                }
                for (String wrong : List.of(
                        "",
                        "Basic eDp5",
                        token(hub, Duration.ofMinutes(-1)),
                        Tokens.token(
                                "localhost/devices/dev-1",
                                Tokens.KEY,
                                Instant.now().plusSeconds(60)))) {
                    HttpResponse<String> refused = get(client, url, wrong);
                    assertEquals(401, refused.statusCode());
                    assertTrue(refused.body().contains("401003"), refused.body());
                    assertEquals(
                            "IotHubUnauthorized",
                            refused.headers().firstValue("iothub-errorcode").orElse(""));
                }
            }
        }
    }

    @Test
    void leavesOtherPathsOfTheWebSocketPortAlone() throws Exception {
        try (IotHubEmulator hub = builder().start()) {
            String url = "https://localhost:" + hub.wsPort();
            assertEquals(404, get(client(hub), url + "/", "").statusCode());
            assertEquals(404, get(client(hub), url + "/devicesX", "").statusCode());
            assertEquals(400, get(client(hub), url + "/$iothub/websocket", "").statusCode());
        }
    }

    @Test
    void keepsTheKeysForServicesInItsDirectory() throws Exception {
        String first;
        try (IotHubEmulator hub = builder().start()) {
            first = hub.serviceConnectionString();
            assertTrue(first.startsWith("HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey="));
        }
        Path file = directory.resolve("iothubowner.keys");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (IotHubEmulator hub = builder().start()) {
            assertEquals(first, hub.serviceConnectionString());
        }
        try (IotHubEmulator hub = builder().policyKey(Tokens.KEY).start()) {
            assertTrue(hub.serviceConnectionString().endsWith("SharedAccessKey=" + Tokens.KEY));
        }
        Files.writeString(file, "no keys");
        IOException failure = assertThrows(IOException.class, () -> builder().start());
        assertTrue(String.valueOf(failure.getMessage()).contains("iothubowner.keys"));
        assertFalse(String.valueOf(failure.getMessage()).contains("no keys"));
    }

    @Test
    void refusesAPolicyKeyOfNoForm() {
        assertThrows(
                IllegalArgumentException.class, () -> builder().policyKey("x").start());
    }

    private EmulatorBuilder builder() {
        return IotHubEmulator.builder().directory(directory);
    }

    private static String token(IotHubEmulator hub, Duration life) {
        String cs = hub.serviceConnectionString();
        String key = cs.substring(cs.indexOf("SharedAccessKey=") + "SharedAccessKey=".length());
        return Tokens.token("localhost", key, Instant.now().plus(life)) + "&skn=iothubowner";
    }

    private static HttpResponse<String> get(HttpClient client, String url, String token) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20));
        if (!token.isEmpty()) {
            request.header("Authorization", token);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private static HttpClient client(IotHubEmulator hub) throws Exception {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(ClientTls.trusting(hub.trustBundle()))
                .connectTimeout(Duration.ofSeconds(10))
                .build();
    }
}
