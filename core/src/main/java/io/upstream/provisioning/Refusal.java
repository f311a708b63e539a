// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.provisioning.ServiceDocument.ServiceError;
import org.jspecify.annotations.Nullable;

/**
 * What the service's numbers mean, the same for all protocols: they follow HTTP. Source: the service's documentation, "Troubleshooting with
 * Azure IoT Hub Device Provisioning Service".
 */
public final class Refusal {
    /** An error code is a status and three more digits. */
    private static final int CODES_PER_STATUS = 1_000;

    private Refusal() {}

    /**
     * A login was refused without a number.
     *
     * @param what the service did, such as {@code with CONNACK code 5}
     */
    public static UpstreamException ofLogin(
            Where where, Registration registration, String what, @Nullable Throwable cause) {
        return UpstreamException.of(
                FailureKind.UNAUTHORIZED,
                where,
                where.hop() + " refused '" + registration.registrationId() + "' in id scope " + registration.idScope()
                        + " " + what + remedy(FailureKind.UNAUTHORIZED, registration),
                cause);
    }

    /** The status that the JSON of an error stands for, or 0 if it is none. */
    public static int status(byte[] body) {
        return ServiceDocument.readError(body).code() / CODES_PER_STATUS;
    }

    /** What an answer that is not good means. */
    public static UpstreamException of(Where where, Registration registration, ServiceAnswer answer) {
        FailureKind kind = kind(answer.status());
        return UpstreamException.of(
                kind,
                where,
                where.hop() + " refused '" + registration.registrationId() + "' in id scope " + registration.idScope()
                        + " with status " + answer.status() + detail(ServiceDocument.readError(answer.body()))
                        + remedy(kind, registration));
    }

    /** The service did not find a hub: its error is that of the registration. */
    static UpstreamException failed(Where where, Registration registration, ServiceError error) {
        FailureKind kind = error.code() == 0 ? FailureKind.SERVER_ERROR : kind(error.code() / CODES_PER_STATUS);
        return UpstreamException.of(
                kind,
                where,
                where.hop() + " could not assign '" + registration.registrationId() + "' to a hub" + detail(error)
                        + ": check the enrolment's allocation policy and the hubs that are linked to the service");
    }

    private static String detail(ServiceError error) {
        String code = error.code() == 0 ? "" : "error " + error.code();
        String message = error.message().isBlank() ? "" : Failures.printable(error.message());
        String tracking = error.trackingId().isBlank() ? "" : "tracking id " + Failures.printable(error.trackingId());
        String all = String.join(
                ", ",
                java.util.stream.Stream.of(code, message, tracking)
                        .filter(part -> !part.isEmpty())
                        .toList());
        return all.isEmpty() ? "" : " (" + all + ")";
    }

    static FailureKind kind(int status) {
        return switch (status) {
            case 401 -> FailureKind.UNAUTHORIZED;
            case 403 -> FailureKind.QUOTA;
            case 404 -> FailureKind.NOT_FOUND;
            case 408 -> FailureKind.TIMEOUT;
            case 409, 412 -> FailureKind.VERSION_MISMATCH;
            case 413 -> FailureKind.TOO_LARGE;
            case 429 -> FailureKind.THROTTLED;
            default ->
                status >= 400 && status <= 499
                        ? FailureKind.INVALID
                        : status >= 500 && status <= 599 ? FailureKind.SERVER_ERROR : FailureKind.PROTOCOL;
        };
    }

    private static String remedy(FailureKind kind, Registration registration) {
        return switch (kind) {
            case UNAUTHORIZED ->
                ": check the id scope, the registration id, "
                        + (registration.credentials() instanceof ClientCertificate
                                ? "that its certificate carries that id for a common name, and that the certificate is the enrolled one"
                                : "its key (in an enrolment group the one derived from the group's), and this machine's clock");
            case NOT_FOUND -> ": check the id scope and the registration id, and that there is an enrolment for it";
            case QUOTA -> ": a quota of the service is used up, raise it or delete registrations";
            case VERSION_MISMATCH -> ": another registration of this device is under way, wait for its end";
            case INVALID, TOO_LARGE -> ": check the registration id and the payload";
            case THROTTLED -> ": register fewer devices at a time, or later";
            case PROTOCOL -> ": check what answers on that port";
            default -> ": try again later";
        };
    }
}
