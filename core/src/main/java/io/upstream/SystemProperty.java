// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * What the hub itself knows about a message, beside the application's own properties. Times are ISO-8601 in UTC. Source: the
 * hub's message format ("Create and read IoT Hub messages").
 */
public enum SystemProperty {
    MESSAGE_ID("message-id"),
    CORRELATION_ID("correlation-id"),
    USER_ID("user-id"),
    TO("to"),
    CONTENT_TYPE("content-type"),
    CONTENT_ENCODING("content-encoding"),
    /** When the message stops being of use. */
    EXPIRY_TIME("absolute-expiry-time"),
    CREATION_TIME("creation-time-utc"),
    /** The module output that it leaves by. */
    OUTPUT_NAME("output-name"),
    /** The module input that it came by. */
    INPUT_NAME("input-name"),
    /** The device that sent it, as the hub or the gateway says; to a module's input only. */
    CONNECTION_DEVICE_ID("connection-device-id"),
    /** The module that sent it, likewise. */
    CONNECTION_MODULE_ID("connection-module-id"),
    INTERFACE_ID("interface-id"),
    /** The plug-and-play component that sent it. */
    COMPONENT("dt-subject"),
    MESSAGE_SCHEMA("message-schema"),
    /** Which feedback the sender of a cloud-to-device message asked for. */
    ACK("ack"),
    /** Number given by the hub; cloud to device only. */
    SEQUENCE_NUMBER("sequence-number"),
    /** When the hub took it; cloud to device only. */
    ENQUEUED_TIME("enqueued-time"),
    /** How often it was delivered before; cloud to device only. */
    DELIVERY_COUNT("delivery-count");

    private final String label;

    SystemProperty(String label) {
        this.label = label;
    }

    /** The hub's name for it, as shown to people and in JSON. */
    public String label() {
        return label;
    }
}
