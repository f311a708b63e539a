// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.DigestHash.wire;

import io.upstream.UserPassword;
import io.upstream.proxy.DigestChallenge.Qop;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What one request says with Digest, and what the proxy has to say to show that it knows the password too (RFC 7616 sections 3.4 and 3.5).
 * User name and password are hashed as UTF-8, everything else as it came.
 */
final class DigestAnswer {
    private final DigestChallenge challenge;
    private final DigestHash hash;
    private final byte[] method;
    private final String uri;
    private final String count;
    private final String clientNonce;
    private final String user;
    private final byte[] key;

    /** @param hash the challenge's algorithm */
    DigestAnswer(
            DigestChallenge challenge,
            DigestHash hash,
            String method,
            String uri,
            DigestMemory.Turn turn,
            UserPassword credentials) {
        this.challenge = challenge;
        this.hash = hash;
        this.method = wire(method);
        this.uri = uri;
        this.count = String.format("%08x", turn.count());
        this.clientNonce = turn.clientNonce();
        this.user = credentials.user();
        this.key = key(credentials);
    }

    DigestChallenge challenge() {
        return challenge;
    }

    /** HA1. */
    private byte[] key(UserPassword credentials) {
        byte[] password = credentials.password().getBytes(StandardCharsets.UTF_8);
        byte[] plain = hash.of(userBytes(), wire(challenge.realm()), password);
        Arrays.fill(password, (byte) 0);
        if (!challenge.session()) {
            return plain;
        }
        byte[] session = hash.of(plain, wire(challenge.nonce()), wire(clientNonce));
        Arrays.fill(plain, (byte) 0);
        return session;
    }

    byte[] response() {
        return signed(method);
    }

    /** As {@link #response}, but without the method: what {@code rspauth} must be. */
    byte[] expectedOfTheProxy() {
        return signed(new byte[0]);
    }

    private byte[] signed(byte[] verb) {
        Qop qop = challenge.qop();
        byte[] request = qop == Qop.AUTH_INT ? hash.of(verb, wire(uri), hash.of()) : hash.of(verb, wire(uri));
        return qop == Qop.NONE
                ? hash.of(key, wire(challenge.nonce()), request)
                : hash.of(key, wire(challenge.nonce()), wire(count), wire(clientNonce), wire(qop.wireName()), request);
    }

    /** The hash that stands for the user name where the proxy asked for it. */
    byte[] userHash() {
        return hash.of(userBytes(), wire(challenge.realm()));
    }

    /** The value of the header field. What the standard quotes is quoted and nothing else: some proxies insist on either. */
    String fieldValue() {
        StringBuilder field = new StringBuilder("Digest ").append(userName());
        quoted(field, "realm", challenge.realm());
        quoted(field, "nonce", challenge.nonce());
        quoted(field, "uri", uri);
        String algorithm = challenge.algorithmName();
        if (algorithm != null) {
            field.append(", algorithm=").append(algorithm);
        }
        if (challenge.qop() != Qop.NONE) {
            field.append(", qop=").append(challenge.qop().wireName());
            field.append(", nc=").append(count);
            quoted(field, "cnonce", clientNonce);
        }
        quoted(field, "response", new String(response(), StandardCharsets.US_ASCII));
        String opaque = challenge.opaque();
        if (opaque != null) {
            quoted(field, "opaque", opaque);
        }
        return challenge.userhash() ? field.append(", userhash=true").toString() : field.toString();
    }

    private String userName() {
        if (challenge.userhash()) {
            return "username=\"" + new String(userHash(), StandardCharsets.US_ASCII) + '"';
        }
        if (user.chars().allMatch(c -> c < 0x7F)) {
            return "username=" + quote(user);
        }
        return "username*=UTF-8''" + percentEncoded(userBytes());
    }

    /** RFC 8187 section 3.2.1. */
    private static String percentEncoded(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte octet : bytes) {
            char c = (char) (octet & 0xFF);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "!#$&+-.^_`|~".indexOf(c) >= 0);
            text.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return text.toString();
    }

    private static void quoted(StringBuilder field, String name, String value) {
        field.append(", ").append(name).append('=').append(quote(value));
    }

    private static String quote(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private byte[] userBytes() {
        return user.getBytes(StandardCharsets.UTF_8);
    }

    /** No further answer will be asked for. */
    void wipe() {
        Arrays.fill(key, (byte) 0);
    }
}
