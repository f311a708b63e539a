// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.FullHttpResponse;
import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import java.time.Duration;

/** Lets things go wrong, for which the hub's REST API has no word. */
final class FaultRequests {
    private final HubCore hub;

    FaultRequests(HubCore hub) {
        this.hub = hub;
    }

    /**
     * {@code POST /faults} with {@code deviceId}, {@code moduleId}, {@code kind}, {@code delaySeconds} and {@code durationSeconds}, the last two 0 if
     * they are not given. Borrows the body.
     */
    FullHttpResponse inject(ByteBuf body) throws HubException {
        ObjectNode json = Bodies.object(body);
        String device = text(json, "deviceId");
        HubIdentity identity = json.hasNonNull("moduleId")
                ? HubIdentity.module(device, text(json, "moduleId"))
                : HubIdentity.device(device);
        hub.inject(
                identity,
                Fault.of(
                        FaultKind.ofApiName(text(json, "kind")),
                        seconds(json, "delaySeconds"),
                        seconds(json, "durationSeconds")));
        return Replies.noContent();
    }

    /** {@code DELETE /faults/{d}[/modules/{m}]}: all is well again. */
    FullHttpResponse end(HubIdentity identity) throws HubException {
        hub.get(identity);
        hub.endFault(identity);
        return Replies.noContent();
    }

    private static String text(ObjectNode json, String name) throws HubException {
        JsonNode value = json.path(name);
        if (!value.isTextual()) {
            throw new HubException(HubError.MALFORMED, "a fault needs " + name + ", a string");
        }
        return value.textValue();
    }

    private static Duration seconds(ObjectNode json, String name) throws HubException {
        JsonNode value = json.path(name);
        return value.isMissingNode() || value.isNull() ? Duration.ZERO : Fault.seconds(value.asText(), Duration.ZERO);
    }
}
