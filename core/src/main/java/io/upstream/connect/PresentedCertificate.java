// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.buffer.ByteBufUtil;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/** A verdict on a certificate, with what is needed to recognise it: a platform's verdict does not say whose it was. */
final class PresentedCertificate extends CertificateException {
    private static final long serialVersionUID = 1L;
    private static final int NAME_LIMIT = 100;

    private final String description;

    /** @param chain what the peer presented, its own certificate first */
    PresentedCertificate(X509Certificate[] chain, CertificateException verdict) {
        super(verdict.getMessage(), verdict);
        description = chain.length == 0 ? "the peer presented none" : describe(chain[0]);
    }

    /** What the peer presented, if {@code error} is a verdict on it; else empty. For one line of a log. */
    static String in(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof PresentedCertificate presented) {
                return presented.description;
            }
        }
        return "";
    }

    private static String describe(X509Certificate certificate) {
        return "issued by '" + name(certificate.getIssuerX500Principal().getName()) + "' to '"
                + name(certificate.getSubjectX500Principal().getName()) + "'" + fingerprint(certificate);
    }

    private static String name(@Nullable String text) {
        String printable = Failures.printable(String.valueOf(text));
        return printable.length() <= NAME_LIMIT ? printable : printable.substring(0, NAME_LIMIT) + "…";
    }

    private static String fingerprint(X509Certificate certificate) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return ", SHA-256 " + ByteBufUtil.hexDump(digest);
        } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
            return "";
        }
    }
}
