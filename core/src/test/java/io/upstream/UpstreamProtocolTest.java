// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamProtocolTest {
    @ParameterizedTest(name = "reads ''{0}'' as {1}")
    @CsvSource({
        "Mqtt, MQTT",
        "Amqp, AMQP",
        "MqttWs, MQTT_WS",
        "AmqpWs, AMQP_WS",
        "mqtt, MQTT",
        "AMQP, AMQP",
        "mqttws, MQTT_WS",
        "AMQPWS, AMQP_WS",
        "'  Mqtt\t', MQTT",
        "Mqtt_Tcp_Only, MQTT",
        "Amqp_Tcp_Only, AMQP",
        "Mqtt_WebSocket_Only, MQTT_WS",
        "Amqp_WebSocket_Only, AMQP_WS",
        "mqtt-ws, MQTT_WS",
        "mqtt_ws, MQTT_WS",
        "mqtt+ws, MQTT_WS",
        "amqp+ws, AMQP_WS",
        "amqps, AMQP",
        "mqtts, MQTT",
        "amqps_ws, AMQP_WS",
        "AMQP_WS, AMQP_WS",
    })
    void readsNamesAndAliases(String text, UpstreamProtocol expected) {
        assertEquals(expected, UpstreamProtocol.parse(text));
    }

    @ParameterizedTest(name = "refuses ''{0}''")
    @ValueSource(
            strings = {"", " ", "0", "1", "7", "Amqp,Mqtt", "http", "wss", "mqttwss", "Mqtt\u0000", "ｍｑｔｔ", "Auto"})
    void refusesEverythingElseAndListsWhatIsValid(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> UpstreamProtocol.parse(text))
                .getMessage();
        assertTrue(message.endsWith("use one of Mqtt, Amqp, MqttWs, AmqpWs"), message);
        assertTrue(message.chars().noneMatch(Character::isISOControl), message);
    }

    @ParameterizedTest
    @EnumSource
    void readsItsOwnWireName(UpstreamProtocol protocol) {
        assertEquals(protocol, UpstreamProtocol.parse(protocol.wireName()));
    }

    @ParameterizedTest
    @CsvSource({"MQTT, 8883, false", "AMQP, 5671, false", "MQTT_WS, 443, true", "AMQP_WS, 443, true"})
    void knowsItsPortAndCarrier(UpstreamProtocol protocol, int port, boolean webSocket) {
        assertEquals(port, protocol.defaultPort());
        assertEquals(webSocket, protocol.isWebSocket());
    }
}
