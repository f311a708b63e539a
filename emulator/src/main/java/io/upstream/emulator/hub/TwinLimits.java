// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What the hub allows in a twin ("Understand and use device twins", format and size). */
final class TwinLimits {
    static final int PROPERTIES_BYTES = 32 * 1024;
    static final int TAGS_BYTES = 8 * 1024;
    static final int KEY_BYTES = 1024;
    static final int STRING_BYTES = 4 * 1024;
    /** Objects within objects below the section itself. */
    static final int DEPTH = 10;

    static final long LARGEST_INTEGER = 4_503_599_627_370_496L;

    private static final BigInteger LARGEST = BigInteger.valueOf(LARGEST_INTEGER);
    private static final int NUMBER_BYTES = 8;
    private static final int BOOLEAN_BYTES = 4;

    private TwinLimits() {}

    /** Checks keys, values and depth of a patch or a whole section. */
    static void check(String section, ObjectNode properties) throws HubException {
        checkObject(section, properties, 0);
    }

    private static void checkObject(String section, ObjectNode object, int depth) throws HubException {
        for (Map.Entry<String, JsonNode> each : object.properties()) {
            checkKey(section, each.getKey());
            checkValue(section, each.getValue(), depth);
        }
    }

    private static void checkKey(String section, String key) throws HubException {
        if (key.isEmpty() || utf8Length(key) > KEY_BYTES) {
            throw refused(section, "a key must have 1 to " + KEY_BYTES + " bytes, one has " + utf8Length(key));
        }
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            if (c == '.' || c == '$' || c == ' ' || Character.isISOControl(c)) {
                throw refused(section, "a key must not hold a dot, a dollar, a space or a control character");
            }
        }
    }

    private static void checkValue(String section, JsonNode value, int depth) throws HubException {
        if (value.isContainerNode() && depth >= DEPTH) {
            throw refused(section, "objects are nested deeper than " + DEPTH);
        }
        if (value instanceof ObjectNode object) {
            checkObject(section, object, depth + 1);
        } else if (value.isArray()) {
            for (JsonNode element : value) {
                checkValue(section, element, depth + 1);
            }
        } else if (value.isTextual() && utf8Length(value.textValue()) > STRING_BYTES) {
            throw refused(section, "a string is longer than " + STRING_BYTES + " bytes");
        } else if (value.isIntegralNumber() && value.bigIntegerValue().abs().compareTo(LARGEST) > 0) {
            throw refused(section, "an integer is beyond " + LARGEST_INTEGER);
        }
    }

    /** Refuses a section that has become too large. */
    static void checkSize(String section, ObjectNode properties, int limit) throws HubException {
        long size = size(properties);
        if (size > limit) {
            throw refused(section, "they would have " + size + " bytes, " + limit + " are allowed");
        }
    }

    /** As the hub counts: keys and strings in UTF-8 without control characters, 8 bytes a number, 4 a truth value. */
    static long size(JsonNode value) {
        long size = 0;
        if (value instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> each : object.properties()) {
                size += utf8Length(each.getKey()) + size(each.getValue());
            }
        } else if (value.isArray()) {
            for (JsonNode element : value) {
                size += size(element);
            }
        } else if (value.isTextual()) {
            size = utf8Length(withoutControls(value.textValue()));
        } else if (value.isNumber()) {
            size = NUMBER_BYTES;
        } else if (value.isBoolean()) {
            size = BOOLEAN_BYTES;
        }
        return size;
    }

    private static String withoutControls(String text) {
        return text.chars().anyMatch(Character::isISOControl)
                ? text.codePoints()
                        .filter(c -> !Character.isISOControl(c))
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                : text;
    }

    private static HubException refused(String section, String why) {
        return new HubException(HubError.MALFORMED, "the twin's " + section + " are refused: " + why);
    }

    private static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
