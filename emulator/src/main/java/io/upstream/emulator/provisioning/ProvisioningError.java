// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

/** Why the service refuses something, with the number that it reports. */
public enum ProvisioningError {
    /** The request is not of the documented form. */
    MALFORMED(400_004, 400),
    /** The token or the certificate does not prove what it should, or there is no such scope or registration, which a stranger is not told. */
    UNAUTHORIZED(401_002, 401),
    QUOTA_EXCEEDED(403_002, 403),
    /** No such enrolment. */
    ENROLMENT_NOT_FOUND(404_201, 404),
    /** No such registration or operation. */
    REGISTRATION_NOT_FOUND(404_202, 404),
    METHOD_NOT_ALLOWED(405_000, 405),
    ENROLMENT_EXISTS(409_201, 409),
    PRECONDITION_FAILED(412_001, 412),
    MEDIA_TYPE(415_000, 415),
    THROTTLED(429_001, 429),
    INTERNAL(500_001, 500);

    private final int code;
    private final int httpStatus;

    ProvisioningError(int code, int httpStatus) {
        this.code = code;
        this.httpStatus = httpStatus;
    }

    /** Six digits, of which the first three are the {@link #httpStatus}. */
    public int code() {
        return code;
    }

    public int httpStatus() {
        return httpStatus;
    }
}
