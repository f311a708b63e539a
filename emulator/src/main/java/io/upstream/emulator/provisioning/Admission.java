// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import io.upstream.emulator.hub.Authentication;
import java.security.cert.X509Certificate;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A device that has proved which registration it is.
 *
 * @param enrolmentKind with {@code enrolmentId}: by what it was let in
 * @param credentials how it shall prove itself to the hub
 * @param certificate what it has shown; {@code null} if it had a token
 * @param end of the token or the certificate
 */
public record Admission(
        String registrationId,
        Enrolment.Kind enrolmentKind,
        String enrolmentId,
        Authentication credentials,
        @Nullable X509Certificate certificate,
        Instant end) {}
