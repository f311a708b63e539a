// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/**
 * What an identity shall be from now on.
 *
 * @param statusReason the operator's words on the status, at most 128 characters; empty for none
 * @param edge whether the device is an IoT Edge device
 */
public record IdentitySpec(
        HubIdentity identity, IdentityStatus status, String statusReason, Authentication authentication, boolean edge) {

    /** An enabled identity that proves itself like this. */
    public static IdentitySpec of(HubIdentity identity, Authentication authentication) {
        return new IdentitySpec(identity, IdentityStatus.ENABLED, "", authentication, false);
    }
}
