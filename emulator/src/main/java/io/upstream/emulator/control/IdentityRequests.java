// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentitySpec;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.hub.RegisteredIdentity;
import org.jspecify.annotations.Nullable;

/**
 * {@code PUT}, {@code GET} and {@code DELETE} of an identity. As at the hub, {@code PUT} creates without {@code If-Match} and changes with
 * it.
 */
final class IdentityRequests {
    private final HubCore hub;
    private final IdentityJson json;

    IdentityRequests(HubCore hub) {
        this.hub = hub;
        this.json = new IdentityJson(hub);
    }

    /** Answers a request, which it borrows; gives {@code null} for another method. */
    @Nullable
    FullHttpResponse answer(HttpMethod method, HubIdentity identity, FullHttpRequest request) throws HubException {
        if (method.equals(HttpMethod.PUT)) {
            JsonNode body = Bodies.objectOrEmpty(request.content());
            IdentitySpec spec = IdentityJson.read(identity, body);
            Precondition condition = IfMatch.of(request, Precondition.ABSENT);
            return found(hub.put(spec, condition));
        }
        if (method.equals(HttpMethod.GET)) {
            return found(hub.get(identity));
        }
        if (method.equals(HttpMethod.DELETE)) {
            hub.remove(identity, IfMatch.of(request, Precondition.NONE));
            return Replies.noContent();
        }
        return null;
    }

    private FullHttpResponse found(RegisteredIdentity entry) {
        FullHttpResponse response = Replies.json(HttpResponseStatus.OK, json.write(entry));
        response.headers().set(HttpHeaderNames.ETAG, "\"" + entry.etag() + "\"");
        return response;
    }
}
