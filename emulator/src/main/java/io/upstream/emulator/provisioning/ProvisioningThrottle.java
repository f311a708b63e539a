// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

/** Decides which requests of devices the service refuses as too many. Called by any thread. */
@FunctionalInterface
public interface ProvisioningThrottle {
    /** Refuses nothing. */
    ProvisioningThrottle NONE = registrationId -> {};

    /**
     * Lets a request pass.
     *
     * @throws ProvisioningException with {@link ProvisioningError#THROTTLED} if it must not
     */
    void admit(String registrationId) throws ProvisioningException;
}
