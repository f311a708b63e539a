// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.emulator.ManualClock;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.server.Listeners;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** The control API of a hub of its own, and a client that asks it. */
final class Api implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();

    final ManualClock clock = new ManualClock();
    final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);
    private final Listeners listeners;
    private final int port;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    Api() throws IOException {
        listeners = new Listeners("127.0.0.1");
        ControlApi api = new ControlApi(hub);
        port = listeners.listen("control API", 0, channel -> api.install(channel.pipeline()));
    }

    /** An answer: its status, its headers and its body, if there is one. */
    record Answer(int status, HttpResponse<String> response) {
        JsonNode json() throws IOException {
            return JSON.readTree(response.body());
        }

        /** The report within an error. */
        JsonNode error() throws IOException {
            JsonNode report = JSON.readTree(json().get("Message").asText());
            assertNotNull(report.get("trackingId"));
            assertNotNull(report.get("timestampUtc"));
            assertEquals("", json().get("ExceptionMessage").asText());
            return report;
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }
    }

    /** @param headers name, value, name, value, ... */
    Answer call(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(30))
                .method(method, BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
        return new Answer(response.statusCode(), response);
    }

    /** The JSON of an answer that must have this status. */
    JsonNode json(int status, String method, String path, String body, String... headers) throws Exception {
        Answer answer = call(method, path, body, headers);
        assertEquals(status, answer.status(), answer.response().body());
        return answer.json();
    }

    /** The error code of an answer that must have this status. */
    int error(int status, String method, String path, String body, String... headers) throws Exception {
        Answer answer = call(method, path, body, headers);
        assertEquals(status, answer.status(), answer.response().body());
        return answer.error().get("errorCode").asInt();
    }

    @Override
    public void close() {
        listeners.close();
    }
}
