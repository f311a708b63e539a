// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;

/** A ready-made token, {@code SharedAccessSignature sr=…&sig=…&se=…}; it cannot be renewed, see {@link SasTokenProvider}. */
public final class SasToken implements Credentials {
    private static final String PREFIX = "SharedAccessSignature ";

    private final String text;

    private SasToken(String text) {
        this.text = text;
    }

    /**
     * Takes a token as text.
     *
     * @throws IllegalArgumentException if the text is not of the token's form; the text is not repeated in the message
     */
    public static SasToken of(String text) {
        String token = Objects.requireNonNull(text, "text").strip();
        if (!token.startsWith(PREFIX) || !token.contains("sr=") || !token.contains("sig=") || !token.contains("se=")) {
            throw new IllegalArgumentException(
                    "not a token of the form 'SharedAccessSignature sr=…&sig=…&se=…' (its text is not shown)");
        }
        return new SasToken(token);
    }

    /** The token itself: a secret. */
    public String text() {
        return text;
    }

    @Override
    public String toString() {
        return "SasToken[***]";
    }
}
