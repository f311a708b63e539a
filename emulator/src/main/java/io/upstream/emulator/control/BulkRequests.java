// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.Precondition;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /devices}: up to a hundred changes of the registry, each for itself. One that fails is reported and does not keep the others
 * from taking effect.
 */
final class BulkRequests {
    private static final int MAX_CHANGES = 100;

    private final HubCore hub;

    BulkRequests(HubCore hub) {
        this.hub = hub;
    }

    FullHttpResponse answer(ByteBuf body) throws HubException {
        JsonNode changes = Bodies.any(body);
        if (!changes.isArray() || changes.isEmpty() || changes.size() > MAX_CHANGES) {
            throw new HubException(
                    HubError.MALFORMED,
                    "the body must be an array of 1 to " + MAX_CHANGES + " changes of the registry");
        }
        requireDistinct(changes);
        ArrayNode errors = JsonNodeFactory.instance.arrayNode();
        for (JsonNode change : changes) {
            HubIdentity identity = identity(change);
            try {
                apply(identity, change);
            } catch (HubException e) {
                errors.add(error(identity, e));
            }
        }
        ObjectNode result = JsonNodeFactory.instance.objectNode().put("isSuccessful", errors.isEmpty());
        result.set("errors", errors);
        result.putArray("warnings");
        return Replies.json(errors.isEmpty() ? HttpResponseStatus.OK : HttpResponseStatus.BAD_REQUEST, result);
    }

    private static void requireDistinct(JsonNode changes) throws HubException {
        Set<HubIdentity> seen = new HashSet<>();
        for (JsonNode change : changes) {
            if (!seen.add(identity(change))) {
                throw new HubException(HubError.MALFORMED, identity(change) + " is changed twice in one request");
            }
        }
    }

    private static HubIdentity identity(JsonNode change) throws HubException {
        String deviceId = IdentityJson.text(change.path("id"));
        String moduleId = IdentityJson.text(change.path("moduleId"));
        if (deviceId.isEmpty()) {
            throw new HubException(HubError.MALFORMED, "a change has no id");
        }
        return moduleId.isEmpty() ? HubIdentity.device(deviceId) : HubIdentity.module(deviceId, moduleId);
    }

    private void apply(HubIdentity identity, JsonNode change) throws HubException {
        String mode = IdentityJson.text(change.path("importMode"));
        Precondition matches = Precondition.matches(IdentityJson.text(change.path("eTag")));
        switch (mode.toLowerCase(Locale.ROOT)) {
            case "create" -> put(identity, change, Precondition.ABSENT);
            case "update" -> put(identity, change, Precondition.PRESENT);
            case "updateifmatchetag" -> put(identity, change, matches);
            case "", "createorupdate" -> put(identity, change, Precondition.NONE);
            case "createorupdateifmatchetag" ->
                put(identity, change, isKnown(identity) ? matches : Precondition.ABSENT);
            case "delete" -> hub.remove(identity, Precondition.PRESENT);
            case "deleteifmatchetag" -> hub.remove(identity, matches);
            case "updatetwin" -> patchTwin(identity, change, null);
            case "updatetwinifmatchetag" -> patchTwin(identity, change, IdentityJson.text(change.path("twinETag")));
            default -> throw new HubException(HubError.MALFORMED, "there is no importMode " + mode);
        }
    }

    private boolean isKnown(HubIdentity identity) {
        try {
            hub.get(identity);
            return true;
        } catch (HubException e) {
            return false;
        }
    }

    private void put(HubIdentity identity, JsonNode change, Precondition condition) throws HubException {
        hub.put(IdentityJson.readUnnamed(identity, change), condition);
        if (change.has("tags") || change.has("properties")) {
            patchTwin(identity, change, null);
        }
    }

    private void patchTwin(HubIdentity identity, JsonNode change, @Nullable String etag) throws HubException {
        ObjectNode patch = JsonNodeFactory.instance.objectNode();
        patch.set("tags", change.get("tags"));
        patch.set("properties", change.get("properties"));
        hub.patchTwin(identity, patch, etag);
    }

    private static ObjectNode error(HubIdentity identity, HubException cause) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("deviceId", identity.deviceId())
                .put("moduleId", identity.moduleId())
                .put("errorCode", ErrorNames.of(cause.error()))
                .put("errorStatus", cause.getMessage());
    }
}
