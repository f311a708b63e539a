// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** Whether an identity may connect. */
public enum IdentityStatus {
    ENABLED,
    DISABLED
}
