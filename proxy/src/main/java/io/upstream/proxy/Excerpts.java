// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.LinkedHashSet;
import java.util.Set;

/** What a message may repeat of a proxy's words: a little, printable, without the credentials that it was sent. Not thread-safe. */
final class Excerpts {
    static final int LENGTH = 64;

    /** Of the parts of a Digest answer the shorter ones are no secrets. */
    private static final int MIN_SECRET = 12;

    private final Set<String> secrets = new LinkedHashSet<>();
    private int longestSecret;

    /**
     * Nothing of this is repeated to anybody.
     *
     * @param authorization the value of a {@code Proxy-Authorization} that goes out
     */
    void sent(String authorization) {
        String rest = authorization.substring(authorization.indexOf(' ') + 1);
        String[] parts = rest.split("[\\s,\"]+|=(?=[^=])", -1);
        for (String part : parts) {
            if (!part.isEmpty() && (parts.length == 1 || part.length() >= MIN_SECRET)) {
                secrets.add(part);
                longestSecret = Math.max(longestSecret, part.length());
            }
        }
    }

    boolean hasSecrets() {
        return !secrets.isEmpty();
    }

    /** How much text is needed to tell a secret at the end of an excerpt. */
    int needed() {
        return LENGTH + longestSecret;
    }

    String of(String text) {
        String printable =
                withoutCredentials(text).replaceAll("[^\\x20-\\x7E]", ".").strip();
        return printable.length() <= LENGTH ? printable : printable.substring(0, LENGTH);
    }

    /** Also where the text ends within them, since it may be the part that has arrived so far. */
    private String withoutCredentials(String text) {
        String rest = text;
        for (String secret : secrets) {
            rest = without(secret, rest);
        }
        return rest;
    }

    private static String without(String secret, String text) {
        String rest = text.replace(secret, "***");
        for (int part = Math.min(secret.length() - 1, rest.length()); part >= 4; part--) {
            if (rest.endsWith(secret.substring(0, part))) {
                return rest.substring(0, rest.length() - part) + "***";
            }
        }
        return rest;
    }
}
