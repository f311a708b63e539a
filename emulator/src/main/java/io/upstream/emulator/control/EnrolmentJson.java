// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.provisioning.Attestation;
import io.upstream.emulator.provisioning.Attestation.Authorities;
import io.upstream.emulator.provisioning.Attestation.SymmetricKeys;
import io.upstream.emulator.provisioning.Attestation.Thumbprints;
import io.upstream.emulator.provisioning.DevicePlan;
import io.upstream.emulator.provisioning.DevicePlan.Reprovisioning;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.RegistrationJson;
import io.upstream.emulator.provisioning.StoredEnrolment;
import io.upstream.emulator.tls.PemCertificates;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Enrolments in the JSON of the provisioning service's REST API. The field {@code payload}, what a device is told on assignment, is this
 * emulator's own.
 */
final class EnrolmentJson {
    private static final int SHA_1_DIGITS = 40;

    private EnrolmentJson() {}

    static Enrolment read(Enrolment.Kind kind, String id, ObjectNode json) throws ProvisioningException {
        String idField = idField(kind);
        if (json.hasNonNull(idField) && !json.get(idField).asText().equalsIgnoreCase(id)) {
            throw malformed(idField + " is not the id of the path");
        }
        IdentityStatus status = switch (json.path("provisioningStatus").asText("enabled")) {
            case "enabled" -> IdentityStatus.ENABLED;
            case "disabled" -> IdentityStatus.DISABLED;
            default -> throw malformed("provisioningStatus must be enabled or disabled");
        };
        DevicePlan plan = new DevicePlan(
                json.path("deviceId").asText(""),
                json.at("/capabilities/iotEdge").asBoolean(false),
                json.get("initialTwin") instanceof ObjectNode twin ? twin : null,
                json.hasNonNull("payload") ? json.get("payload") : null,
                reprovisioning(json.path("reprovisionPolicy")));
        return new Enrolment(kind, id, attestation(json.path("attestation")), status, plan);
    }

    private static String idField(Enrolment.Kind kind) {
        return kind == Enrolment.Kind.DEVICE ? "registrationId" : "enrollmentGroupId";
    }

    private static Reprovisioning reprovisioning(JsonNode policy) {
        if (!policy.path("updateHubAssignment").asBoolean(true)) {
            return Reprovisioning.NEVER;
        }
        return policy.path("migrateDeviceData").asBoolean(true) ? Reprovisioning.KEEP_DATA : Reprovisioning.RESET_DATA;
    }

    private static Attestation attestation(JsonNode json) throws ProvisioningException {
        return switch (json.path("type").asText("")) {
            case "symmetricKey" ->
                new SymmetricKeys(
                        json.at("/symmetricKey/primaryKey").asText(""),
                        json.at("/symmetricKey/secondaryKey").asText(""));
            case "x509" -> x509(json.path("x509"));
            case "tpm" ->
                throw malformed("this service does not attest devices by TPM; enrol them with a key or a certificate");
            default -> throw malformed("attestation.type must be symmetricKey or x509");
        };
    }

    private static Attestation x509(JsonNode json) throws ProvisioningException {
        JsonNode own = json.path("clientCertificates");
        if (!own.isMissingNode()) {
            return new Thumbprints(thumbprint(own.path("primary")), thumbprint(own.path("secondary")));
        }
        JsonNode signing = json.path("signingCertificates");
        X509Certificate primary = certificate(signing.path("primary"));
        if (primary == null) {
            throw malformed(
                    "attestation.x509 needs a primary certificate in clientCertificates or signingCertificates");
        }
        return new Authorities(primary, certificate(signing.path("secondary")));
    }

    /** Of a certificate, or as an answer of this API gives it. */
    private static String thumbprint(JsonNode json) throws ProvisioningException {
        X509Certificate certificate = certificate(json);
        if (certificate != null) {
            return Thumbprints.of(certificate).primary();
        }
        String sha256 = json.at("/info/sha256Thumbprint").asText("");
        return sha256.isEmpty() ? json.at("/info/sha1Thumbprint").asText("") : sha256;
    }

    /** PEM, or the base64 of DER or PEM. */
    private static @Nullable X509Certificate certificate(JsonNode json) throws ProvisioningException {
        String text = json.path("certificate").asText("");
        if (text.isEmpty()) {
            return null;
        }
        try {
            byte[] bytes = text.startsWith("-----BEGIN")
                    ? text.getBytes(StandardCharsets.US_ASCII)
                    : Base64.getMimeDecoder().decode(text);
            return PemCertificates.parse(bytes).get(0);
        } catch (CertificateException | IllegalArgumentException e) {
            throw malformed("a certificate is neither PEM nor base64 of one");
        }
    }

    static ObjectNode write(StoredEnrolment stored) {
        Enrolment enrolment = stored.enrolment();
        DevicePlan plan = enrolment.plan();
        ObjectNode json = JsonNodeFactory.instance.objectNode().put(idField(enrolment.kind()), enrolment.id());
        if (!plan.deviceId().isEmpty()) {
            json.put("deviceId", plan.deviceId());
        }
        json.set("attestation", write(enrolment.attestation()));
        json.putObject("capabilities").put("iotEdge", plan.edge());
        if (plan.initialTwin() != null) {
            json.set("initialTwin", plan.initialTwin());
        }
        if (plan.payload() != null) {
            json.set("payload", plan.payload());
        }
        json.putObject("reprovisionPolicy")
                .put("updateHubAssignment", plan.reprovisioning() != Reprovisioning.NEVER)
                .put("migrateDeviceData", plan.reprovisioning() == Reprovisioning.KEEP_DATA);
        return json.put("provisioningStatus", enrolment.status() == IdentityStatus.ENABLED ? "enabled" : "disabled")
                .put("createdDateTimeUtc", stored.created().toString())
                .put("lastUpdatedDateTimeUtc", stored.updated().toString())
                .put("etag", "\"" + stored.etag() + "\"");
    }

    private static ObjectNode write(Attestation attestation) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("type", attestation.typeName());
        if (attestation instanceof SymmetricKeys keys) {
            json.putObject("symmetricKey").put("primaryKey", keys.primary()).put("secondaryKey", keys.secondary());
        } else if (attestation instanceof Thumbprints thumbprints) {
            ObjectNode own = json.putObject("x509").putObject("clientCertificates");
            writeThumbprint(own, "primary", thumbprints.primary());
            writeThumbprint(own, "secondary", thumbprints.secondary());
        } else if (attestation instanceof Authorities authorities) {
            ObjectNode signing = json.putObject("x509").putObject("signingCertificates");
            signing.putObject("primary").set("info", RegistrationJson.info(authorities.primary()));
            X509Certificate secondary = authorities.secondary();
            if (secondary != null) {
                signing.putObject("secondary").set("info", RegistrationJson.info(secondary));
            }
        }
        return json;
    }

    private static void writeThumbprint(ObjectNode certificates, String which, String thumbprint) {
        if (!thumbprint.isEmpty()) {
            String field = thumbprint.length() == SHA_1_DIGITS ? "sha1Thumbprint" : "sha256Thumbprint";
            certificates.putObject(which).putObject("info").put(field, thumbprint);
        }
    }

    private static ProvisioningException malformed(String what) {
        return new ProvisioningException(ProvisioningError.MALFORMED, what);
    }
}
