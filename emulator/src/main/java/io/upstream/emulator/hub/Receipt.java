// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** What a head tells the sender of telemetry that the hub has taken. */
public enum Receipt {
    ACKNOWLEDGE,
    /** The message asks for a fault that ends the connection: over MQTT the end comes before the acknowledgement, over AMQP behind it. */
    LAST_WORDS,
    /** Nothing: the acknowledgement is lost, with the connection or alone. */
    SILENCE
}
