// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import io.upstream.emulator.hub.Authentication.Thumbprints;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;

/** Whether a client certificate speaks for an identity. TLS has proved that the client holds its key, and nothing else. */
final class CertificateCheck {
    private final TrustedAuthorities authorities;

    CertificateCheck(TrustedAuthorities authorities) {
        this.authorities = authorities;
    }

    /** Gives the end of the certificate's life, or fails. */
    Instant check(RegisteredIdentity entry, List<X509Certificate> chain, Instant now) throws HubException {
        HubIdentity identity = entry.identity();
        if (chain.isEmpty()) {
            throw refused("neither a token nor a client certificate speaks for " + identity);
        }
        X509Certificate leaf = chain.get(0);
        if (entry.authentication() instanceof Thumbprints thumbprints) {
            if (!matches(leaf, thumbprints.primary()) && !matches(leaf, thumbprints.secondary())) {
                throw refused("the client certificate has none of the thumbprints of " + identity);
            }
        } else if (entry.authentication() instanceof Authentication.CertificateAuthority) {
            if (!identity.toString().equals(Certificates.commonName(leaf))) {
                throw refused("the common name of the client certificate is not " + identity);
            }
            if (!authorities.vouchesFor(chain, now)) {
                throw refused("no authority that the hub trusts has issued the client certificate of " + identity
                        + ", or one of the path is not valid now");
            }
        } else {
            throw refused(identity + " is not registered for certificates");
        }
        return requireValid(leaf, identity, now);
    }

    private static Instant requireValid(X509Certificate leaf, HubIdentity identity, Instant now) throws HubException {
        try {
            leaf.checkValidity(Date.from(now));
            return leaf.getNotAfter().toInstant();
        } catch (CertificateException e) {
            throw refused("the client certificate of " + identity + " is not valid now but from "
                    + leaf.getNotBefore().toInstant() + " to "
                    + leaf.getNotAfter().toInstant());
        }
    }

    private static boolean matches(X509Certificate certificate, String thumbprint) {
        String algorithm = thumbprint.length() == CredentialForms.SHA_1_DIGITS ? "SHA-1" : "SHA-256";
        return Certificates.thumbprint(certificate, algorithm).equalsIgnoreCase(thumbprint);
    }

    private static HubException refused(String why) {
        return new HubException(HubError.UNAUTHORIZED, why);
    }
}
