// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.upstream.emulator.hub.ErrorReport;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.JsonText;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** The API's answers. */
final class Replies {
    static final JsonFactory JSON = new JsonFactory();

    private Replies() {}

    /** Writes one JSON object's fields. */
    @FunctionalInterface
    interface Fields {
        void writeTo(JsonGenerator json) throws IOException;
    }

    static FullHttpResponse json(HttpResponseStatus status, Fields fields) {
        ByteBuf body = Unpooled.buffer(256);
        writeObject(body, fields);
        return json(status, body);
    }

    static FullHttpResponse json(HttpResponseStatus status, JsonNode body) {
        return json(status, Unpooled.wrappedBuffer(JsonText.write(body)));
    }

    /** Takes the body. */
    private static FullHttpResponse json(HttpResponseStatus status, ByteBuf body) {
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "application/json; charset=utf-8")
                .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
        return response;
    }

    /** Appends an object to a buffer, which this borrows. */
    static void writeObject(ByteBuf buffer, Fields fields) {
        try (OutputStream out = new ByteBufOutputStream(buffer);
                JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            fields.writeTo(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("JSON cannot be written to memory", e);
        }
    }

    static FullHttpResponse noContent() {
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NO_CONTENT);
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, 0);
        return response;
    }

    static FullHttpResponse error(HubException cause) {
        FullHttpResponse response = error(
                HttpResponseStatus.valueOf(cause.error().httpStatus()),
                cause.error().code(),
                String.valueOf(cause.getMessage()));
        response.headers().set("iothub-errorcode", ErrorNames.of(cause.error()));
        return response;
    }

    /** The hub's own form of an error: JSON, and in its {@code Message} another JSON, as text. */
    static FullHttpResponse error(HttpResponseStatus status, int code, String message) {
        String report = ErrorReport.of(code, message).json().toString();
        return json(status, json -> {
            json.writeStringField("Message", report);
            json.writeStringField("ExceptionMessage", "");
        });
    }
}
