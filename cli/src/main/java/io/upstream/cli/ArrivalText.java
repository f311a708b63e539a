// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.CloudMessage;
import io.upstream.DesiredChange;
import io.upstream.MethodRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What comes from the hub, in words: a message, a call of a method, a change of the desired properties. */
final class ArrivalText {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    private ArrivalText() {}

    static ObjectNode json(CloudMessage message) {
        byte[] body = bytes(message.payload());
        ObjectNode object = Console.event("message").put("body", body);
        String text = utf8(body);
        if (text != null) {
            object.put("text", text);
        }
        ObjectNode properties = object.putObject("properties");
        message.properties().forEach(properties::put);
        ObjectNode system = object.putObject("systemProperties");
        message.system().forEach((property, value) -> system.put(property.label(), value));
        return object;
    }

    static ObjectNode json(MethodRequest call, int status) {
        ObjectNode object = Console.event("method").put("name", call.name());
        if (call.payload().hasRemaining()) {
            set(object, "payload", call.text());
        }
        return object.put("status", status);
    }

    static ObjectNode json(DesiredChange change) {
        ObjectNode object = Console.event("desired").put("version", change.version());
        set(object, "patch", change.patch());
        return object;
    }

    /** As JSON if it is JSON, which it is unless the hub is none. */
    static void set(ObjectNode object, String name, String text) {
        JsonNode value = parse(text);
        if (value == null) {
            object.put(name, text);
        } else {
            object.set(name, value);
        }
    }

    /** Null if it is not one JSON value and nothing else. */
    static @Nullable JsonNode parse(String text) {
        try {
            JsonNode value = JSON.readTree(text);
            return value == null || value.isMissingNode() ? null : value;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** One line; what a terminal would obey is replaced. So with the others. */
    static String human(CloudMessage message) {
        byte[] body = bytes(message.payload());
        String text = utf8(body);
        StringBuilder line = new StringBuilder();
        message.messageId().ifPresent(id -> line.append('[').append(id).append("] "));
        line.append(text == null ? body.length + " bytes that are no text (see --json)" : text);
        message.properties()
                .forEach((name, value) ->
                        line.append("  ").append(name).append('=').append(value));
        return printable(line.toString());
    }

    static String human(MethodRequest call, int status) {
        return printable("method " + call.name() + " " + call.text() + "  answered " + status);
    }

    static String human(DesiredChange change) {
        return printable("desired " + change.version() + " " + change.patch());
    }

    private static String printable(String line) {
        return line.replaceAll("[\\p{Cc}&&[^\\t]]", "�");
    }

    private static byte[] bytes(ByteBuffer payload) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    private static @Nullable String utf8(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
