// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import io.upstream.emulator.provisioning.Attestation.SymmetricKeys;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;

/**
 * An enrolment as the service keeps it.
 *
 * @param enrolment complete: keys that the request left out are made
 * @param version counts the changes of all enrolments, so that no two states have the same
 */
public record StoredEnrolment(Enrolment enrolment, Instant created, Instant updated, long version) {
    /** Changes with every change; without quotes. */
    public String etag() {
        return Base64.getEncoder().encodeToString(Long.toString(version).getBytes(StandardCharsets.US_ASCII));
    }

    /** The primary key, base64, a secret; of a group the one from which those of its devices are derived. Empty if there are no keys. */
    public String primaryKey() {
        return enrolment.attestation() instanceof SymmetricKeys keys ? keys.primary() : "";
    }
}
