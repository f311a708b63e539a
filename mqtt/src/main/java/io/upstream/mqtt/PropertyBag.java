// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.upstream.SystemProperty;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The properties of a message as the hub wants them at the end of a topic: {@code name=value&name=value}, both percent-encoded UTF-8,
 * the hub's own names beginning with {@code $.}. Source: the hub's guide to MQTT, "Sending device-to-cloud messages".
 *
 * @param system what the hub itself reads
 * @param properties the application's own, in the order of the topic
 */
record PropertyBag(Map<SystemProperty, String> system, Map<String, String> properties) {
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(US_ASCII);
    private static final Map<SystemProperty, String> NAMES = names();
    private static final Map<String, SystemProperty> BY_NAME = byName();
    private static final Map<SystemProperty, byte[]> ENCODED_NAMES = encodedNames();

    /** What RFC 3986 §2.3 leaves as it is. */
    private static final boolean[] UNRESERVED = unreserved();

    /**
     * How many octets {@link #write} will append.
     *
     * @return -1 if some text is not Unicode: a lone surrogate has no UTF-8
     */
    static long encodedLength(Map<SystemProperty, String> system, Map<String, String> properties) {
        long length = Math.max(0, system.size() + properties.size() - 1); // the ampersands
        for (Map.Entry<SystemProperty, String> entry : system.entrySet()) {
            int value = encodedLength(entry.getValue());
            if (value < 0) {
                return -1;
            }
            length += encodedName(entry.getKey()).length + (long) value;
        }
        for (Map.Entry<String, String> entry : properties.entrySet()) {
            int name = encodedLength(entry.getKey());
            int value = encodedLength(entry.getValue());
            if (name < 0 || value < 0) {
                return -1;
            }
            length += name + 1L + value;
        }
        return length;
    }

    private static int encodedLength(String text) {
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                length += UNRESERVED[c] ? 1 : 3;
            } else if (!Character.isSurrogate(c)) {
                length += c < 0x800 ? 6 : 9;
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                length += 12;
            } else {
                return -1;
            }
        }
        return length;
    }

    /** Appends a bag to {@code out}, which it borrows; only if {@link #encodedLength} was not negative. */
    static void write(Map<SystemProperty, String> system, Map<String, String> properties, ByteBuf out) {
        boolean first = true;
        for (Map.Entry<SystemProperty, String> entry : system.entrySet()) {
            first = separate(first, out);
            out.writeBytes(encodedName(entry.getKey()));
            encode(entry.getValue(), out);
        }
        for (Map.Entry<String, String> entry : properties.entrySet()) {
            first = separate(first, out);
            encode(entry.getKey(), out);
            out.writeByte('=');
            encode(entry.getValue(), out);
        }
    }

    private static boolean separate(boolean first, ByteBuf out) {
        if (!first) {
            out.writeByte('&');
        }
        return false;
    }

    private static void encode(String text, ByteBuf out) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                int codePoint = text.codePointAt(i);
                i += Character.charCount(codePoint) - 1;
                encodeRare(codePoint, out);
            } else if (UNRESERVED[c]) {
                out.writeByte(c);
            } else {
                escape(c, out);
            }
        }
    }

    /** UTF-8 of two to four octets (RFC 3629 §3). */
    private static void encodeRare(int codePoint, ByteBuf out) {
        if (codePoint < 0x800) {
            escape(0xC0 | (codePoint >> 6), out);
        } else if (codePoint < 0x10000) {
            escape(0xE0 | (codePoint >> 12), out);
            escape(0x80 | ((codePoint >> 6) & 0x3F), out);
        } else {
            escape(0xF0 | (codePoint >> 18), out);
            escape(0x80 | ((codePoint >> 12) & 0x3F), out);
            escape(0x80 | ((codePoint >> 6) & 0x3F), out);
        }
        escape(0x80 | (codePoint & 0x3F), out);
    }

    private static void escape(int octet, ByteBuf out) {
        out.writeByte('%');
        out.writeByte(HEX[octet >> 4]);
        out.writeByte(HEX[octet & 0xF]);
    }

    /**
     * Reads a bag as leniently as the hub's own gateway does: a slash ends it, a name without {@code =} has an empty value, the last of
     * two equal names wins. A malformed escape is taken as written: better an odd property than a lost message.
     */
    static PropertyBag read(String text) {
        Map<SystemProperty, String> system = new EnumMap<>(SystemProperty.class);
        Map<String, String> properties = new LinkedHashMap<>();
        int slash = text.indexOf('/');
        String bag = slash < 0 ? text : text.substring(0, slash);
        for (String pair : (bag.startsWith("?") ? bag.substring(1) : bag).split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = decode(equals < 0 ? pair : pair.substring(0, equals));
            String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
            SystemProperty known = BY_NAME.get(name);
            if (known != null) {
                system.put(known, value);
            } else if (!name.isEmpty()) {
                properties.put(name, value);
            }
        }
        return new PropertyBag(system, properties);
    }

    private static String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        byte[] from = text.getBytes(UTF_8);
        byte[] to = new byte[from.length];
        int length = 0;
        for (int i = 0; i < from.length; i++) {
            int high = from[i] == '%' && i + 2 < from.length ? Character.digit(from[i + 1], 16) : -1;
            int low = high < 0 ? -1 : Character.digit(from[i + 2], 16);
            if (low < 0) {
                to[length++] = from[i];
            } else {
                to[length++] = (byte) ((high << 4) | low);
                i += 2;
            }
        }
        return new String(to, 0, length, UTF_8);
    }

    private static Map<SystemProperty, String> names() {
        Map<SystemProperty, String> names = new EnumMap<>(SystemProperty.class);
        names.put(SystemProperty.MESSAGE_ID, "$.mid");
        names.put(SystemProperty.CORRELATION_ID, "$.cid");
        names.put(SystemProperty.USER_ID, "$.uid");
        names.put(SystemProperty.TO, "$.to");
        names.put(SystemProperty.CONTENT_TYPE, "$.ct");
        names.put(SystemProperty.CONTENT_ENCODING, "$.ce");
        names.put(SystemProperty.EXPIRY_TIME, "$.exp");
        names.put(SystemProperty.CREATION_TIME, "$.ctime");
        names.put(SystemProperty.OUTPUT_NAME, "$.on");
        names.put(SystemProperty.INTERFACE_ID, "$.ifid");
        names.put(SystemProperty.COMPONENT, "$.sub");
        names.put(SystemProperty.MESSAGE_SCHEMA, "$.schema");
        names.put(SystemProperty.ACK, "iothub-ack");
        return names;
    }

    private static Map<String, SystemProperty> byName() {
        Map<String, SystemProperty> properties = new HashMap<>();
        NAMES.forEach((property, name) -> properties.put(name, property));
        return Map.copyOf(properties);
    }

    /** The dollar is encoded as the hub itself does it; {@code =} is included. */
    private static Map<SystemProperty, byte[]> encodedNames() {
        Map<SystemProperty, byte[]> encoded = new EnumMap<>(SystemProperty.class);
        NAMES.forEach((property, name) -> encoded.put(property, (name.replace("$", "%24") + "=").getBytes(US_ASCII)));
        return encoded;
    }

    private static byte[] encodedName(SystemProperty property) {
        return Objects.requireNonNull(ENCODED_NAMES.get(property), property.label());
    }

    private static boolean[] unreserved() {
        boolean[] table = new boolean[0x80];
        for (char c = 0; c < table.length; c++) {
            table[c] = (c >= '0' && c <= '9')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= 'a' && c <= 'z')
                    || "-._~".indexOf(c) >= 0;
        }
        return table;
    }

    /** The first property that only the hub may set, or null. */
    static @Nullable SystemProperty foreign(Map<SystemProperty, String> system) {
        for (SystemProperty property : system.keySet()) {
            if (!NAMES.containsKey(property)) {
                return property;
            }
        }
        return null;
    }
}
