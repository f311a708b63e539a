// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * An entry of the hub's identity registry.
 *
 * @param primaryKey base64 of 16 to 64 bytes; a secret
 * @param secondaryKey as {@code primaryKey}; both are always valid
 * @param generation tells an identity from an earlier one of the same name
 * @param version counts the changes of this entry, from 1 on
 */
public record RegisteredIdentity(
        HubIdentity identity,
        IdentityStatus status,
        String primaryKey,
        String secondaryKey,
        long generation,
        long version) {

    @Override
    public String toString() {
        return "RegisteredIdentity[identity=" + identity + ", status=" + status + ", keys=***]";
    }
}
