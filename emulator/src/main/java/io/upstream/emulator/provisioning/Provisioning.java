// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import java.security.cert.X509Certificate;

/** The service as the protocol heads see it. Thread-safe; no call blocks. */
public interface Provisioning {
    /**
     * Lets a device in that shows a token.
     *
     * @throws ProvisioningException {@link ProvisioningError#UNAUTHORIZED} if it does not prove what it should
     */
    Admission admit(RegistrationAddress address, String sasToken) throws ProvisioningException;

    /**
     * Lets a device in by its TLS client certificate.
     *
     * @param chain the device's own first; may be empty, which is refused
     * @throws ProvisioningException as {@link #admit(RegistrationAddress, String)}
     */
    Admission admit(RegistrationAddress address, X509Certificate... chain) throws ProvisioningException;

    /**
     * Begins to assign the device.
     *
     * @param request the body, JSON or nothing but white space
     */
    ProvisioningAnswer register(Admission admission, byte[] request) throws ProvisioningException;

    /** Tells how far an assignment is. */
    ProvisioningAnswer operation(Admission admission, String operationId) throws ProvisioningException;

    /** Tells what the service knows of the device's last registration. */
    ProvisioningAnswer lookUp(Admission admission) throws ProvisioningException;
}
