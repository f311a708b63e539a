// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The JSON of twins on the wire, the same for all protocols. What is not understood is refused with a text that does not show it. */
public final class TwinDocument {
    /** The hub's limit on all reported properties of a twin, so that a longer patch is not worth sending. */
    public static final int MAX_PATCH_BYTES = 32 * 1024;

    /** UTF-8 and nothing else (RFC 8259 §8.1): another charset has no byte offsets. */
    private static final JsonFactory JSON =
            JsonFactory.builder().disable(JsonFactory.Feature.CHARSET_DETECTION).build();

    private static final String VERSION = "$version";

    private TwinDocument() {}

    /** A JSON object within a larger text. */
    private record Part(String text, long version) {
        private static final Part NONE = new Part("{}", 0);
    }

    /**
     * Reads the answer to a request for the twin: {@code {"desired":{…},"reported":{…}}}; an absent part is an empty one.
     *
     * @throws IOException if it is not that
     */
    public static Twin read(byte[] json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            Part desired = Part.NONE;
            Part reported = Part.NONE;
            require(parser.nextToken() == JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "desired" -> desired = part(parser, json);
                    case "reported" -> reported = part(parser, json);
                    default -> parser.skipChildren();
                }
            }
            require(parser.nextToken() == null);
            return new Twin(desired.text(), desired.version(), reported.text(), reported.version());
        }
    }

    /**
     * Reads a notification of changed desired properties.
     *
     * @throws IOException if it is no JSON object with a {@code $version}
     */
    public static DesiredChange readChange(byte[] json) throws IOException {
        Part whole = whole(json);
        require(whole.version() > 0);
        return new DesiredChange(whole.text(), whole.version());
    }

    /**
     * Checks that {@code json} is one JSON object and nothing else.
     *
     * @return what to send
     * @throws UpstreamException of kind {@link FailureKind#INVALID} or {@link FailureKind#TOO_LARGE}, before anything was sent
     */
    public static byte[] patch(String json) throws UpstreamException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_PATCH_BYTES) {
            throw unsent(
                    FailureKind.TOO_LARGE,
                    "the patch has " + bytes.length + " bytes, a twin's reported properties have at most "
                            + MAX_PATCH_BYTES + ": report less at a time");
        }
        try {
            whole(bytes);
        } catch (IOException e) {
            throw unsent(FailureKind.INVALID, "the patch is not one JSON object: check how it is made");
        }
        return bytes;
    }

    private static UpstreamException unsent(FailureKind kind, String text) {
        return UpstreamException.of(kind, Where.here("twin"), text);
    }

    /** What the hub says in the body of a refusal, {@code {"errorCode":…,"message":…}}; empty if it says nothing that can be read. */
    public static String message(byte[] json) {
        try (JsonParser parser = JSON.createParser(json)) {
            require(parser.nextToken() == JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (parser.nextToken() == JsonToken.VALUE_STRING && name.equalsIgnoreCase("message")) {
                    return parser.getText();
                }
                parser.skipChildren();
            }
        } catch (IOException e) {
            return "";
        }
        return "";
    }

    private static Part whole(byte[] json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            Part whole = part(parser, json);
            require(parser.nextToken() == null);
            return whole;
        }
    }

    /** The object at which the parser stands; leaves it at the object's end. */
    private static Part part(JsonParser parser, byte[] json) throws IOException {
        require(parser.currentToken() == JsonToken.START_OBJECT);
        int from = (int) parser.currentTokenLocation().getByteOffset();
        long version = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals(VERSION) && value == JsonToken.VALUE_NUMBER_INT) {
                version = parser.getLongValue();
            }
            parser.skipChildren();
        }
        int to = (int) parser.currentLocation().getByteOffset();
        return new Part(new String(json, from, to - from, StandardCharsets.UTF_8), version);
    }

    private static void require(boolean holds) throws IOException {
        if (!holds) {
            throw new IOException("not the JSON object that it must be");
        }
    }
}
