// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import io.upstream.emulator.hub.Authentication.Thumbprints;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

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
            if (!identity.toString().equals(commonName(leaf))) {
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
        try {
            byte[] digest = MessageDigest.getInstance(algorithm).digest(certificate.getEncoded());
            return HexFormat.of().formatHex(digest).equalsIgnoreCase(thumbprint);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM cannot take the " + algorithm + " of a certificate", e);
        }
    }

    private static @Nullable String commonName(X509Certificate certificate) {
        RDN[] names = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded())
                .getRDNs(BCStyle.CN);
        return names.length == 1 && names[0].getFirst().getValue() instanceof ASN1String name ? name.getString() : null;
    }

    private static HubException refused(String why) {
        return new HubException(HubError.UNAUTHORIZED, why);
    }
}
