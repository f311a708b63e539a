// SPDX-License-Identifier: Apache-2.0
/**
 * The hub's MQTT 3.1.1 side, as strict as its documentation: anything it does not know ends the connection, for MQTT has no
 * other way to refuse. The codec is Netty's. Start reading at {@link io.upstream.emulator.mqtt.MqttHead}.
 */
@NullMarked
package io.upstream.emulator.mqtt;

import org.jspecify.annotations.NullMarked;
