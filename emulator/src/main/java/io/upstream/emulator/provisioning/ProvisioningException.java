// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.upstream.emulator.hub.JsonText;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The provisioning service refused; {@link #error} says why in its own terms. Never carries a secret. */
public final class ProvisioningException extends Exception {
    private static final long serialVersionUID = 1L;

    private final ProvisioningError error;
    private final @Nullable Duration retryAfter;

    public ProvisioningException(ProvisioningError error, String message) {
        this(error, message, null);
    }

    /** @param retryAfter whole seconds after which the client may try again */
    public ProvisioningException(ProvisioningError error, String message, @Nullable Duration retryAfter) {
        super(message);
        this.error = error;
        this.retryAfter = retryAfter;
    }

    public ProvisioningError error() {
        return error;
    }

    /** What the client gets: {@code errorCode}, {@code trackingId}, {@code message}, {@code info}, {@code timestampUtc}. */
    public ProvisioningAnswer answer() {
        byte[] json = JsonText.write(JsonNodeFactory.instance
                .objectNode()
                .put("errorCode", error.code())
                .put("trackingId", UUID.randomUUID().toString())
                .put("message", String.valueOf(getMessage()))
                .putNull("info")
                .put("timestampUtc", Instant.now().toString()));
        return new ProvisioningAnswer(error.httpStatus(), retryAfter, json);
    }
}
