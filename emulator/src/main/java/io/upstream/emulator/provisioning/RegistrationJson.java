// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.Certificates;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Registrations in the JSON of the service. */
public final class RegistrationJson {
    private RegistrationJson() {}

    static ObjectNode assigning(String operationId) {
        return operation(operationId, "assigning");
    }

    static ObjectNode ended(String operationId, Registration registration, @Nullable X509Certificate certificate) {
        ObjectNode json = operation(operationId, registration.outcome().status().wireName());
        json.set("registrationState", state(registration, certificate));
        return json;
    }

    private static ObjectNode operation(String operationId, String status) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("operationId", operationId)
                .put("status", status);
    }

    /**
     * The {@code registrationState}, which is also what the service's REST API gives.
     *
     * @param certificate what the device has shown; {@code null} if it has a key, or the certificate is not at hand
     */
    public static ObjectNode state(Registration registration, @Nullable X509Certificate certificate) {
        Outcome outcome = registration.outcome();
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("registrationId", registration.registrationId())
                .put("createdDateTimeUtc", registration.created().toString());
        if (outcome.status() == Outcome.Status.ASSIGNED) {
            json.put("assignedHub", outcome.assignedHub())
                    .put("deviceId", outcome.deviceId())
                    .put("status", outcome.status().wireName())
                    .put("substatus", outcome.substatus());
        } else {
            json.put("status", outcome.status().wireName());
        }
        if (outcome.status() == Outcome.Status.FAILED) {
            json.put("errorCode", outcome.errorCode()).put("errorMessage", outcome.errorMessage());
        }
        json.put("lastUpdatedDateTimeUtc", registration.updated().toString()).put("etag", registration.etag());
        if (outcome.payload() != null) {
            json.set("payload", outcome.payload());
        }
        if (certificate != null) {
            ObjectNode x509 = json.putObject("x509");
            x509.set("certificateInfo", info(certificate));
            if (!registration.enrolmentGroup().isEmpty()) {
                x509.put("enrollmentGroupId", registration.enrolmentGroup());
            }
        } else if (!registration.enrolmentGroup().isEmpty()) {
            json.putObject("symmetricKey").put("enrollmentGroupId", registration.enrolmentGroup());
        }
        return json;
    }

    /** A certificate's {@code info}. */
    public static ObjectNode info(X509Certificate certificate) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("subjectName", certificate.getSubjectX500Principal().getName())
                .put("sha1Thumbprint", Certificates.thumbprint(certificate, "SHA-1"))
                .put("sha256Thumbprint", Certificates.thumbprint(certificate, "SHA-256"))
                .put("issuerName", certificate.getIssuerX500Principal().getName())
                .put("notBeforeUtc", certificate.getNotBefore().toInstant().toString())
                .put("notAfterUtc", certificate.getNotAfter().toInstant().toString())
                .put(
                        "serialNumber",
                        HexFormat.of().formatHex(certificate.getSerialNumber().toByteArray()))
                .put("version", certificate.getVersion());
    }
}
