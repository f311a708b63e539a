// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.JsonText;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a device says when it registers. */
record RegistrationRequest(@Nullable JsonNode payload) {
    private static final int MAX_BYTES = 64 * 1024;

    static RegistrationRequest read(String registrationId, byte[] body) throws ProvisioningException {
        if (body.length > MAX_BYTES) {
            throw malformed("the request is longer than " + MAX_BYTES + " bytes");
        }
        if (new String(body, StandardCharsets.UTF_8).isBlank()) {
            return new RegistrationRequest(null);
        }
        ObjectNode request;
        try {
            request = JsonText.readObject(body);
        } catch (HubException e) {
            throw malformed("the request is not a JSON object: " + e.getMessage());
        }
        JsonNode id = request.get("registrationId");
        if (id != null && !id.isNull() && !id.asText().equalsIgnoreCase(registrationId)) {
            throw malformed("the registrationId of the request is not the one that the device has proved to be");
        }
        if (request.hasNonNull("tpm")) {
            throw malformed("this service does not attest devices by TPM; enrol them with a key or a certificate");
        }
        JsonNode payload = request.get("payload");
        return new RegistrationRequest(payload == null || payload.isNull() ? null : payload);
    }

    private static ProvisioningException malformed(String what) {
        return new ProvisioningException(ProvisioningError.MALFORMED, what);
    }
}
