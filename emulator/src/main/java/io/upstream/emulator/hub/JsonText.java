// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** JSON as the hub reads and writes it: one value in UTF-8 (RFC 8259), no key twice, nothing behind it. */
public final class JsonText {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonText() {}

    /**
     * Reads one value of any kind.
     *
     * @throws HubException {@link HubError#MALFORMED} if it is not JSON
     */
    public static JsonNode read(byte[] text) throws HubException {
        try {
            JsonNode value = MAPPER.readTree(text);
            if (!value.isMissingNode()) {
                return value;
            }
        } catch (IOException e) {
            throw new HubException(HubError.MALFORMED, "the text is not JSON");
        }
        throw new HubException(HubError.MALFORMED, "the text is empty, JSON was expected");
    }

    /**
     * Reads an object.
     *
     * @throws HubException {@link HubError#MALFORMED} if it is not JSON or another kind of value
     */
    public static ObjectNode readObject(byte[] text) throws HubException {
        if (read(text) instanceof ObjectNode object) {
            return object;
        }
        throw new HubException(HubError.MALFORMED, "the JSON is not an object");
    }

    /** As {@link #readObject(byte[])}. */
    public static ObjectNode readObject(String text) throws HubException {
        return readObject(text.getBytes(StandardCharsets.UTF_8));
    }

    public static byte[] write(JsonNode value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree cannot be written to memory", e);
        }
    }
}
