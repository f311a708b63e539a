// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A shared access signature taken apart: {@code SharedAccessSignature sr=…&sig=…&se=…[&skn=…]}, fields in any order. The
 * signature covers the literal text of {@code sr}, so that text is kept beside its decoded segments.
 */
public final class SasToken {
    private static final String PREFIX = "SharedAccessSignature ";
    /** Beyond the year 5000 in seconds; keeps the arithmetic on instants safe. */
    private static final int MAX_EXPIRY_DIGITS = 11;

    private final String signedResource;
    private final String signedExpiry;
    private final List<String> segments;
    private final byte[] signature;
    private final Instant expiry;
    private final String policy;

    private SasToken(String signedResource, String signedExpiry, byte[] signature, String policy) throws HubException {
        this.signedResource = signedResource;
        this.signedExpiry = signedExpiry;
        this.segments = List.of(PercentText.decode(signedResource).split("/", -1));
        this.signature = signature;
        this.expiry = Instant.ofEpochSecond(Long.parseLong(signedExpiry));
        this.policy = policy;
    }

    /**
     * Takes a token apart.
     *
     * @throws HubException {@link HubError#UNAUTHORIZED} if it is not of the documented form
     */
    public static SasToken parse(String text) throws HubException {
        if (!text.startsWith(PREFIX)) {
            throw refused("the token does not begin with SharedAccessSignature and one space");
        }
        Map<String, String> fields = new HashMap<>();
        for (String field : text.substring(PREFIX.length()).split("&", -1)) {
            int equals = field.indexOf('=');
            if (equals <= 0 || fields.put(field.substring(0, equals), field.substring(equals + 1)) != null) {
                throw refused("the token has a field without a name or a field twice");
            }
        }
        String expiry = field(fields, "se");
        if (expiry.length() > MAX_EXPIRY_DIGITS || !expiry.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw refused("the token's se is not a number of seconds since 1970");
        }
        try {
            byte[] signature = Base64.getDecoder().decode(PercentText.decode(field(fields, "sig")));
            return new SasToken(field(fields, "sr"), expiry, signature, fields.getOrDefault("skn", ""));
        } catch (IllegalArgumentException | HubException e) {
            throw refused("the token's sr or sig is not encoded as documented");
        }
    }

    private static String field(Map<String, String> fields, String name) throws HubException {
        String value = fields.get(name);
        if (value == null || value.isEmpty()) {
            throw refused("the token has no " + name);
        }
        return value;
    }

    public Instant expiry() {
        return expiry;
    }

    /** The shared access policy whose key has signed; empty if the identity's own has. */
    public String policy() {
        return policy;
    }

    /** Whether the resource is the whole hub. */
    boolean coversHub(String hostName) {
        return segments.size() == 1 && segments.get(0).equalsIgnoreCase(hostName);
    }

    /** Whom the resource names: {@code {hub}/devices/{d}} or {@code {hub}/devices/{d}/modules/{m}}, nothing shorter. */
    HubIdentity identity(String hostName) throws HubException {
        boolean device = segments.size() == 3 && isDevicesOf(hostName);
        boolean module =
                segments.size() == 5 && isDevicesOf(hostName) && segments.get(3).equals("modules");
        if (device) {
            return HubIdentity.device(segments.get(2));
        }
        if (module) {
            return HubIdentity.module(segments.get(2), segments.get(4));
        }
        throw refused("the token's sr names no device or module of this hub");
    }

    private boolean isDevicesOf(String hostName) {
        return segments.get(0).equalsIgnoreCase(hostName) && segments.get(1).equals("devices");
    }

    /** Whether the resource is the identity's URI or contains it, compared segment by segment. */
    boolean covers(String hostName, HubIdentity identity) {
        String moduleId = identity.moduleId();
        List<String> uri = moduleId == null
                ? List.of(hostName, "devices", identity.deviceId())
                : List.of(hostName, "devices", identity.deviceId(), "modules", moduleId);
        return segments.size() <= uri.size()
                && segments.get(0).equalsIgnoreCase(hostName)
                && segments.subList(1, segments.size()).equals(uri.subList(1, segments.size()));
    }

    /** The resource, percent-decoded and cut at its slashes. */
    public List<String> segments() {
        return segments;
    }

    /** Whether the key, base64, has signed. Takes the same time whatever the signature is. */
    public boolean isSignedWith(String base64Key) {
        byte[] key = Base64.getDecoder().decode(base64Key);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            byte[] expected = mac.doFinal((signedResource + "\n" + signedExpiry).getBytes(StandardCharsets.UTF_8));
            return MessageDigest.isEqual(expected, signature);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the JVM has no HmacSHA256", e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private static HubException refused(String why) {
        return new HubException(HubError.UNAUTHORIZED, why);
    }
}
