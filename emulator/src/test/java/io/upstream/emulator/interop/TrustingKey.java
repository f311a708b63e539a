// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import com.microsoft.azure.sdk.iot.provisioning.security.SecurityProviderSymmetricKey;
import com.microsoft.azure.sdk.iot.provisioning.security.exceptions.SecurityProviderException;
import io.upstream.emulator.ClientTls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;

/** The SDK's own, but it trusts one authority in place of the JVM's. */
final class TrustingKey extends SecurityProviderSymmetricKey {
    private final X509Certificate authority;

    TrustingKey(String key, String registrationId, X509Certificate authority) {
        super(key.getBytes(StandardCharsets.UTF_8), registrationId);
        this.authority = authority;
    }

    @Override
    public SSLContext getSSLContext() throws SecurityProviderException {
        try {
            return ClientTls.trusting(authority, null);
        } catch (IOException | GeneralSecurityException e) {
            throw new SecurityProviderException(e);
        }
    }
}
