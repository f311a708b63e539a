// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryApiTest {
    private static final String SHA_1 = "0123456789abcdefABCDEF0123456789abcdef01";
    private static final String SHA_256 = SHA_1 + "0123456789abcdefABCDEF01";

    private Api api;

    @BeforeEach
    void open() throws IOException {
        api = new Api();
    }

    @AfterEach
    void close() {
        api.close();
    }

    // One identity

    @Test
    void describesADeviceAsTheHubDoes() throws Exception {
        JsonNode device = api.json(200, "PUT", "/devices/dev-1", "{\"statusReason\":\"new\"}");
        JsonNode keys = device.at("/authentication/symmetricKey");
        assertEquals(
                Api.JSON.readTree("""
                {"deviceId":"dev-1","generationId":"1","etag":"MS4x","connectionState":"Disconnected","status":"enabled",
                "statusReason":"new","connectionStateUpdatedTime":"0001-01-01T00:00:00Z",
                "statusUpdatedTime":"0001-01-01T00:00:00Z","lastActivityTime":"0001-01-01T00:00:00Z",
                "cloudToDeviceMessageCount":0,"authentication":{"symmetricKey":{"primaryKey":"%s","secondaryKey":"%s"},
                "x509Thumbprint":{"primaryThumbprint":null,"secondaryThumbprint":null},"type":"sas"},
                "capabilities":{"iotEdge":false}}""".formatted(
                                keys.get("primaryKey").asText(),
                                keys.get("secondaryKey").asText())),
                device);
    }

    @Test
    void tellsWhenADeviceCameAndWentAndSent() throws Exception {
        api.json(200, "PUT", "/devices/dev-1", "");
        HubIdentity device = HubIdentity.device("dev-1");
        Hub.Presence presence = api.hub.connect(device, "MQTT", why -> {});
        JsonNode connected = api.json(200, "GET", "/devices/dev-1", "");
        assertEquals("Connected", connected.get("connectionState").asText());
        assertEquals(
                "2026-01-01T00:00:00Z",
                connected.get("connectionStateUpdatedTime").asText());
        assertEquals(
                1,
                api.json(200, "GET", "/statistics/service", "")
                        .get("connectedDeviceCount")
                        .asInt());
        api.clock.advance(Duration.ofMinutes(1));
        api.hub.accept(device, new HubMessage(Map.of(), Map.of(), new byte[1]));
        JsonNode active = api.json(200, "GET", "/devices/dev-1", "");
        assertEquals("2026-01-01T00:01:00Z", active.get("lastActivityTime").asText());
        assertEquals(
                "2026-01-01T00:00:00Z", active.get("connectionStateUpdatedTime").asText());
        api.clock.advance(Duration.ofMinutes(1));
        presence.close();
        JsonNode gone = api.json(200, "GET", "/devices/dev-1", "");
        assertEquals("Disconnected", gone.get("connectionState").asText());
        assertEquals(
                "2026-01-01T00:02:00Z", gone.get("connectionStateUpdatedTime").asText());
    }

    @Test
    void createsWithoutIfMatchAndChangesWithIt() throws Exception {
        Api.Answer made = api.call(
                "PUT", "/devices/d", "{\"authentication\":{\"symmetricKey\":{\"primaryKey\":\"" + Tokens.KEY + "\"}}}");
        assertEquals(409_001, api.error(409, "PUT", "/devices/d", "{}"));
        assertEquals("\"" + made.json().get("etag").asText() + "\"", made.header("etag"));

        JsonNode changed =
                api.json(200, "PUT", "/devices/d", "{\"status\":\"disabled\"}", "If-Match", made.header("etag"));
        assertEquals("disabled", changed.get("status").asText());
        assertEquals("2026-01-01T00:00:00Z", changed.get("statusUpdatedTime").asText());
        assertEquals(
                Tokens.KEY,
                changed.at("/authentication/symmetricKey/primaryKey").asText());
        assertNotEquals(made.json().get("etag"), changed.get("etag"));

        assertEquals(412_001, api.error(412, "PUT", "/devices/d", "{}", "If-Match", made.header("etag")));
        api.json(200, "PUT", "/devices/d", "{}", "If-Match", "*");
        assertEquals(404_001, api.error(404, "PUT", "/devices/e", "{}", "If-Match", "*"));
        assertEquals(404_001, api.error(404, "PUT", "/devices/e", "{}", "If-Match", "\"x\""));
    }

    @Test
    void removesWhatIsAsItIsThoughtToBe() throws Exception {
        String etag = api.json(200, "PUT", "/devices/d", "").get("etag").asText();
        assertEquals(412_001, api.error(412, "DELETE", "/devices/d", "", "If-Match", "other"));
        assertEquals(204, api.call("DELETE", "/devices/d", "", "If-Match", etag).status());
        assertEquals(404_001, api.error(404, "DELETE", "/devices/d", "", "If-Match", "*"));
        assertNotEquals(etag, api.json(200, "PUT", "/devices/d", "").get("etag").asText());
        assertEquals(204, api.call("DELETE", "/devices/d", "").status());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'type':'selfSigned','x509Thumbprint':{'primaryThumbprint':'" + SHA_1 + "'}} | selfSigned",
                "{'type':'selfSigned','x509Thumbprint':{'secondaryThumbprint':'" + SHA_256 + "'}} | selfSigned",
                "{'x509Thumbprint':{'primaryThumbprint':'" + SHA_256 + "'}} | selfSigned",
                "{'type':'certificateAuthority'} | certificateAuthority",
                "{'type':'none'} | none",
                "{'type':null} | sas"
            })
    void takesEveryWayToProveAnIdentity(String authentication, String type) throws Exception {
        String body = "{\"authentication\":" + authentication.replace('\'', '"') + "}";
        JsonNode made = api.json(200, "PUT", "/devices/d", body);
        assertEquals(type, made.at("/authentication/type").asText());
        assertEquals(
                type.equals("sas"),
                made.at("/authentication/symmetricKey/primaryKey").isTextual());
        assertEquals(made, api.json(200, "GET", "/devices/d", ""));
        assertEquals(
                type,
                api.json(200, "GET", "/twins/d", "").get("authenticationType").asText());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type':'selfSigned'}",
                "{'type':'selfSigned','x509Thumbprint':{'primaryThumbprint':'0123'}}",
                "{'type':'selfSigned','x509Thumbprint':{'primaryThumbprint':'g123456789abcdef0123456789abcdef01234567'}}",
                "{'type':'password'}"
            })
    void refusesCredentialsOfNoForm(String authentication) throws Exception {
        String body = "{\"authentication\":" + authentication.replace('\'', '"') + "}";
        assertEquals(400_004, api.error(400, "PUT", "/devices/d", body));
    }

    @Test
    void registersAnEdgeDeviceAndItsModules() throws Exception {
        JsonNode edge = api.json(200, "PUT", "/devices/edge", "{\"capabilities\":{\"iotEdge\":true}}");
        assertTrue(edge.at("/capabilities/iotEdge").asBoolean());
        assertEquals("ms-azure-iot-edge://edge-1", edge.get("deviceScope").asText());
        api.json(200, "PUT", "/devices/edge/modules/$edgeHub", "");
        api.json(200, "PUT", "/devices/edge/modules/$edgeAgent", "");
        api.json(200, "PUT", "/devices/edges", "");
        assertEquals(409_301, api.error(409, "PUT", "/devices/edge/modules/$edgeHub", ""));
        JsonNode modules = api.json(200, "GET", "/devices/edge/modules", "");
        assertEquals(List.of("$edgeAgent", "$edgeHub"), modules.findValuesAsText("moduleId"));
        assertEquals(404_001, api.error(404, "GET", "/devices/nobody/modules", ""));
    }

    // Many

    @Test
    void listsDevicesUpToTheTop() throws Exception {
        for (String id : List.of("b", "a", "c")) {
            api.json(200, "PUT", "/devices/" + id, "");
            api.json(200, "PUT", "/devices/" + id + "/modules/m", "");
        }
        assertEquals(
                List.of("a", "b"), api.json(200, "GET", "/devices?top=2", "").findValuesAsText("deviceId"));
        assertEquals(
                3, api.json(200, "GET", "/devices?api-version=2021-04-12", "").size());
        assertEquals(400_004, api.error(400, "GET", "/devices?top=many", ""));
    }

    @Test
    void countsDevices() throws Exception {
        api.json(200, "PUT", "/devices/a", "");
        api.json(200, "PUT", "/devices/b", "{\"status\":\"disabled\"}");
        api.json(200, "PUT", "/devices/c", "{\"status\":\"disabled\"}");
        api.json(200, "PUT", "/devices/c/modules/m", "");
        assertEquals(204, api.call("DELETE", "/devices/b", "").status());
        assertEquals(
                Api.JSON.readTree("{\"totalDeviceCount\":2,\"enabledDeviceCount\":1,\"disabledDeviceCount\":1}"),
                api.json(200, "GET", "/statistics/devices", ""));
        assertEquals(404_000, api.error(404, "GET", "/statistics/weather", ""));
    }

    @Test
    void changesManyAtOnceAndReportsWhatFailed() throws Exception {
        JsonNode good = api.json(200, "POST", "/devices", """
                [{"id":"a","importMode":"create"},
                {"id":"b","importMode":"createOrUpdate","status":"disabled","tags":{"site":"x"}},
                {"id":"c","importMode":"create","authentication":{"type":"certificateAuthority"}}]""");
        assertEquals(Api.JSON.readTree("{\"isSuccessful\":true,\"errors\":[],\"warnings\":[]}"), good);
        assertEquals("x", api.json(200, "GET", "/twins/b", "").at("/tags/site").asText());

        String etag = api.json(200, "GET", "/devices/a", "").get("etag").asText();
        JsonNode mixed = api.json(400, "POST", "/devices", """
                [{"id":"a","importMode":"updateIfMatchETag","eTag":"%s","status":"disabled"},
                {"id":"b","importMode":"create"},
                {"id":"c","importMode":"deleteIfMatchETag","eTag":"old"},
                {"id":"d","importMode":"update"},
                {"id":"e","importMode":"rename"},
                {"id":"b","moduleId":"m","importMode":"create"}]""".formatted(etag));
        assertFalse(mixed.get("isSuccessful").asBoolean());
        assertEquals(
                List.of("DeviceAlreadyExists", "PreconditionFailed", "DeviceNotFound", "ArgumentInvalid"),
                mixed.get("errors").findValuesAsText("errorCode"));
        assertEquals(List.of("b", "c", "d", "e"), mixed.get("errors").findValuesAsText("deviceId"));
        assertEquals(
                "disabled", api.json(200, "GET", "/devices/a", "").get("status").asText());
        api.json(200, "GET", "/devices/b/modules/m", "");

        api.json(200, "POST", "/devices", "[{\"id\":\"a\",\"importMode\":\"delete\"}]");
        assertEquals(404_001, api.error(404, "GET", "/devices/a", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "[{\"importMode\":\"create\"}]",
                "[{\"id\":\"a\",\"importMode\":\"create\"},{\"id\":\"a\",\"importMode\":\"delete\"}]",
                "x"
            })
    void refusesChangesThatAreNone(String body) throws Exception {
        assertEquals(400_004, api.error(400, "POST", "/devices", body));
    }

    @Test
    void answersAQueryPageByPage() throws Exception {
        for (int i = 0; i < 25; i++) {
            api.json(200, "PUT", "/devices/d" + (100 + i), "");
            api.json(200, "PUT", "/devices/d" + (100 + i) + "/modules/m", "");
        }
        for (String from : List.of("devices", "devices.modules")) {
            List<String> ids = new ArrayList<>();
            List<Integer> pages = new ArrayList<>();
            String continuation = "";
            do {
                Api.Answer page =
                        query("select * from " + from, "x-ms-max-item-count", "10", "x-ms-continuation", continuation);
                assertEquals(200, page.status());
                assertEquals("Twin", page.header("x-ms-item-type"));
                pages.add(page.json().size());
                ids.addAll(page.json().findValuesAsText("deviceId"));
                continuation = page.header("x-ms-continuation");
            } while (!continuation.isEmpty());
            assertEquals(List.of(10, 10, 5), pages);
            assertEquals(25, ids.stream().distinct().count());
        }
    }

    @Test
    void finishesAPageThatIsExactlyFull() throws Exception {
        api.json(200, "PUT", "/devices/a", "");
        assertEquals(
                "", query("SELECT * FROM devices", "x-ms-max-item-count", "1").header("x-ms-continuation"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT * FROM devices WHERE deviceId = 'a'| 1",
                "select * from devices where devices.deviceId='a' | 1",
                "SELECT * FROM devices WHERE deviceId = \"a\" | 1",
                "SELECT * FROM devices WHERE deviceId = 'A' | 0",
                "SELECT * FROM devices WHERE deviceId = 'o''c' | 1",
                "SELECT * FROM devices.modules WHERE deviceId = 'a' | 2",
                "SELECT * FROM devices.modules WHERE deviceId = 'a' AND moduleId = 'm1' | 1",
                "SELECT * FROM devices.modules WHERE deviceId = 'nobody' | 0",
                "SELECT * FROM devices.modules | 2"
            })
    void findsTheTwinsThatAQueryNames(String text, int count) throws Exception {
        for (String path : List.of("a", "o'c", "a/modules/m1", "a/modules/m2")) {
            api.json(200, "PUT", "/devices/" + path.replace("'", "%27"), "");
        }
        assertEquals(count, query(text).json().size());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "SELECT deviceId FROM devices",
                "SELECT * FROM devices WHERE tags.site = 'x'",
                "SELECT * FROM devices.jobs",
                "SELECT * FROM devices WHERE deviceId = 'a' AND moduleId = 'm'",
                "SELECT * FROM devices WHERE deviceId = 'a' OR 1 = 1",
                "SELECT COUNT() FROM devices"
            })
    void saysWhichQueriesItAnswers(String text) throws Exception {
        Api.Answer answer = query(text);
        assertEquals(400, answer.status());
        assertTrue(answer.error().get("message").asText().contains("SELECT * FROM devices"));
    }

    @ParameterizedTest
    @CsvSource({"x-ms-max-item-count,0", "x-ms-max-item-count,x", "x-ms-continuation,%%"})
    void refusesPagesThatAreNone(String header, String value) throws Exception {
        assertEquals(400, query("SELECT * FROM devices", header, value).status());
    }

    private Api.Answer query(String text, String... headers) throws Exception {
        String body = Api.JSON.createObjectNode().put("query", text).toString();
        return api.call("POST", "/devices/query?api-version=2021-04-12", body, headers);
    }

    // Authorities

    @Test
    void keepsAuthoritiesByName() throws Exception {
        String pem = EmulatorCa.create().trustBundlePem();
        assertEquals(
                "site",
                api.json(200, "PUT", "/certificates/site", pem).get("name").asText());
        assertTrue(api.json(200, "GET", "/certificates/site", "")
                .get("subject")
                .asText()
                .startsWith("CN=Upstream"));
        assertEquals(1, api.json(200, "GET", "/certificates", "").size());
        assertEquals(400_004, api.error(400, "PUT", "/certificates/x", "no PEM"));
        assertEquals(400_004, api.error(400, "PUT", "/certificates/x", pem + pem));
        assertEquals(204, api.call("DELETE", "/certificates/site", "").status());
        assertEquals(404_000, api.error(404, "GET", "/certificates/site", ""));
        assertEquals(404_000, api.error(404, "DELETE", "/certificates/site", ""));
    }
}
