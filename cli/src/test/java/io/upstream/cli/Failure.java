// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.UpstreamProtocol;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * What goes wrong, and what is to be read about it: stage and kind under Mqtt, Amqp, MqttWs and AmqpWs, then the words of the cause and
 * those of the remedy.
 */
enum Failure {
    // MQTT 3.1.1 has one return code for a wrong key and for a device that nobody knows.
    WRONG_KEY(
            "mqtt UNAUTHORIZED",
            "cbs UNAUTHORIZED",
            "mqtt UNAUTHORIZED",
            "cbs UNAUTHORIZED",
            "refused '.*' with CONNACK code 5|answered the token with status 401",
            "check .*key"),
    UNKNOWN_DEVICE(
            "mqtt UNAUTHORIZED",
            "cbs NOT_FOUND",
            "mqtt UNAUTHORIZED",
            "cbs NOT_FOUND",
            "refused 'nobody' with CONNACK code 5|nobody is not registered",
            "check the (device id|identity's id)"),
    WRONG_PORT(
            "mqtt PROTOCOL",
            "amqp CLOSED_BY_PEER",
            "websocket CLOSED_BY_PEER",
            "websocket PROTOCOL",
            "broke MQTT 3.1.1|closed the connection|did not answer the WebSocket upgrade in HTTP/1.1",
            "check .*port"),
    CLOSED_PORT("tcp REFUSED", "nobody listens on that port", "check host and port"),
    UNTRUSTED_CA("tls TLS_TRUST", "issued by nobody who is trusted here", "add its root to the trust bundle"),
    OTHER_HOST("tls TLS_NAME", "is for another host", "connect by a name that the certificate carries"),
    PROXY_PASSWORD_WRONG("tunnel PROXY_AUTH", "does not take these credentials", "check user name and password"),
    PROXY_REFUSES_PORT(
            "tunnel PROXY_DENIED", "refused the tunnel to localhost:\\d+ with 403", "ask its owner to allow"),
    PROXY_SILENT("tunnel TIMEOUT", "no answer from .* in stage 'tunnel'", "check that hop .*or raise the"),
    HUB_SILENT("tls TIMEOUT", "no answer from .* in stage 'tls'", "check that hop .*or raise the"),
    NO_SUCH_NAME("resolve DNS", "does not resolve", "check the spelling and this machine's DNS");

    private final String mqtt;
    private final String amqp;
    private final String mqttWs;
    private final String amqpWs;
    private final String cause;
    private final String remedy;

    Failure(String everywhere, String cause, String remedy) {
        this(everywhere, everywhere, everywhere, everywhere, cause, remedy);
    }

    Failure(String mqtt, String amqp, String mqttWs, String amqpWs, String cause, String remedy) {
        this.mqtt = mqtt;
        this.amqp = amqp;
        this.mqttWs = mqttWs;
        this.amqpWs = amqpWs;
        this.cause = cause;
        this.remedy = remedy;
    }

    static Stream<Arguments> underEachProtocol() {
        return Arrays.stream(values())
                .flatMap(failure ->
                        Arrays.stream(UpstreamProtocol.values()).map(protocol -> Arguments.of(failure, protocol)));
    }

    /** {@code stage KIND}. */
    String outcome(UpstreamProtocol protocol) {
        return switch (protocol) {
            case MQTT -> mqtt;
            case AMQP -> amqp;
            case MQTT_WS -> mqttWs;
            case AMQP_WS -> amqpWs;
        };
    }

    boolean isSilence() {
        return this == PROXY_SILENT || this == HUB_SILENT;
    }

    /** For a whole message: the cause, a colon, the remedy. */
    String words() {
        return ".*(" + cause + ").*[:;] .*(" + remedy + ").*";
    }
}
