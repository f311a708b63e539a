// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Percent-encoding of UTF-8 (RFC 3986 section 2.1), as user name and password of a URL have it. */
final class PercentText {
    private static final String UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private PercentText() {}

    /** Everything but letters, digits and {@code -._~} of ASCII is escaped: safe in any part of a URL, and in a comma-separated list. */
    static String encode(String text) {
        StringBuilder out = new StringBuilder();
        for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
            if (UNRESERVED.indexOf(octet) >= 0) {
                out.append((char) octet);
            } else {
                out.append('%').append(HEX.toHexDigits(octet));
            }
        }
        return out.toString();
    }

    /** Whether every percent sign of {@code text} begins an escape: then, and only then, it is meant to be decoded. */
    static boolean isEncoded(String text) {
        return octets(text) != null;
    }

    /** What an encoded text stands for; empty if that is not UTF-8. */
    static Optional<String> decode(String encoded) {
        byte[] octets = octets(encoded);
        if (octets == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(octets))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /** Null if a percent sign does not begin an escape. */
    private static byte @Nullable [] octets(String text) {
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        int at = 0;
        while (at < text.length()) {
            if (text.charAt(at) != '%') {
                int next = text.indexOf('%', at);
                String plain = text.substring(at, next < 0 ? text.length() : next);
                octets.writeBytes(plain.getBytes(StandardCharsets.UTF_8));
                at += plain.length();
            } else if (at + 2 < text.length()
                    && HexFormat.isHexDigit(text.charAt(at + 1))
                    && HexFormat.isHexDigit(text.charAt(at + 2))) {
                octets.write(HexFormat.fromHexDigits(text, at + 1, at + 3));
                at += 3;
            } else {
                return null;
            }
        }
        return octets.toByteArray();
    }
}
