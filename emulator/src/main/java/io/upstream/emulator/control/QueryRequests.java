// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.RegisteredIdentity;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code POST /devices/query}: the twins of all devices, of all modules, or of one device, page by page. */
final class QueryRequests {
    private static final String CONTINUATION = "x-ms-continuation";
    private static final String PAGE_SIZE = "x-ms-max-item-count";
    private static final int DEFAULT_PAGE = 100;
    private static final int MAX_PAGE = 1_000;

    private final HubCore hub;

    QueryRequests(HubCore hub) {
        this.hub = hub;
    }

    FullHttpResponse answer(FullHttpRequest request) throws HubException {
        TwinQuery query = TwinQuery.parse(
                IdentityJson.text(Bodies.object(request.content()).path("query")));
        int size = pageSize(request.headers().get(PAGE_SIZE));
        List<RegisteredIdentity> found =
                find(query, continuation(request.headers().get(CONTINUATION)), size + 1);
        List<RegisteredIdentity> page = found.size() > size ? found.subList(0, size) : found;
        ArrayNode twins = JsonNodeFactory.instance.arrayNode();
        for (RegisteredIdentity each : page) {
            twins.add(hub.serviceTwin(each.identity()));
        }
        FullHttpResponse response = Replies.json(HttpResponseStatus.OK, twins);
        response.headers().set("x-ms-item-type", "Twin");
        if (found.size() > size) {
            response.headers().set(CONTINUATION, token(page.get(size - 1).identity()));
        }
        return response;
    }

    private List<RegisteredIdentity> find(TwinQuery query, @Nullable HubIdentity after, int limit) throws HubException {
        String deviceId = query.deviceId();
        if (deviceId == null) {
            return query.ofModules() ? hub.modules(after, limit) : hub.devices(after, limit);
        }
        try {
            return query.ofModules()
                    ? hub.modules(deviceId).stream().filter(query::admits).toList()
                    : List.of(hub.get(HubIdentity.device(deviceId)));
        } catch (HubException e) {
            if (e.error() == HubError.DEVICE_NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    private static int pageSize(@Nullable String text) throws HubException {
        if (text == null) {
            return DEFAULT_PAGE;
        }
        try {
            int size = Integer.parseInt(text.strip());
            if (size > 0) {
                return Math.min(size, MAX_PAGE);
            }
        } catch (NumberFormatException e) {
            throw new HubException(HubError.MALFORMED, PAGE_SIZE + " is not a whole number");
        }
        throw new HubException(HubError.MALFORMED, PAGE_SIZE + " must be at least 1");
    }

    /** Ids hold no slash, so the last identity's text tells where to go on. */
    private static String token(HubIdentity last) {
        return Base64.getEncoder().encodeToString(last.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static @Nullable HubIdentity continuation(@Nullable String token) throws HubException {
        if (token == null || token.isBlank()) {
            return null;
        }
        try {
            String[] ids = new String(Base64.getDecoder().decode(token.strip()), StandardCharsets.UTF_8).split("/", -1);
            return ids.length == 1 ? HubIdentity.device(ids[0]) : HubIdentity.module(ids[0], ids[1]);
        } catch (IllegalArgumentException e) {
            throw new HubException(HubError.MALFORMED, CONTINUATION + " is not one that this hub has given");
        }
    }
}
