// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.JsonText;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodCall;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Twins and direct methods. */
final class TwinRequests {
    private static final byte[] NO_PAYLOAD = {};

    private final HubCore hub;

    TwinRequests(HubCore hub) {
        this.hub = hub;
    }

    /** Answers a request, which it borrows; gives {@code null} for another method. */
    @Nullable
    FullHttpResponse answer(HttpMethod method, HubIdentity identity, FullHttpRequest request) throws HubException {
        if (method.equals(HttpMethod.GET)) {
            return found(hub.serviceTwin(identity));
        }
        if (method.equals(HttpMethod.PATCH)) {
            return found(hub.patchTwin(identity, Bodies.object(request.content()), IfMatch.of(request)));
        }
        if (method.equals(HttpMethod.PUT)) {
            return found(hub.replaceTwin(identity, Bodies.object(request.content()), IfMatch.of(request)));
        }
        return null;
    }

    private static FullHttpResponse found(ObjectNode twin) {
        FullHttpResponse response = Replies.json(HttpResponseStatus.OK, twin);
        response.headers().set(HttpHeaderNames.ETAG, "\"" + twin.path("etag").asText() + "\"");
        return response;
    }

    /** Calls a direct method; the answer comes when the device has answered. Borrows the body until this returns. */
    CompletionStage<FullHttpResponse> invoke(HubIdentity identity, ByteBuf body) throws HubException {
        ObjectNode json = Bodies.object(body);
        JsonNode payload = json.get("payload");
        MethodCall call = new MethodCall(
                IdentityJson.text(json.path("methodName")),
                payload == null ? NO_PAYLOAD : JsonText.write(payload),
                seconds(json, "responseTimeoutInSeconds", MethodCall.DEFAULT_RESPONSE_TIMEOUT),
                seconds(json, "connectTimeoutInSeconds", Duration.ZERO));
        return hub.invoke(identity, call).thenApply(TwinRequests::answered);
    }

    private static Duration seconds(ObjectNode json, String name, Duration otherwise) throws HubException {
        JsonNode value = json.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.canConvertToInt() || !value.isIntegralNumber()) {
            throw new HubException(HubError.MALFORMED, name + " is not a whole number");
        }
        return Duration.ofSeconds(value.intValue());
    }

    private static FullHttpResponse answered(MethodAnswer answer) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("status", answer.status());
        try {
            json.set("payload", answer.payload().length == 0 ? json.nullNode() : JsonText.read(answer.payload()));
        } catch (HubException e) {
            throw new CompletionException(e);
        }
        return Replies.json(HttpResponseStatus.OK, json);
    }
}
