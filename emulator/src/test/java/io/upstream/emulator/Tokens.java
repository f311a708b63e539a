// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Shared access signatures as a client makes them. */
public final class Tokens {
    public static final String KEY =
            Base64.getEncoder().encodeToString("0123456789abcdef".getBytes(StandardCharsets.US_ASCII));
    public static final String OTHER_KEY =
            Base64.getEncoder().encodeToString("fedcba9876543210".getBytes(StandardCharsets.US_ASCII));

    private Tokens() {}

    public static String token(String resource, String key, Instant expiry) {
        return "SharedAccessSignature sr=" + resource + "&sig=" + signature(resource, key, expiry) + "&se="
                + expiry.getEpochSecond();
    }

    public static String signature(String resource, String key, Instant expiry) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(key), "HmacSHA256"));
            byte[] digest = mac.doFinal((resource + "\n" + expiry.getEpochSecond()).getBytes(StandardCharsets.UTF_8));
            return URLEncoder.encode(Base64.getEncoder().encodeToString(digest), StandardCharsets.UTF_8);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
