// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * What the hub ends of an identity's connection, and how. Over MQTT, which has neither sessions nor links, each of them ends the connection. Over AMQP whatever is
 * narrower than a session touches no other identity of the same connection.
 */
public enum Ending {
    /** Another connection of the identity has come. */
    REPLACED,
    /** The identity has been disabled. */
    DISABLED,
    /** The identity has been removed. */
    REMOVED,
    /** The TCP connection breaks, without a word of any protocol above it. */
    TCP,
    /** The connection is closed in good order, without an error. */
    SHUT_DOWN,
    /** The AMQP connection is closed with an error. */
    CONNECTION,
    /** The AMQP sessions that hold the identity's links are ended with an error. */
    SESSION,
    /** The link is detached on which tokens come in. */
    CBS_REQUEST_LINK,
    /** The link is detached on which tokens are answered. */
    CBS_REPLY_LINK,
    TELEMETRY_LINK,
    CLOUD_MESSAGE_LINK,
    /** The link is detached on which the device asks for its twin. */
    TWIN_REQUEST_LINK,
    /** The link is detached on which the device is answered about its twin, and told of changes. */
    TWIN_REPLY_LINK,
    /** The link is detached on which the hub calls methods. */
    METHOD_REQUEST_LINK,
    /** The link is detached on which the device answers them. */
    METHOD_REPLY_LINK;

    /** Whether nothing of the identity is left on the connection. */
    boolean isWhole() {
        return compareTo(SESSION) <= 0;
    }
}
