// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static io.upstream.emulator.Tokens.KEY;
import static io.upstream.emulator.Tokens.OTHER_KEY;
import static io.upstream.emulator.Tokens.signature;
import static io.upstream.emulator.Tokens.token;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.emulator.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SasTokenTest {
    private static final String HUB = "hub.example";
    private static final HubIdentity DEVICE = HubIdentity.device("dev-1");
    private static final HubIdentity MODULE = HubIdentity.module("dev-1", "m-1");
    private static final Instant END = Instant.parse("2026-01-01T01:00:00Z");
    private static final String MODULE_KEY = "bW9kdWxlLWtleS1tb2R1bGUta2V5";

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore(HUB, clock, Duration.ofSeconds(30));

    @BeforeEach
    void register() throws HubException {
        hub.put(DEVICE, IdentityStatus.ENABLED, KEY, OTHER_KEY);
        hub.put(MODULE, IdentityStatus.ENABLED, MODULE_KEY, null);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hub.example/devices/dev-1",
                "hub.example%2Fdevices%2Fdev-1",
                "hub.example%2fdevices%2fdev%2d1",
                "HUB.EXAMPLE/devices/dev-1",
                "hub.example/devices",
                "hub.example"
            })
    void acceptsTheUriOfTheDeviceOrWhatContainsIt(String resource) throws HubException {
        assertEquals(END.plusSeconds(30), hub.authorize(DEVICE, token(resource, KEY, END)));
        assertEquals(END.plusSeconds(30), hub.authorize(DEVICE, token(resource, OTHER_KEY, END)));
    }

    @Test
    void acceptsTheFieldsInAnyOrderAndAnEmptyPolicyName() throws HubException {
        String resource = "hub.example%2Fdevices%2Fdev-1";
        String sas = "SharedAccessSignature se=" + END.getEpochSecond() + "&skn=&sig=" + signature(resource, KEY, END)
                + "&sr=" + resource;
        assertEquals(END.plusSeconds(30), hub.authorize(DEVICE, sas));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hub.example/devices/dev-10",
                "hub.example/devices/dev",
                "hub.example/devices/DEV-1",
                "hub.example/devices/dev-1/",
                "hub.example/devices/dev-1/modules/m-1",
                "hub.example/dev-1",
                "hub.exampl",
                "other.example/devices/dev-1",
                "hub.example%devices",
                "hub.example/devices/%ff"
            })
    void refusesATokenForSomethingElse(String resource) {
        assertRefused(HubError.UNAUTHORIZED, DEVICE, token(resource, KEY, END));
    }

    static Stream<Arguments> malformed() {
        String good = token("hub.example/devices/dev-1", KEY, END);
        return Stream.of(
                Arguments.of("nothing", ""),
                Arguments.of("another scheme", good.replace("SharedAccessSignature", "Bearer")),
                Arguments.of("two spaces", good.replace("Signature sr", "Signature  sr")),
                Arguments.of("no signature", good.replaceAll("&sig=[^&]*", "")),
                Arguments.of("an empty signature", good.replaceAll("&sig=[^&]*", "&sig=")),
                Arguments.of("a signature that is not base64", good.replaceAll("&sig=[^&]*", "&sig=%24%24")),
                Arguments.of("no expiry", good.replaceAll("&se=.*", "")),
                Arguments.of("an expiry with a sign", good.replace("&se=", "&se=+")),
                Arguments.of("an expiry beyond measure", good.replace("&se=", "&se=99999999")),
                Arguments.of("a changed expiry", good.replace("&se=1", "&se=2")),
                Arguments.of("a field twice", good + "&se=" + END.getEpochSecond()),
                Arguments.of("a field without a name", good + "&=x"),
                Arguments.of("a trailing ampersand", good + "&"),
                Arguments.of("a policy", good + "&skn=iothubowner"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void refusesATokenWith(String what, String sas) {
        assertRefused(HubError.UNAUTHORIZED, DEVICE, sas);
    }

    @Test
    void refusesTheKeyOfAnother() {
        assertRefused(HubError.UNAUTHORIZED, MODULE, token("hub.example/devices/dev-1/modules/m-1", KEY, END));
        assertRefused(HubError.UNAUTHORIZED, DEVICE, token("hub.example/devices/dev-1", MODULE_KEY, END));
    }

    @Test
    void refusesATokenAtItsEnd() {
        String sas = token("hub.example/devices/dev-1", KEY, END);
        clock.advance(Duration.ofHours(1));
        assertRefused(HubError.UNAUTHORIZED, DEVICE, sas);
    }

    @Test
    void saysWhoIsUnknownOrDisabled() throws HubException {
        String sas = token("hub.example/devices/dev-1", KEY, END);
        assertRefused(HubError.DEVICE_NOT_FOUND, HubIdentity.device("dev-2"), sas);
        assertRefused(HubError.MODULE_NOT_FOUND, HubIdentity.module("dev-1", "m-2"), sas);
        hub.put(DEVICE, IdentityStatus.DISABLED, null, null);
        assertRefused(HubError.DEVICE_DISABLED, DEVICE, sas);
        assertRefused(
                HubError.DEVICE_DISABLED, MODULE, token("hub.example/devices/dev-1/modules/m-1", MODULE_KEY, END));
    }

    @Test
    void readsTheIdentityOutOfTheToken() throws HubException {
        assertEquals(
                new Hub.Grant(DEVICE, END.plusSeconds(30)),
                hub.readToken(token("hub.example%2Fdevices%2Fdev-1", KEY, END)));
        assertEquals(
                new Hub.Grant(MODULE, END.plusSeconds(30)),
                hub.readToken(token("hub.example/devices/dev-1/modules/m-1", MODULE_KEY, END)));
        for (String resource : List.of("hub.example", "hub.example/devices", "hub.example/devices/dev-1/modules")) {
            assertThrows(HubException.class, () -> hub.readToken(token(resource, KEY, END)), resource);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"hub.example", "hub.example/devices", "hub.example/devices/dev-1"})
    void acceptsAPolicysKeyForEveryDeviceItsResourceContains(String resource) throws HubException {
        String sas = token(resource, hub.policy().secondaryKey(), END) + "&skn=iothubowner";
        assertEquals(END.plusSeconds(30), hub.authorize(DEVICE, sas));
    }

    @Test
    void letsInAServiceThatHoldsTheHubsOwnPolicy() throws HubException {
        hub.authorizeService(token("hub.example", hub.policy().primaryKey(), END) + "&skn=iothubowner");
        hub.authorizeService(token("HUB.example", hub.policy().secondaryKey(), END) + "&skn=iothubowner");
    }

    static Stream<Arguments> strangers() {
        return Stream.of(
                Arguments.of("a device's token", token("hub.example/devices/dev-1", KEY, END)),
                Arguments.of("a device's token for the hub", token("hub.example", KEY, END)),
                Arguments.of("a device's key", token("hub.example", KEY, END) + "&skn=iothubowner"),
                Arguments.of("another policy", token("hub.example", KEY, END) + "&skn=device"),
                Arguments.of("another hub", token("other.example", KEY, END) + "&skn=iothubowner"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("strangers")
    void refusesAServiceWith(String what, String sas) {
        HubException refusal = assertThrows(HubException.class, () -> hub.authorizeService(sas));
        assertEquals(HubError.UNAUTHORIZED, refusal.error());
    }

    @Test
    void refusesAServiceWhenItsTokenHasEnded() {
        String sas = token("hub.example", hub.policy().primaryKey(), END) + "&skn=iothubowner";
        clock.advance(Duration.ofHours(1));
        assertThrows(HubException.class, () -> hub.authorizeService(sas));
        String narrow = token("hub.example/devices", hub.policy().primaryKey(), END.plusSeconds(9_000));
        assertThrows(HubException.class, () -> hub.authorizeService(narrow + "&skn=iothubowner"));
    }

    @Test
    void keepsSecretsOutOfItsErrors() {
        String sas = token("hub.example/devices/dev-1", MODULE_KEY, END);
        HubException refusal = assertThrows(HubException.class, () -> hub.authorize(DEVICE, sas));
        assertFalse(String.valueOf(refusal.getMessage())
                .contains(sas.substring(sas.indexOf("sig=") + 4, sas.indexOf("sig=") + 12)));
    }

    private void assertRefused(HubError expected, HubIdentity identity, String sas) {
        HubException refusal = assertThrows(HubException.class, () -> hub.authorize(identity, sas));
        assertEquals(expected, refusal.error());
    }
}
