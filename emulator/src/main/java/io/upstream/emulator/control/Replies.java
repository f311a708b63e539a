// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.upstream.emulator.hub.HubException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Instant;

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
        return error(
                HttpResponseStatus.valueOf(cause.error().httpStatus()),
                cause.error().code(),
                String.valueOf(cause.getMessage()));
    }

    /** The hub's own form of an error, without the tracking id that only its operators can use. */
    static FullHttpResponse error(HttpResponseStatus status, int code, String message) {
        return json(status, json -> {
            json.writeNumberField("errorCode", code);
            json.writeStringField("message", message);
            json.writeStringField("timestampUtc", Instant.now().toString());
        });
    }
}
