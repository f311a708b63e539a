// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TwinApiTest {
    private static final HubIdentity DEVICE = HubIdentity.device("d");
    private static final HubIdentity MODULE = HubIdentity.module("d", "m");

    private Api api;

    @BeforeEach
    void open() throws Exception {
        api = new Api();
        api.json(200, "PUT", "/devices/d", "");
        api.json(200, "PUT", "/devices/d/modules/m", "");
    }

    @AfterEach
    void close() {
        api.close();
    }

    // Twins

    @ParameterizedTest
    @ValueSource(strings = {"/twins/d", "/twins/d/modules/m"})
    void patchesAndReplacesATwin(String path) throws Exception {
        JsonNode made = api.json(200, "GET", path, "");
        assertEquals("d", made.get("deviceId").asText());
        JsonNode patched = api.json(
                200, "PATCH", path, "{\"tags\":{\"site\":\"x\"},\"properties\":{\"desired\":{\"a\":1,\"b\":2}}}");
        assertEquals("x", patched.at("/tags/site").asText());
        assertEquals(2, patched.at("/properties/desired/b").asInt());
        JsonNode replaced = api.json(200, "PUT", path, "{\"properties\":{\"desired\":{\"b\":3}}}");
        assertEquals(3, replaced.at("/properties/desired/b").asInt());
        assertEquals(true, replaced.at("/properties/desired/a").isMissingNode());
        assertEquals(true, replaced.at("/tags/site").isMissingNode());
        assertEquals(replaced, api.json(200, "GET", path, ""));
    }

    @Test
    void changesATwinThatIsAsItIsThoughtToBe() throws Exception {
        Api.Answer before = api.call("GET", "/twins/d", "");
        String patch = "{\"tags\":{\"site\":\"x\"}}";
        assertEquals("\"" + before.json().get("etag").asText() + "\"", before.header("etag"));
        api.json(200, "PATCH", "/twins/d", patch, "If-Match", before.header("etag"));
        assertEquals(412_001, api.error(412, "PATCH", "/twins/d", patch, "If-Match", before.header("etag")));
        assertEquals(412_001, api.error(412, "PUT", "/twins/d", patch, "If-Match", "other"));
        api.json(200, "PUT", "/twins/d", patch, "If-Match", "*");
    }

    @Test
    void takesAPatchThatComesAsPost() throws Exception {
        JsonNode twin = api.json(200, "POST", "/twins/d", "{\"tags\":{\"a\":1}}", "X-HTTP-Method-Override", "PATCH");
        assertEquals(1, twin.at("/tags/a").asInt());
        assertEquals(405_000, api.error(405, "POST", "/twins/d", "{}"));
    }

    @Test
    void refusesTwinsThatAreNone() throws Exception {
        assertEquals(404_001, api.error(404, "GET", "/twins/nobody", ""));
        assertEquals(404_010, api.error(404, "PATCH", "/twins/d/modules/nobody", "{}"));
        assertEquals(400_004, api.error(400, "PATCH", "/twins/d", "[]"));
        assertEquals(400_004, api.error(400, "PATCH", "/twins/d", "{\"tags\":1}"));
    }

    // Methods

    @ParameterizedTest
    @ValueSource(strings = {"/twins/d/methods", "/twins/d/modules/m/methods"})
    void callsAMethodAndBringsItsAnswer(String path) throws Exception {
        HubIdentity identity = path.contains("modules") ? MODULE : DEVICE;
        api.hub.receiveMethods(
                identity,
                request ->
                        answer(identity, request, 201, "[\"" + request.name() + "\"," + text(request.payload()) + "]"),
                () -> {});
        assertEquals(
                Api.JSON.readTree("{\"status\":201,\"payload\":[\"reboot\",{\"in\":5}]}"),
                api.json(200, "POST", path, "{\"methodName\":\"reboot\",\"payload\":{\"in\":5}}"));
    }

    @Test
    void bringsAnAnswerWithoutPayload() throws Exception {
        api.hub.receiveMethods(DEVICE, request -> answer(DEVICE, request, 200, ""), () -> {});
        assertEquals(
                Api.JSON.readTree("{\"status\":200,\"payload\":null}"),
                api.json(200, "POST", "/twins/d/methods", "{\"methodName\":\"m\"}"));
    }

    @Test
    void saysThatNobodyListens() throws Exception {
        assertEquals(404_103, api.error(404, "POST", "/twins/d/methods", "{\"methodName\":\"m\"}"));
        assertEquals(404_001, api.error(404, "POST", "/twins/nobody/methods", "{\"methodName\":\"m\"}"));
        assertEquals(404_010, api.error(404, "POST", "/twins/d/modules/x/methods", "{\"methodName\":\"m\"}"));
    }

    @Test
    void saysThatTheDeviceHasNotAnswered() throws Exception {
        BlockingQueue<MethodRequest> called = new LinkedBlockingQueue<>();
        api.hub.receiveMethods(DEVICE, called::add, () -> {});
        CompletableFuture<Integer> error = CompletableFuture.supplyAsync(() -> {
            try {
                return api.error(
                        504, "POST", "/twins/d/methods", "{\"methodName\":\"m\",\"responseTimeoutInSeconds\":5}");
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        });
        called.poll(20, TimeUnit.SECONDS);
        api.clock.advance(Duration.ofSeconds(6));
        api.hub.sweep();
        assertEquals(504_101, error.get(20, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{\"methodName\":\"a/b\"}",
                "{\"methodName\":\"m\",\"responseTimeoutInSeconds\":4}",
                "{\"methodName\":\"m\",\"responseTimeoutInSeconds\":301}",
                "{\"methodName\":\"m\",\"responseTimeoutInSeconds\":\"5\"}",
                "{\"methodName\":\"m\",\"connectTimeoutInSeconds\":-1}"
            })
    void refusesCallsThatAreNone(String body) throws Exception {
        assertEquals(400_004, api.error(400, "POST", "/twins/d/methods", body));
    }

    private void answer(HubIdentity identity, MethodRequest request, int status, String payload) {
        try {
            api.hub.answerMethod(
                    identity, request.id(), new MethodAnswer(status, payload.getBytes(StandardCharsets.UTF_8)));
        } catch (HubException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
