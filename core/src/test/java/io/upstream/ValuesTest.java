// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "Dev-1:.+%_#*?!(),=@;$'", "0123456789"})
    void anIdMayHoldWhatTheHubAllows(String id) {
        assertEquals(id, Identity.device(id).toString());
        assertEquals("d/" + id, Identity.module("d", id).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a/b", "ä", "a\n", "a\"b"})
    void anIdMayHoldNothingElse(String id) {
        assertThrows(IllegalArgumentException.class, () -> Identity.device(id));
    }

    @Test
    void anIdHasAtMost128Characters() {
        Identity.device("x".repeat(128));
        assertThrows(IllegalArgumentException.class, () -> Identity.device("x".repeat(129)));
    }

    @Test
    void bracketsAnIpv6Address() {
        assertEquals("[::1]:8883", new HostPort("::1", 8883).toString());
        assertEquals("hub:443", new HostPort("hub", 443).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a\r\nb", "http://a", "u@h"})
    void refusesWhatIsNoHost(String host) {
        assertThrows(IllegalArgumentException.class, () -> new HostPort(host, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 65_536})
    void refusesWhatIsNoPort(int port) {
        assertThrows(IllegalArgumentException.class, () -> new HostPort("h", port));
    }

    @Test
    void telemetryNeverChanges() {
        Telemetry plain = Telemetry.of(new byte[] {1, 2});
        Telemetry rich =
                plain.property("b", "2").property("a", "").messageId("m").property("b", "3");

        assertEquals(Map.of(), plain.properties());
        assertEquals(List.of("b", "a"), List.copyOf(rich.properties().keySet()));
        assertEquals("3", rich.properties().get("b"));
        assertEquals("m", rich.system().get(SystemProperty.MESSAGE_ID));
        assertThrows(
                UnsupportedOperationException.class, () -> rich.properties().put("c", "d"));
        assertThrows(IllegalArgumentException.class, () -> plain.property("", "x"));
    }

    @Test
    void telemetryShowsTheRemainingBytesOfABufferAndLeavesItAlone() {
        ByteBuffer given = ByteBuffer.wrap("xhelloy".getBytes(StandardCharsets.UTF_8))
                .position(1)
                .limit(6);
        Telemetry telemetry = Telemetry.of(given);

        assertEquals(1, given.position());
        assertEquals("hello", StandardCharsets.UTF_8.decode(telemetry.payload()).toString());
        assertEquals(5, telemetry.payload().remaining());
        assertTrue(telemetry.payload().isReadOnly());
    }

    @Test
    void jsonTelemetryCanBeRoutedByItsBody() {
        Telemetry telemetry = Telemetry.json("{\"t\":\"ü\"}");

        assertEquals("application/json", telemetry.system().get(SystemProperty.CONTENT_TYPE));
        assertEquals("utf-8", telemetry.system().get(SystemProperty.CONTENT_ENCODING));
        assertEquals(10, telemetry.size());
    }

    @Test
    void neverPrintsAPayloadOrAPropertysValue() {
        String shown =
                Telemetry.json("{\"canary\":1}").property("name", "canary").toString();
        assertEquals(-1, shown.indexOf("canary"));
    }

    @ParameterizedTest
    @EnumSource
    void goesToTheProtocolsOwnPortOfTheHub(UpstreamProtocol protocol) {
        UpstreamOptions options = UpstreamOptions.forHub("h.test").build();
        assertEquals(new HostPort("h.test", protocol.defaultPort()), options.target(protocol));
    }

    @Test
    void goesToTheGatewayAndTheChosenPort() {
        UpstreamOptions options =
                UpstreamOptions.forHub("h.test").gateway("edge").port(9443).build();
        assertEquals(new HostPort("edge", 9443), options.target(UpstreamProtocol.AMQP_WS));
        assertEquals("h.test", options.hubHost());
    }

    @Test
    void triesEachProtocolOnce() {
        UpstreamOptions options = UpstreamOptions.forHub("h")
                .protocols(UpstreamProtocol.MQTT, UpstreamProtocol.AMQP, UpstreamProtocol.MQTT)
                .build();
        assertEquals(List.of(UpstreamProtocol.MQTT, UpstreamProtocol.AMQP), options.protocols());
    }

    @Test
    void builtOptionsDoNotChangeWithTheirBuilder() {
        UpstreamOptions.Builder builder = UpstreamOptions.forHub("h").port(1);
        UpstreamOptions built = builder.build();
        builder.port(2);
        assertEquals(1, built.target(UpstreamProtocol.MQTT).port());
        assertEquals(
                3,
                built.toBuilder().port(3).build().target(UpstreamProtocol.MQTT).port());
        assertEquals(1, built.target(UpstreamProtocol.MQTT).port());
    }

    static List<Executable> badOptions() {
        UpstreamOptions.Builder builder = UpstreamOptions.forHub("h");
        return List.of(
                () -> UpstreamOptions.forHub(""),
                builder::protocols,
                () -> builder.port(0),
                () -> builder.gateway("a b"),
                () -> builder.connectTimeout(Duration.ZERO),
                () -> builder.operationTimeout(Duration.ofSeconds(-1)),
                () -> builder.closeTimeout(Duration.ofSeconds(-1)),
                () -> builder.connectTimeout(Duration.ofSeconds(Long.MAX_VALUE)),
                () -> builder.operationTimeout(Duration.ofDays(1).plusNanos(1)),
                () -> builder.closeTimeout(Duration.ofDays(2)),
                () -> builder.keepAlive(Duration.ofMillis(999)),
                () -> builder.keepAlive(Duration.ofSeconds(1178)),
                () -> builder.keepAlivePatience(Duration.ofMillis(999)),
                () -> builder.keepAlivePatience(Duration.ofSeconds(61)),
                () -> builder.outbox(0, 1),
                () -> builder.outbox(65_536, 1),
                () -> builder.outbox(1, 0),
                () -> builder.productInfo("a\r\nb"),
                () -> builder.webSocketPath("mqtt"),
                () -> builder.webSocketPath("/a b"),
                () -> builder.webSocketSubprotocol("a b"),
                () -> builder.telemetryAddress(""));
    }

    @ParameterizedTest
    @MethodSource("badOptions")
    void refusesAnOptionThatCannotWork(Executable bad) {
        assertThrows(IllegalArgumentException.class, bad);
    }

    @Test
    void namesTheModuleThatIsMissing() {
        IllegalStateException missing = assertThrows(
                IllegalStateException.class,
                () -> UpstreamTransport.create(UpstreamOptions.forHub("h")
                        .protocol(UpstreamProtocol.MQTT_WS)
                        .build()));
        assertTrue(missing.getMessage().contains("upstream-mqtt"), missing.getMessage());
    }

    @Test
    void everyPairOfPhasesIsDecided() {
        StringBuilder allowed = new StringBuilder();
        for (Phase from : Phase.values()) {
            for (Phase to : Phase.values()) {
                if (from.mayBecome(to)) {
                    allowed.append(from).append('>').append(to).append(' ');
                }
            }
        }
        assertEquals(
                "CONNECTING>CONNECTED CONNECTING>CLOSING CONNECTING>CLOSED "
                        + "CONNECTED>RECONNECTING CONNECTED>CLOSING CONNECTED>CLOSED "
                        + "RECONNECTING>CONNECTED RECONNECTING>RECONNECTING RECONNECTING>CLOSING RECONNECTING>CLOSED "
                        + "CLOSING>CLOSED ",
                allowed.toString());
    }
}
