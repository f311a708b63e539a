// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.RegisteredIdentity;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** {@code PUT}, {@code GET} and {@code DELETE} of an identity, in the JSON of the hub's REST API. */
final class IdentityRequests {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HubCore hub;

    IdentityRequests(HubCore hub) {
        this.hub = hub;
    }

    /** Answers a request, whose body it borrows; gives {@code null} for another method. */
    @Nullable
    FullHttpResponse answer(HttpMethod method, HubIdentity identity, ByteBuf body) throws HubException {
        if (method.equals(HttpMethod.PUT)) {
            return found(put(identity, read(body)));
        }
        if (method.equals(HttpMethod.GET)) {
            return found(hub.get(identity));
        }
        if (method.equals(HttpMethod.DELETE)) {
            hub.remove(identity);
            return Replies.noContent();
        }
        return null;
    }

    /** An empty body stands for an identity with nothing said about it. */
    private static JsonNode read(ByteBuf body) throws HubException {
        if (!body.isReadable()) {
            return MAPPER.createObjectNode();
        }
        try (InputStream in = new ByteBufInputStream(body)) {
            JsonNode json = MAPPER.readTree(in);
            if (json.isObject()) {
                return json;
            }
        } catch (IOException e) {
            throw new HubException(HubError.MALFORMED, "the body is not JSON");
        }
        throw new HubException(HubError.MALFORMED, "the body is not a JSON object");
    }

    private RegisteredIdentity put(HubIdentity identity, JsonNode json) throws HubException {
        requireSame(json, "deviceId", identity.deviceId());
        String moduleId = identity.moduleId();
        if (moduleId != null) {
            requireSame(json, "moduleId", moduleId);
        }
        String type = json.at("/authentication/type").asText("sas");
        if (!type.equals("sas")) {
            throw new HubException(HubError.MALFORMED, "authentication.type must be sas, was " + type);
        }
        return hub.put(
                identity,
                status(json.path("status").asText("enabled")),
                text(json.at("/authentication/symmetricKey/primaryKey")),
                text(json.at("/authentication/symmetricKey/secondaryKey")));
    }

    private static void requireSame(JsonNode json, String field, String expected) throws HubException {
        String given = text(json.path(field));
        if (given != null && !given.equals(expected)) {
            throw new HubException(HubError.MALFORMED, field + " differs from the one in the path");
        }
    }

    private static IdentityStatus status(String text) throws HubException {
        return switch (text) {
            case "enabled" -> IdentityStatus.ENABLED;
            case "disabled" -> IdentityStatus.DISABLED;
            default -> throw new HubException(HubError.MALFORMED, "status must be enabled or disabled, was " + text);
        };
    }

    private static @Nullable String text(JsonNode node) {
        return node.isTextual() && !node.textValue().isEmpty() ? node.textValue() : null;
    }

    private FullHttpResponse found(RegisteredIdentity entry) {
        return Replies.json(HttpResponseStatus.OK, json -> write(json, entry));
    }

    private void write(JsonGenerator json, RegisteredIdentity entry) throws IOException {
        HubIdentity identity = entry.identity();
        json.writeStringField("deviceId", identity.deviceId());
        if (identity.moduleId() != null) {
            json.writeStringField("moduleId", identity.moduleId());
        }
        json.writeStringField("generationId", Long.toString(entry.generation()));
        json.writeStringField("etag", Long.toString(entry.version()));
        json.writeStringField("connectionState", hub.isConnected(identity) ? "Connected" : "Disconnected");
        json.writeStringField("status", entry.status() == IdentityStatus.ENABLED ? "enabled" : "disabled");
        json.writeNumberField("cloudToDeviceMessageCount", hub.cloudMessageCount(identity));
        json.writeObjectFieldStart("authentication");
        json.writeStringField("type", "sas");
        json.writeObjectFieldStart("symmetricKey");
        json.writeStringField("primaryKey", entry.primaryKey());
        json.writeStringField("secondaryKey", entry.secondaryKey());
        json.writeEndObject();
        json.writeEndObject();
    }
}
