// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.SasToken;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a registration is proved with above TLS. */
public final class RegistrationToken {
    private RegistrationToken() {}

    /** The text of a token, a secret; null if a certificate has proved it already. Signs, which takes time: not for the event loop. */
    public static @Nullable String of(Registration registration) {
        if (registration.credentials() instanceof SasKey key) {
            return key.signRegistration(registration.idScope(), registration.registrationId(), Instant.now())
                    .text();
        }
        return registration.credentials() instanceof SasToken token ? token.text() : null;
    }
}
