// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.upstream.SystemProperty;
import io.upstream.frame.FlatProperties;
import io.upstream.spi.HeaderFormat;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The properties of a message as the hub wants them at the end of a topic: {@code name=value&name=value}, both percent-encoded UTF-8,
 * the hub's own names beginning with {@code $.}. Source: the hub's guide to MQTT, "Sending device-to-cloud messages".
 *
 * @param system what the hub itself reads
 * @param properties the application's own, in the order of the topic
 */
record PropertyBag(Map<SystemProperty, String> system, Map<String, String> properties) {
    /** Reads what lies before a payload. */
    static final HeaderFormat FORMAT = (message, payloadAt) ->
            read(new String(message, 0, payloadAt, UTF_8)).headers();

    private static final byte[] HEX = "0123456789ABCDEF".getBytes(US_ASCII);

    /** What can be sent; what only the hub sets can be read on top of that. */
    private static final Map<SystemProperty, String> NAMES = names();

    private static final Map<String, SystemProperty> BY_NAME = byName();
    private static final Map<SystemProperty, byte[]> ENCODED_NAMES = encodedNames();

    /** What RFC 3986 §2.3 leaves as it is. */
    private static final boolean[] UNRESERVED = unreserved();

    /**
     * How many octets {@link #write} will need, of properties that {@link io.upstream.session.HubProperties} has no objection to.
     *
     * @return -1 if some text is not Unicode: a lone surrogate has no UTF-8
     */
    static long encodedLength(FlatProperties properties) {
        long length = Math.max(0, properties.size() - 1); // the ampersands
        for (int i = 0; i < properties.size(); i++) {
            SystemProperty known = properties.systemName(i);
            int name = known == null ? encodedLength(properties.name(i)) + 1 : encodedName(known).length;
            int value = encodedLength(properties.value(i));
            if (name <= 0 || value < 0) {
                return -1;
            }
            length += (long) name + value;
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

    /**
     * Writes a bag into {@code out} from {@code at} on; only if {@link #encodedLength} was not negative, and where there is room for it.
     *
     * @return where it ends
     */
    static int write(FlatProperties properties, byte[] out, int at) {
        int end = at;
        for (int i = 0; i < properties.size(); i++) {
            if (i > 0) {
                out[end++] = '&';
            }
            SystemProperty known = properties.systemName(i);
            if (known == null) {
                end = encode(properties.name(i), out, end);
                out[end++] = '=';
            } else {
                byte[] name = encodedName(known);
                System.arraycopy(name, 0, out, end, name.length);
                end += name.length;
            }
            end = encode(properties.value(i), out, end);
        }
        return end;
    }

    private static int encode(String text, byte[] out, int at) {
        int end = at;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                int codePoint = text.codePointAt(i);
                i += Character.charCount(codePoint) - 1;
                end = encodeRare(codePoint, out, end);
            } else if (UNRESERVED[c]) {
                out[end++] = (byte) c;
            } else {
                end = escape(c, out, end);
            }
        }
        return end;
    }

    /** UTF-8 of two to four octets (RFC 3629 §3). */
    private static int encodeRare(int codePoint, byte[] out, int at) {
        int end;
        if (codePoint < 0x800) {
            end = escape(0xC0 | (codePoint >> 6), out, at);
        } else if (codePoint < 0x10000) {
            end = escape(0xE0 | (codePoint >> 12), out, at);
            end = escape(0x80 | ((codePoint >> 6) & 0x3F), out, end);
        } else {
            end = escape(0xF0 | (codePoint >> 18), out, at);
            end = escape(0x80 | ((codePoint >> 12) & 0x3F), out, end);
            end = escape(0x80 | ((codePoint >> 6) & 0x3F), out, end);
        }
        return escape(0x80 | (codePoint & 0x3F), out, end);
    }

    private static int escape(int octet, byte[] out, int at) {
        out[at] = '%';
        out[at + 1] = HEX[octet >> 4];
        out[at + 2] = HEX[octet & 0xF];
        return at + 3;
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

    /** The same, for a message. */
    HeaderFormat.Headers headers() {
        return new HeaderFormat.Headers(Collections.unmodifiableMap(system), Collections.unmodifiableMap(properties));
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
        properties.put("$.cdid", SystemProperty.CONNECTION_DEVICE_ID);
        properties.put("$.cmid", SystemProperty.CONNECTION_MODULE_ID);
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
}
