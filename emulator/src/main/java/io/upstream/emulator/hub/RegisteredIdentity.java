// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;

/**
 * An entry of the hub's identity registry.
 *
 * @param statusReason the operator's words on the status; empty for none
 * @param statusUpdated when the status last changed; {@link #NEVER} if it is the first
 * @param authentication complete: keys that the request left out are made
 * @param edge whether the device is an IoT Edge device
 * @param generation tells an identity from an earlier one of the same name
 * @param version counts the changes of this entry, from 1 on
 */
public record RegisteredIdentity(
        HubIdentity identity,
        IdentityStatus status,
        String statusReason,
        Instant statusUpdated,
        Authentication authentication,
        boolean edge,
        long generation,
        long version) {
    /** As the hub writes a time that has not come. */
    public static final Instant NEVER = Instant.parse("0001-01-01T00:00:00Z");

    /** The primary key, base64, a secret; empty if the identity has no keys. */
    public String primaryKey() {
        return authentication instanceof SymmetricKeys keys ? keys.primary() : "";
    }

    /** As {@link #primaryKey}; both are always valid. */
    public String secondaryKey() {
        return authentication instanceof SymmetricKeys keys ? keys.secondary() : "";
    }

    /** Changes with every change of the entry, also over its removal; without quotes. */
    public String etag() {
        byte[] text = (generation + "." + version).getBytes(StandardCharsets.US_ASCII);
        return Base64.getEncoder().encodeToString(text);
    }

    @Override
    public String toString() {
        return "RegisteredIdentity[identity=" + identity + ", status=" + status + ", authentication=" + authentication
                + "]";
    }
}
