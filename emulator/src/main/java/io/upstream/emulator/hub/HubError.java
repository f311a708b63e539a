// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** Why the hub refuses something, with the number that its REST API and its AMQP error descriptions carry. */
public enum HubError {
    /** The message, topic, address or property bag is not of the documented form. */
    MALFORMED(400_004, 400),
    /** The token is wrong, expired or for another identity. */
    UNAUTHORIZED(401_003, 401),
    DEVICE_DISABLED(401_002, 401),
    QUOTA_EXCEEDED(403_002, 403),
    /** Fifty cloud-to-device messages already wait for this device. */
    QUEUE_FULL(403_004, 403),
    DEVICE_NOT_FOUND(404_001, 404),
    MODULE_NOT_FOUND(404_010, 404),
    /** A direct method for an identity that is not connected, or does not listen for methods. */
    DEVICE_NOT_ONLINE(404_103, 404),
    DEVICE_EXISTS(409_001, 409),
    MODULE_EXISTS(409_301, 409),
    /** An etag or a version is not the one that was asked for. */
    PRECONDITION_FAILED(412_001, 412),
    /** A cloud-to-device message was settled too late. */
    LOCK_LOST(412_002, 412),
    MESSAGE_TOO_LARGE(413_001, 413),
    THROTTLED(429_001, 429),
    INTERNAL(500_001, 500),
    /** A device has not answered a direct method in time. */
    METHOD_TIMEOUT(504_101, 504);

    private final int code;
    private final int httpStatus;

    HubError(int code, int httpStatus) {
        this.code = code;
        this.httpStatus = httpStatus;
    }

    /** The six-digit code of the hub's documentation. */
    public int code() {
        return code;
    }

    /** The HTTP-like status, also used in CBS replies. */
    public int httpStatus() {
        return httpStatus;
    }
}
