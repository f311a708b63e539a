// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** How an identity proves itself to the hub. */
public sealed interface Authentication {
    /** As the hub's REST API names it: {@code sas}, {@code selfSigned}, {@code certificateAuthority} or {@code none}. */
    String typeName();

    /**
     * By tokens that one of two keys has signed.
     *
     * @param primary base64 of 16 to 64 bytes, a secret; empty in a request: to be kept, or made if there is none
     * @param secondary as {@code primary}; both are always valid
     */
    record SymmetricKeys(String primary, String secondary) implements Authentication {
        /** Keys of the hub's making. */
        public static final SymmetricKeys OF_THE_HUB = new SymmetricKeys("", "");

        @Override
        public String typeName() {
            return "sas";
        }

        @Override
        public String toString() {
            return "SymmetricKeys[***]";
        }
    }

    /**
     * By a client certificate known in advance, whoever signed it.
     *
     * @param primary the SHA-1 or SHA-256 of its DER form in hexadecimal digits, in either case; empty for none
     * @param secondary as {@code primary}; a certificate may have either
     */
    record Thumbprints(String primary, String secondary) implements Authentication {
        @Override
        public String typeName() {
            return "selfSigned";
        }
    }

    /** By a client certificate of an authority that the hub trusts, with the identity as its common name. */
    record CertificateAuthority() implements Authentication {
        @Override
        public String typeName() {
            return "certificateAuthority";
        }
    }

    /** Not at all: the identity exists and cannot connect. */
    record None() implements Authentication {
        @Override
        public String typeName() {
            return "none";
        }
    }
}
