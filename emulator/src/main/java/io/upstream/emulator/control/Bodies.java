// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.JsonText;

/** JSON in the bodies of requests, which every method borrows. */
final class Bodies {
    private Bodies() {}

    static JsonNode any(ByteBuf body) throws HubException {
        return JsonText.read(ByteBufUtil.getBytes(body));
    }

    static ObjectNode object(ByteBuf body) throws HubException {
        return JsonText.readObject(ByteBufUtil.getBytes(body));
    }

    /** An empty body stands for an object with nothing in it. */
    static ObjectNode objectOrEmpty(ByteBuf body) throws HubException {
        return body.isReadable() ? object(body) : JsonNodeFactory.instance.objectNode();
    }
}
