// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Objects;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** An identity's symmetric key, from which a token is signed for each connection. Immutable; any thread. */
public final class SasKey implements Credentials {
    /** How long a token is good for unless {@link #lifetime} says otherwise. */
    public static final Duration DEFAULT_LIFETIME = Duration.ofHours(1);

    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;
    private final Duration lifetime;

    private SasKey(SecretKeySpec key, Duration lifetime) {
        this.key = key;
        this.lifetime = lifetime;
    }

    /**
     * Takes a key as text.
     *
     * @param base64 the primary or secondary key as the hub shows it
     * @throws IllegalArgumentException if it is empty or not base64; the text is not repeated in the message
     */
    public static SasKey of(String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder()
                    .decode(Objects.requireNonNull(base64, "base64").strip());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the shared access key is not base64 (its text is not shown)");
        }
        if (bytes.length == 0) {
            throw new IllegalArgumentException("the shared access key is empty");
        }
        return new SasKey(new SecretKeySpec(bytes, ALGORITHM), DEFAULT_LIFETIME);
    }

    /** The same key, with tokens that are good for so long; at least a second. */
    public SasKey lifetime(Duration lifetime) {
        if (lifetime.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("a token's lifetime must be at least 1 s, was " + lifetime);
        }
        return new SasKey(key, lifetime);
    }

    /**
     * Signs a token for {@code identity} at the hub {@code hubHost}: HMAC-SHA256 over the resource as written in the token, a
     * line feed and the expiry in seconds since 1970.
     */
    public SasToken sign(String hubHost, Identity identity, Instant now) {
        String resource = new TokenRequest(hubHost, identity).resource();
        long expiry = now.plus(lifetime).getEpochSecond();
        String signature = URLEncoder.encode(hmac(resource + "\n" + expiry), StandardCharsets.UTF_8);
        return SasToken.of("SharedAccessSignature sr=" + resource + "&sig=" + signature + "&se=" + expiry);
    }

    private String hmac(String text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(
                    "this JVM has no " + ALGORITHM + ", which every Java platform must have", e);
        }
    }

    @Override
    public String toString() {
        return "SasKey[***, lifetime=" + lifetime + "]";
    }
}
