// SPDX-License-Identifier: Apache-2.0
package io.upstream.pem;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Whether a private key and a public one are a pair, found out by a signature: so it works for keys that stay in a chip, too. */
public final class KeyMatch {
    private static final byte[] PROOF = "is this a pair?".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private KeyMatch() {}

    /** False only if it is certain that they are not: a key that may not sign just anything, or of an unknown kind, is left to TLS. */
    public static boolean arePair(PrivateKey key, PublicKey other) {
        String family = family(key.getAlgorithm());
        if (!family.equals(family(other.getAlgorithm()))) {
            return false;
        }
        String algorithm = algorithm(family);
        if (algorithm == null) {
            return true;
        }
        byte[] signed;
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(PROOF);
            signed = signature.sign();
        } catch (GeneralSecurityException | RuntimeException e) {
            return true;
        }
        return verifies(algorithm, other, signed);
    }

    private static boolean verifies(String algorithm, PublicKey other, byte[] signed) {
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initVerify(other);
            signature.update(PROOF);
            return signature.verify(signed);
        } catch (InvalidKeyException | SignatureException e) {
            return false; // of another length or on another curve
        } catch (GeneralSecurityException e) {
            return true;
        }
    }

    /** Providers differ in how they name the same thing. */
    private static String family(String algorithm) {
        String name = algorithm.toUpperCase(Locale.ROOT);
        if (name.startsWith("RSA")) {
            return "RSA";
        } else if (name.startsWith("EC")) {
            return "EC";
        }
        return name.startsWith("ED") ? "ED" : name;
    }

    private static @Nullable String algorithm(String family) {
        return switch (family) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            case "ED" -> "EdDSA";
            default -> null;
        };
    }
}
