// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.interop;

import com.microsoft.azure.sdk.iot.provisioning.security.SecurityProviderX509;
import com.microsoft.azure.sdk.iot.provisioning.security.exceptions.SecurityProviderException;
import io.upstream.emulator.ClientTls;
import io.upstream.emulator.tls.ClientCertificate;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.cert.X509Certificate;
import java.util.Collection;
import javax.net.ssl.SSLContext;

/** A device's certificate for the SDK, which asks for its parts. */
final class TrustingCertificate extends SecurityProviderX509 {
    private final String commonName;
    private final ClientCertificate own;
    private final X509Certificate authority;

    TrustingCertificate(String commonName, ClientCertificate own, X509Certificate authority) {
        this.commonName = commonName;
        this.own = own;
        this.authority = authority;
    }

    @Override
    public String getClientCertificateCommonName() {
        return commonName;
    }

    @Override
    public X509Certificate getClientCertificate() {
        return own.chain().get(0);
    }

    @Override
    public Key getClientPrivateKey() {
        return own.key();
    }

    @Override
    public Collection<X509Certificate> getIntermediateCertificatesChain() {
        return own.chain().subList(1, own.chain().size());
    }

    @Override
    public SSLContext getSSLContext() throws SecurityProviderException {
        try {
            return ClientTls.trusting(authority, own);
        } catch (IOException | GeneralSecurityException e) {
            throw new SecurityProviderException(e);
        }
    }
}
