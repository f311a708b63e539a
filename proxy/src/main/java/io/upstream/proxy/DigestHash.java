// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** One of Digest's hashes over fields that colons separate, as lower-case hex. Confined to one thread. */
final class DigestHash {
    private final MessageDigest hash;

    /** Where hashes come from: the Java runtime, which may be told to have no MD5. */
    @FunctionalInterface
    interface Source {
        MessageDigest named(String jcaName) throws NoSuchAlgorithmException;
    }

    DigestHash(MessageDigest hash) {
        this.hash = hash;
    }

    byte[] of(byte[]... fields) {
        for (int i = 0; i < fields.length; i++) {
            if (i > 0) {
                hash.update((byte) ':');
            }
            hash.update(fields[i]);
        }
        return ascii(HexFormat.of().formatHex(hash.digest()));
    }

    /** What came over the wire, byte for byte: header fields are read as ISO-8859-1. */
    static byte[] wire(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
