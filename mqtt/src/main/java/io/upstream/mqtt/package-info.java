// SPDX-License-Identifier: Apache-2.0
/**
 * MQTT 3.1.1 as an IoT Hub speaks it. {@link io.upstream.mqtt.MqttTransport} opens connections, {@link io.upstream.mqtt.MqttLogin}
 * is their last layer, {@link io.upstream.mqtt.MqttSession} is what the application holds and {@link io.upstream.mqtt.MqttLink} its
 * half on the event loop; {@link io.upstream.mqtt.HubTraffic} is its twin and its direct methods. Frames: what is sent often is written and read here without an object for each packet, the rest is
 * written by Netty's codec.
 *
 * <pre>
 *   PUBLISH  0011 d qq r | remaining length 1..4 | topic length 2 | topic | packet id 2 | payload
 *   PUBACK   0100 0000   | 2                     | packet id 2
 * </pre>
 */
@NullMarked
package io.upstream.mqtt;

import org.jspecify.annotations.NullMarked;
