// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import io.upstream.emulator.hub.Authentication.Thumbprints;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What keys and thumbprints must look like, and keys of the hub's own making. */
public final class CredentialForms {
    static final int SHA_1_DIGITS = 40;

    private static final int SHA_256_DIGITS = 64;
    private static final Pattern THUMBPRINT = Pattern.compile("[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}");
    private static final int KEY_BYTES = 32;
    private static final int MIN_KEY_BYTES = 16;
    private static final int MAX_KEY_BYTES = 64;

    private final SecureRandom random = new SecureRandom();

    /** With a random generator of its own. */
    public CredentialForms() {}

    /** Checks what is asked for; keys that are not given stay as they are, or are made. */
    Authentication complete(Authentication asked, @Nullable RegisteredIdentity known) throws HubException {
        if (asked instanceof SymmetricKeys keys) {
            return new SymmetricKeys(
                    key(keys.primary(), known == null ? "" : known.primaryKey()),
                    key(keys.secondary(), known == null ? "" : known.secondaryKey()));
        }
        if (asked instanceof Thumbprints thumbprints) {
            requireThumbprint(thumbprints.primary());
            requireThumbprint(thumbprints.secondary());
            if (thumbprints.primary().isEmpty() && thumbprints.secondary().isEmpty()) {
                throw new HubException(HubError.MALFORMED, "selfSigned needs at least one thumbprint");
            }
        }
        return asked;
    }

    /**
     * Checks a thumbprint: a SHA-1 or SHA-256 in hexadecimal digits, or empty.
     *
     * @throws HubException {@link HubError#MALFORMED} if it is something else
     */
    public static void requireThumbprint(String text) throws HubException {
        if (!text.isEmpty() && !THUMBPRINT.matcher(text).matches()) {
            throw new HubException(
                    HubError.MALFORMED,
                    "a thumbprint must be " + SHA_1_DIGITS + " or " + SHA_256_DIGITS + " hexadecimal digits");
        }
    }

    private String key(String given, String known) throws HubException {
        if (given.isEmpty()) {
            return known.isEmpty() ? newKey() : known;
        }
        requireKey(given);
        return given;
    }

    /**
     * Checks a symmetric key: base64 of 16 to 64 bytes.
     *
     * @throws HubException {@link HubError#MALFORMED} if it is something else
     */
    public static void requireKey(String text) throws HubException {
        int length;
        try {
            length = Base64.getDecoder().decode(text).length;
        } catch (IllegalArgumentException e) {
            throw new HubException(HubError.MALFORMED, "a symmetric key is not base64");
        }
        if (length < MIN_KEY_BYTES || length > MAX_KEY_BYTES) {
            throw new HubException(
                    HubError.MALFORMED, "a symmetric key must be " + MIN_KEY_BYTES + " to " + MAX_KEY_BYTES + " bytes");
        }
    }

    /** A key of 32 random bytes, base64; a secret. */
    public String newKey() {
        byte[] key = new byte[KEY_BYTES];
        random.nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }
}
