// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TwinTest {
    private static final HubIdentity DEVICE = HubIdentity.device("d");
    private static final HubIdentity MODULE = HubIdentity.module("d", "m");

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);

    @BeforeEach
    void register() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        hub.put(MODULE, IdentityStatus.ENABLED, null, null);
    }

    @Test
    void beginsEmptyAtVersionOne() throws HubException {
        assertEquals(json("{'desired':{'$version':1},'reported':{'$version':1}}"), read(hub.deviceTwin(DEVICE)));
        JsonNode twin = hub.serviceTwin(MODULE);
        assertEquals("d", twin.get("deviceId").textValue());
        assertEquals("m", twin.get("moduleId").textValue());
        assertEquals("AAAAAAAAAAE=", twin.get("etag").textValue());
        assertEquals(2, twin.get("version").longValue());
        assertEquals(json("{}"), twin.get("tags"));
        assertEquals(
                json("{'$metadata':{'$lastUpdated':'2026-01-01T00:00:00Z','$lastUpdatedVersion':1},'$version':1}"),
                read(twin.at("/properties/desired")));
        assertFalse(hub.serviceTwin(DEVICE).has("moduleId"));
    }

    @ParameterizedTest(name = "{0} and {1} make {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "{'a':1}|{'b':2}|{'a':1,'b':2}",
                "{'a':1}|{'a':null}|{}",
                "{'a':1}|{'b':null}|{'a':1}",
                "{'a':{'b':1,'c':2}}|{'a':{'b':null,'d':3}}|{'a':{'c':2,'d':3}}",
                "{'a':{'b':1}}|{'a':5}|{'a':5}",
                "{'a':5}|{'a':{'b':1}}|{'a':{'b':1}}",
                "{'a':[1,2,3]}|{'a':[4]}|{'a':[4]}",
                "{}|{'a':{'b':null,'c':{}}}|{'a':{'c':{}}}",
                "{'a':'x'}|{'a':true,'b':1.5}|{'a':true,'b':1.5}"
            })
    void mergesPatches(String first, String second, String merged) throws HubException {
        hub.report(DEVICE, json(first), OptionalLong.empty());
        assertEquals(3, hub.report(DEVICE, json(second), OptionalLong.empty()));
        assertEquals(
                json(merged).put("$version", 3), read(hub.deviceTwin(DEVICE).get("reported")));
        hub.patchTwin(DEVICE, json("{'tags':" + first + ",'properties':{'desired':" + first + "}}"), null);
        hub.patchTwin(DEVICE, json("{'tags':" + second + ",'properties':{'desired':" + second + "}}"), null);
        assertEquals(json(merged), hub.serviceTwin(DEVICE).get("tags"));
        assertEquals(
                json(merged).put("$version", 3), read(hub.deviceTwin(DEVICE).get("desired")));
    }

    static Stream<Arguments> refusedPatches() {
        return Stream.of(
                Arguments.of("a dot in a key", "{'a.b':1}"),
                Arguments.of("a dollar in a key", "{'$a':1}"),
                Arguments.of("a version in a report", "{'$version':1}"),
                Arguments.of("a space in a key", "{'a b':1}"),
                Arguments.of("a control character in a key", "{'a\\u0001':1}"),
                Arguments.of("a C1 control in a key", "{'a\\u0085':1}"),
                Arguments.of("an inner key", "{'a':{'b':[{'c.d':1}]}}"),
                Arguments.of("a deleted key", "{'a.b':null}"),
                Arguments.of("an empty key", "{'':1}"),
                Arguments.of("a long key", "{'" + "k".repeat(1025) + "':1}"),
                Arguments.of("a long string", "{'a':'" + "x".repeat(4097) + "'}"),
                Arguments.of("a long string in an array", "{'a':['" + "x".repeat(4097) + "']}"),
                Arguments.of("a large integer", "{'a':4503599627370497}"),
                Arguments.of("a small integer", "{'a':-4503599627370497}"),
                Arguments.of("a huge integer", "{'a':123456789012345678901234567890}"),
                Arguments.of("eleven levels", nested(11)),
                Arguments.of("too much", many(9)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusedPatches")
    void refusesWhatIsBeyondTheLimits(String what, String patch) throws HubException {
        assertRefused(HubError.MALFORMED, () -> hub.report(DEVICE, json(patch), OptionalLong.empty()));
        assertRefused(HubError.MALFORMED, () -> hub.patchTwin(DEVICE, json("{'tags':" + patch + "}"), null));
        if (!patch.contains("$version")) {
            String desired = "{'tags':{'a':1},'properties':{'desired':" + patch + "}}";
            assertRefused(HubError.MALFORMED, () -> hub.patchTwin(DEVICE, json(desired), null));
        }
        assertEquals(2, hub.serviceTwin(DEVICE).get("version").longValue());
    }

    static Stream<Arguments> takenPatches() {
        return Stream.of(
                Arguments.of("{'" + "k".repeat(1024) + "':1}"),
                Arguments.of("{'a':'" + "x".repeat(4096) + "'}"),
                Arguments.of("{'a':4503599627370496,'b':-4503599627370496}"),
                Arguments.of(nested(10)),
                Arguments.of("{'ä-_/:':'ü'}"));
    }

    @ParameterizedTest
    @MethodSource("takenPatches")
    void takesWhatIsJustAllowed(String patch) throws HubException {
        assertEquals(2, hub.report(DEVICE, json(patch), OptionalLong.empty()));
    }

    @ParameterizedTest(name = "{0} weighs {1}")
    @CsvSource(
            delimiter = '|',
            value = {"{}|0", "{'ab':'cde'}|5", "{'a':1,'b':true}|14", "{'a':{'b':['ü',2]}}|12", "{'a':'x\\u0001y'}|3"})
    void countsAsTheHubDoes(String properties, long size) throws HubException {
        assertEquals(size, TwinLimits.size(json(properties)));
    }

    @ParameterizedTest
    @CsvSource({"tags,8192", "desired,32768", "reported,32768"})
    void limitsEachSection(String section, int limit) throws HubException {
        int rest = limit;
        StringBuilder patch = new StringBuilder("{");
        for (int i = 10; rest > 0; i++) {
            int length = Math.min(4000, rest - 2);
            patch.append("'").append(i).append("':'").append("x".repeat(length)).append("',");
            rest -= length + 2;
        }
        String full = patch.deleteCharAt(patch.length() - 1).append("}").toString();
        change(section, full);
        assertRefused(HubError.MALFORMED, () -> change(section, "{'k':1}"));
        change(section, "{'10':null,'k':1}");
    }

    private void change(String section, String patch) throws HubException {
        switch (section) {
            case "tags" -> hub.patchTwin(DEVICE, json("{'tags':" + patch + "}"), null);
            case "desired" -> hub.patchTwin(DEVICE, json("{'properties':{'desired':" + patch + "}}"), null);
            default -> hub.report(DEVICE, json(patch), OptionalLong.empty());
        }
    }

    @Test
    void datesEveryKeyInTheServiceView() throws HubException {
        hub.report(DEVICE, json("{'a':{'b':1,'c':[1]}}"), OptionalLong.empty());
        clock.advance(Duration.ofSeconds(1));
        hub.report(DEVICE, json("{'a':{'b':2}}"), OptionalLong.empty());
        JsonNode metadata = hub.serviceTwin(DEVICE).at("/properties/reported/$metadata");
        String early = "'$lastUpdated':'2026-01-01T00:00:00Z','$lastUpdatedVersion':2";
        String late = "'$lastUpdated':'2026-01-01T00:00:01Z','$lastUpdatedVersion':3";
        assertEquals(json("{" + late + ",'a':{" + late + ",'b':{" + late + "},'c':{" + early + "}}}"), read(metadata));
        hub.report(DEVICE, json("{'a':{'b':null}}"), OptionalLong.empty());
        assertFalse(
                hub.serviceTwin(DEVICE).at("/properties/reported/$metadata/a").has("b"));
    }

    @Test
    void comparesTheVersionThatAReportIsBasedOn() throws HubException {
        assertEquals(2, hub.report(DEVICE, json("{'a':1}"), OptionalLong.of(1)));
        assertRefused(HubError.PRECONDITION_FAILED, () -> hub.report(DEVICE, json("{'a':2}"), OptionalLong.of(1)));
        assertEquals(3, hub.report(DEVICE, json("{}"), OptionalLong.of(2)));
    }

    @Test
    void changesTheEtagWithTheServiceOnly() throws HubException {
        String first = etag();
        hub.report(DEVICE, json("{'a':1}"), OptionalLong.empty());
        assertEquals(first, etag());
        hub.patchTwin(DEVICE, json("{'tags':{'a':1}}"), "\"" + first + "\"");
        assertNotEquals(first, etag());
        assertRefused(HubError.PRECONDITION_FAILED, () -> hub.patchTwin(DEVICE, json("{}"), first));
        assertRefused(HubError.PRECONDITION_FAILED, () -> hub.replaceTwin(DEVICE, json("{}"), first));
        hub.patchTwin(DEVICE, json("{}"), "*");
        hub.replaceTwin(DEVICE, json("{}"), etag());
    }

    private String etag() throws HubException {
        return hub.serviceTwin(DEVICE).get("etag").textValue();
    }

    @Test
    void ignoresWhatTheServiceSendsBack() throws HubException {
        hub.patchTwin(DEVICE, json("{'properties':{'desired':{'a':1},'reported':{'x':1}}}"), null);
        ObjectNode twin = hub.serviceTwin(DEVICE);
        ObjectNode again = hub.patchTwin(DEVICE, twin, twin.get("etag").textValue());
        assertEquals(json("{'a':1,'$version':3}"), read(hub.deviceTwin(DEVICE).get("desired")));
        assertEquals(json("{'$version':1}"), read(hub.deviceTwin(DEVICE).get("reported")));
        assertEquals(5, again.get("version").longValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'tags':1}", "{'properties':{'desired':[]}}", "{'properties':{'desired':'x'}}"})
    void refusesSectionsThatAreNoObjects(String patch) {
        assertRefused(HubError.MALFORMED, () -> hub.patchTwin(DEVICE, json(patch), null));
    }

    // Who is told

    @Test
    void tellsTheReceiverOfDesiredChangesInOrder() throws HubException {
        List<DesiredChange> told = new ArrayList<>();
        Hub.Presence presence = hub.receiveDesiredChanges(DEVICE, told::add, () -> {});
        hub.patchTwin(DEVICE, json("{'properties':{'desired':{'a':{'b':null,'c':1}}}}"), null);
        hub.patchTwin(DEVICE, json("{'tags':{'a':1}}"), null);
        hub.patchTwin(MODULE, json("{'properties':{'desired':{'z':1}}}"), null);
        hub.replaceTwin(DEVICE, json("{'properties':{'desired':{'d':[1]}}}"), null);
        presence.close();
        hub.patchTwin(DEVICE, json("{'properties':{'desired':{'e':1}}}"), null);
        assertEquals(List.of(2L, 3L), told.stream().map(DesiredChange::version).toList());
        assertEquals(
                json("{'a':{'b':null,'c':1},'$version':2}"), read(told.get(0).patch()));
        assertEquals(json("{'d':[1],'a':null,'$version':3}"), read(told.get(1).patch()));
    }

    @Test
    void letsALaterReceiverTakeThePlaceOfAnEarlier() throws HubException {
        List<String> told = new ArrayList<>();
        Hub.Presence first = hub.receiveDesiredChanges(DEVICE, change -> told.add("first"), () -> told.add("replaced"));
        hub.receiveDesiredChanges(DEVICE, change -> told.add("second"), () -> {});
        first.close();
        hub.patchTwin(DEVICE, json("{'properties':{'desired':{'a':1}}}"), null);
        assertEquals(List.of("replaced", "second"), told);
    }

    @Test
    void forgetsTheTwinWithItsIdentity() throws HubException {
        hub.report(DEVICE, json("{'a':1}"), OptionalLong.empty());
        hub.remove(DEVICE);
        assertRefused(HubError.DEVICE_NOT_FOUND, () -> hub.deviceTwin(DEVICE));
        assertRefused(HubError.MODULE_NOT_FOUND, () -> hub.serviceTwin(MODULE));
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        assertEquals(json("{'$version':1}"), read(hub.deviceTwin(DEVICE).get("reported")));
        hub.put(DEVICE, IdentityStatus.DISABLED, null, null);
        assertRefused(HubError.DEVICE_DISABLED, () -> hub.report(DEVICE, json("{}"), OptionalLong.empty()));
        assertEquals("disabled", hub.serviceTwin(DEVICE).get("status").textValue());
    }

    @Test
    void asksTheThrottle() throws HubException {
        List<Throttle.Operation> asked = new ArrayList<>();
        hub.throttle((identity, operation) -> {
            asked.add(operation);
            throw new HubException(HubError.THROTTLED, "too many");
        });
        assertRefused(HubError.THROTTLED, () -> hub.deviceTwin(DEVICE));
        assertRefused(HubError.THROTTLED, () -> hub.report(DEVICE, json("{}"), OptionalLong.empty()));
        assertRefused(HubError.THROTTLED, () -> hub.accept(DEVICE, List.of()));
        assertEquals(
                List.of(Throttle.Operation.TWIN_READ, Throttle.Operation.TWIN_UPDATE, Throttle.Operation.TELEMETRY),
                asked);
        hub.throttle(Throttle.NONE);
        assertTrue(hub.deviceTwin(DEVICE).has("desired"));
    }

    // JSON for reading

    private static ObjectNode json(String text) throws HubException {
        return read(JsonText.readObject(text.replace('\'', '"')));
    }

    /** Written and read, so that equal numbers have equal types. */
    private static ObjectNode read(@Nullable JsonNode node) throws HubException {
        return node == null ? json("{}") : JsonText.readObject(JsonText.write(node));
    }

    private static String nested(int levels) {
        return "{'a':".repeat(levels) + "{}" + "}".repeat(levels);
    }

    /** So many strings of almost four kilobytes. */
    private static String many(int count) {
        StringBuilder text = new StringBuilder("{'0':0");
        for (int i = 1; i <= count; i++) {
            text.append(",'").append(i).append("':'").append("x".repeat(4000)).append("'");
        }
        return text.append("}").toString();
    }

    private static void assertRefused(HubError expected, Refused operation) {
        assertEquals(expected, assertThrows(HubException.class, operation::run).error());
    }

    private interface Refused {
        void run() throws HubException;
    }
}
