// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Secrets that tests give away to see where they turn up again: {@link SecretCheck} looks for them, in any spelling. */
public final class Canaries {
    public static final String DEVICE_KEY_TEXT = "canary-key-of-the-device";

    /** As a connection string holds it. */
    public static final String DEVICE_KEY = base64(DEVICE_KEY_TEXT);

    public static final String WRONG_KEY_TEXT = "canary-key-of-nobody";
    public static final String WRONG_KEY = base64(WRONG_KEY_TEXT);
    public static final String PROXY_PASSWORD = "canary-pröxy+password";
    public static final String WRONG_PROXY_PASSWORD = "canary-proxy?pässword";
    public static final String USER_PASSWORD = "canary-bröker+password";

    /** What a signed token ends with. */
    public static final String SIGNATURE = base64("canary-signature-of-a-token/+?~~");

    /** Also those that many tests have always used. */
    static final List<String> ALL = List.of(
            DEVICE_KEY_TEXT,
            DEVICE_KEY,
            WRONG_KEY_TEXT,
            WRONG_KEY,
            PROXY_PASSWORD,
            WRONG_PROXY_PASSWORD,
            USER_PASSWORD,
            SIGNATURE,
            "secret key of a device",
            "c2VjcmV0IGtleSBvZiBhIGRldmljZQ==",
            "p@ss word");

    private Canaries() {}

    /**
     * How {@code secret} may be written: plain, as JSON may escape it, percent-encoded in both ways, in hexadecimal, and in Base64 wherever it begins within the
     * text that was encoded, without the ends that depend on its neighbours.
     */
    public static Set<String> spellings(String secret) {
        Set<String> all = new LinkedHashSet<>();
        all.add(secret);
        all.add(escaped(secret));
        all.add(encoded(secret));
        all.add(URLEncoder.encode(secret, StandardCharsets.UTF_8));
        all.add(HexFormat.of().formatHex(secret.getBytes(StandardCharsets.UTF_8)));
        for (int before = 0; before < 3; before++) {
            String whole = base64("x".repeat(before) + secret);
            all.add(whole.substring(before == 0 ? 0 : 4, whole.length() - 4));
        }
        return all;
    }

    /** As in JSON that is all ASCII (RFC 8259 section 7). */
    private static String escaped(String text) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            all.append(c < ' ' || c > '~' ? "\\u%04x".formatted((int) c) : c);
        }
        return all.toString();
    }

    /** As in a URL. */
    public static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    public static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
