// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A device that has registered.
 *
 * @param registrationId as the device wrote it the last time
 * @param enrolmentGroup empty if it has an enrolment of its own
 * @param requestPayload what it has sent along
 * @param version counts its registrations, from 1 on
 */
public record Registration(
        String registrationId,
        String enrolmentGroup,
        Outcome outcome,
        @Nullable JsonNode requestPayload,
        Instant created,
        Instant updated,
        long version) {
    /** Changes with every registration; without quotes. */
    public String etag() {
        return Base64.getEncoder().encodeToString(Long.toString(version).getBytes(StandardCharsets.US_ASCII));
    }
}
