// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.upstream.Registration;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The JSON that goes to the service and comes back, the same for all protocols. What is not understood is refused with a text that does not
 * show it; fields that nobody knows are passed over. Source: the service's REST reference, "Device - Register" and "Runtime Registration".
 */
final class ServiceDocument {
    /** UTF-8 and nothing else (RFC 8259 §8.1): another charset has no byte offsets. */
    private static final JsonFactory JSON =
            JsonFactory.builder().disable(JsonFactory.Feature.CHARSET_DETECTION).build();

    private ServiceDocument() {}

    /**
     * Where an operation stands. Texts are empty if they are absent.
     *
     * @param state of the registration, null if there is none yet
     */
    record Operation(
            String operationId, String status, @Nullable State state) {}

    /**
     * A registration. Texts are empty if they are absent.
     *
     * @param payload JSON, null if absent
     */
    record State(
            String hub,
            String deviceId,
            String substatus,
            @Nullable String payload,
            ServiceError error) {}

    /**
     * Why the service did not do it.
     *
     * @param code six digits, of which three are an HTTP status; 0 if absent
     * @param trackingId by which the service's own people find it; may be empty
     */
    record ServiceError(int code, String message, String trackingId) {
        static final ServiceError NONE = new ServiceError(0, "", "");
    }

    /** What asks for an assignment. */
    static byte[] request(Registration registration) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("registrationId", registration.registrationId());
            Optional<String> payload = registration.payload();
            if (payload.isPresent()) {
                json.writeFieldName("payload");
                json.writeRawValue(payload.get());
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot be written", e);
        }
        return out.toByteArray();
    }

    /**
     * Reads the answer to a registration or a question about one.
     *
     * @throws IOException if it is not that
     */
    static Operation read(byte[] body) throws IOException {
        try (JsonParser parser = JSON.createParser(body)) {
            String operationId = "";
            String status = "";
            State state = null;
            require(parser.nextToken() == JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (name) {
                    case "operationId" -> operationId = text(parser);
                    case "status" -> status = text(parser);
                    case "registrationState" -> state = value == JsonToken.VALUE_NULL ? null : state(parser, body);
                    default -> parser.skipChildren();
                }
            }
            require(parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null);
            return new Operation(operationId, status, state);
        }
    }

    /** The object at which the parser stands; leaves it at the object's end. */
    private static State state(JsonParser parser, byte[] body) throws IOException {
        String hub = "";
        String deviceId = "";
        String substatus = "";
        String payload = null;
        int code = 0;
        String message = "";
        require(parser.currentToken() == JsonToken.START_OBJECT);
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "assignedHub" -> hub = text(parser);
                case "deviceId" -> deviceId = text(parser);
                case "substatus" -> substatus = text(parser);
                case "payload" -> payload = value(parser, body);
                case "errorCode" -> code = number(parser);
                case "errorMessage" -> message = text(parser);
                default -> parser.skipChildren();
            }
        }
        require(parser.currentToken() == JsonToken.END_OBJECT);
        return new State(hub, deviceId, substatus, payload, new ServiceError(code, message, ""));
    }

    /** Reads the body of a refusal; without a code if it says nothing that can be read. */
    static ServiceError readError(byte[] body) {
        try (JsonParser parser = JSON.createParser(body)) {
            int code = 0;
            String message = "";
            String trackingId = "";
            require(parser.nextToken() == JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "errorCode" -> code = number(parser);
                    case "message" -> message = text(parser);
                    case "trackingId" -> trackingId = text(parser);
                    default -> parser.skipChildren();
                }
            }
            require(parser.currentToken() == JsonToken.END_OBJECT);
            return new ServiceError(code, message, trackingId);
        } catch (IOException e) {
            return ServiceError.NONE;
        }
    }

    private static String text(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return "";
        }
        require(parser.currentToken() == JsonToken.VALUE_STRING);
        return parser.getText();
    }

    /** Some senders write a number as text. */
    private static int number(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return 0;
        }
        boolean text = parser.currentToken() == JsonToken.VALUE_STRING;
        require(text || parser.currentToken() == JsonToken.VALUE_NUMBER_INT);
        String digits = parser.getText();
        require(digits.matches("[0-9]{1,9}"));
        return Integer.parseInt(digits);
    }

    /** The value at which the parser stands as it was written; null for null. */
    private static @Nullable String value(JsonParser parser, byte[] body) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        int from = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        int to = (int) parser.currentLocation().getByteOffset();
        return new String(body, from, to - from, StandardCharsets.UTF_8);
    }

    private static void require(boolean holds) throws IOException {
        if (!holds) {
            throw new IOException("not the JSON object that it must be");
        }
    }
}
