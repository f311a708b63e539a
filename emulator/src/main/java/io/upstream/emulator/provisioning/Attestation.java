// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import io.upstream.emulator.hub.Certificates;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/** How a device proves to the provisioning service that it is the enrolled one. */
public sealed interface Attestation {
    /** As the service's REST API names it: {@code symmetricKey} or {@code x509}. */
    String typeName();

    /**
     * By tokens that one of two keys has signed; of a group, one of the keys derived from these.
     *
     * @param primary base64 of 16 to 64 bytes, a secret; empty in a request: to be kept, or made if there is none
     * @param secondary as {@code primary}; both are always valid
     */
    record SymmetricKeys(String primary, String secondary) implements Attestation {
        /** Keys of the service's making. */
        public static final SymmetricKeys OF_THE_SERVICE = new SymmetricKeys("", "");

        @Override
        public String typeName() {
            return "symmetricKey";
        }

        @Override
        public String toString() {
            return "SymmetricKeys[***]";
        }
    }

    /**
     * By a client certificate known in advance: of a single device.
     *
     * @param primary the SHA-1 or SHA-256 of its DER form in hexadecimal digits
     * @param secondary as {@code primary}; empty for none
     */
    record Thumbprints(String primary, String secondary) implements Attestation {
        /** This certificate and no other. */
        public static Thumbprints of(X509Certificate certificate) {
            return new Thumbprints(Certificates.thumbprint(certificate, "SHA-256"), "");
        }

        @Override
        public String typeName() {
            return "x509";
        }
    }

    /** By a client certificate that one of these authorities has issued, itself or through others: of a group. */
    record Authorities(X509Certificate primary, @Nullable X509Certificate secondary) implements Attestation {
        @Override
        public String typeName() {
            return "x509";
        }

        @Override
        public String toString() {
            return "Authorities[" + primary.getSubjectX500Principal() + "]";
        }
    }
}
