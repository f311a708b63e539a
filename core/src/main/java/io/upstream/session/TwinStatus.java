// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;

/** What the hub's status numbers for twin requests mean, the same for all protocols ("IoT Hub error codes"; they follow HTTP). */
public final class TwinStatus {
    private TwinStatus() {}

    /** Whether the hub did it. */
    public static boolean isGood(int status) {
        return status >= 200 && status <= 299;
    }

    /**
     * Why it did not.
     *
     * @param what as in "the request for the twin"
     * @param detail what the hub says about it, if anything
     */
    public static UpstreamException refusal(Where where, String what, int status, String detail) {
        FailureKind kind = kind(status);
        return UpstreamException.of(
                kind,
                where,
                where.hop() + " answered " + what + " with status " + status
                        + (detail.isBlank() ? "" : " (" + Failures.printable(detail) + ")") + remedy(kind));
    }

    static FailureKind kind(int status) {
        return switch (status) {
            case 401 -> FailureKind.UNAUTHORIZED;
            case 403 -> FailureKind.QUOTA;
            case 404 -> FailureKind.NOT_FOUND;
            case 408, 504 -> FailureKind.TIMEOUT;
            case 409, 412 -> FailureKind.VERSION_MISMATCH;
            case 413 -> FailureKind.TOO_LARGE;
            case 429 -> FailureKind.THROTTLED;
            default -> status >= 400 && status <= 499 ? FailureKind.INVALID : FailureKind.SERVER_ERROR;
        };
    }

    private static String remedy(FailureKind kind) {
        return switch (kind) {
            case UNAUTHORIZED -> ": check the identity's credentials";
            case QUOTA -> ": a quota of the hub is used up";
            case NOT_FOUND -> ": check that the identity is registered";
            case VERSION_MISMATCH -> ": read the twin again, and report on top of that";
            case TOO_LARGE -> ": report less at a time, a twin's properties have 32 KiB";
            case THROTTLED -> ": ask less often";
            case INVALID -> ": check the patch against the limits of twins";
            default -> ": try again later";
        };
    }
}
