// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.Optional;

/** The hashes of Digest (RFC 7616 section 6.1), each of which also comes as a variant for sessions. */
enum DigestAlgorithm {
    MD5("MD5", "MD5", PasswordScheme.DIGEST_MD5),
    SHA_256("SHA-256", "SHA-256", PasswordScheme.DIGEST_SHA_256),
    /** SHA-512 with other initial values, cut to 256 bits (FIPS 180-4 section 5.3.6): not plain SHA-512, cut. */
    SHA_512_256("SHA-512-256", "SHA-512/256", PasswordScheme.DIGEST_SHA_512_256);

    static final String SESSION_SUFFIX = "-sess";

    private final String wireName;
    private final String jcaName;
    private final int strength;

    DigestAlgorithm(String wireName, String jcaName, int strength) {
        this.wireName = wireName;
        this.jcaName = jcaName;
        this.strength = strength;
    }

    /** Without regard to case, with or without the suffix of a session. */
    static Optional<DigestAlgorithm> named(String name) {
        for (DigestAlgorithm algorithm : values()) {
            if (name.equalsIgnoreCase(algorithm.wireName)
                    || name.equalsIgnoreCase(algorithm.wireName + SESSION_SUFFIX)) {
                return Optional.of(algorithm);
            }
        }
        return Optional.empty();
    }

    String jcaName() {
        return jcaName;
    }

    /** As {@link PasswordScheme#strength}. */
    int strength() {
        return strength;
    }
}
