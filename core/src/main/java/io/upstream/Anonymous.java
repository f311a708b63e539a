// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/** No proof at all: a broker that is no IoT Hub, SASL ANONYMOUS under AMQP, no user name under MQTT. */
public record Anonymous() implements Credentials {}
