// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.CloudMessage;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A cloud-to-device message in words. */
final class CloudMessageText {
    private CloudMessageText() {}

    static ObjectNode json(CloudMessage message) {
        byte[] body = bytes(message);
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

    /** One line; what a terminal would obey is replaced. */
    static String human(CloudMessage message) {
        byte[] body = bytes(message);
        String text = utf8(body);
        StringBuilder line = new StringBuilder();
        message.messageId().ifPresent(id -> line.append('[').append(id).append("] "));
        line.append(text == null ? body.length + " bytes that are no text (see --json)" : text);
        message.properties()
                .forEach((name, value) ->
                        line.append("  ").append(name).append('=').append(value));
        return line.toString().replaceAll("[\\p{Cc}&&[^\\t]]", "�");
    }

    private static byte[] bytes(CloudMessage message) {
        ByteBuffer payload = message.payload();
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
