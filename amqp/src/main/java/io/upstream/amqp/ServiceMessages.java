// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.amqp.engine.AmqpWriter;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What goes to the hub's services: requests about a twin, answers to methods, encoded as a whole. */
final class ServiceMessages {
    /** As far as the correlation id. */
    private static final int PROPERTY_FIELDS = 6;

    private static final int USUAL_LENGTH = 256;

    private ServiceMessages() {}

    /** What a request about a twin is for. */
    enum TwinOperation {
        GET("GET", null),
        REPORT("PATCH", "/properties/reported"),
        SUBSCRIBE("PUT", "/notifications/twin/properties/desired");

        private final String verb;
        private final @Nullable String resource;

        TwinOperation(String verb, @Nullable String resource) {
            this.verb = verb;
            this.resource = resource;
        }
    }

    /**
     * A request about a twin.
     *
     * @param version that the resource must have; null for any
     * @param id what the reply will name
     * @param body JSON, or empty
     */
    static byte[] twinRequest(TwinOperation operation, @Nullable Long version, String id, byte[] body) {
        ByteBuf out = Unpooled.buffer(USUAL_LENGTH + body.length);
        AmqpWriter.section(out, MessageSections.ANNOTATIONS);
        int map = AmqpWriter.beginMap(out, 1 + (operation.resource == null ? 0 : 1) + (version == null ? 0 : 1));
        AmqpWriter.symbol(out, "operation");
        AmqpWriter.string(out, operation.verb);
        if (operation.resource != null) {
            AmqpWriter.symbol(out, "resource");
            AmqpWriter.string(out, operation.resource);
        }
        if (version != null) {
            AmqpWriter.symbol(out, "version");
            AmqpWriter.integer(out, version);
        }
        AmqpWriter.endCompound(out, map);
        int list = beginProperties(out);
        AmqpWriter.string(out, id);
        AmqpWriter.endCompound(out, list);
        data(out, ByteBuffer.wrap(body));
        return ByteBufUtil.getBytes(out);
    }

    /**
     * The answer to a method.
     *
     * @param correlation of the call, as it was encoded
     * @param payload its position is moved
     */
    static byte[] methodAnswer(byte[] correlation, int status, ByteBuffer payload) {
        ByteBuf out = Unpooled.buffer(USUAL_LENGTH + payload.remaining());
        int list = beginProperties(out);
        out.writeBytes(correlation);
        AmqpWriter.endCompound(out, list);
        AmqpWriter.section(out, MessageSections.APPLICATION);
        int map = AmqpWriter.beginMap(out, 1);
        AmqpWriter.string(out, "IoThub-status");
        AmqpWriter.integer(out, status);
        AmqpWriter.endCompound(out, map);
        data(out, payload);
        return ByteBufUtil.getBytes(out);
    }

    /** The properties up to the correlation id, which follows as the last of them. */
    private static int beginProperties(ByteBuf out) {
        AmqpWriter.section(out, MessageSections.PROPERTIES);
        int list = AmqpWriter.beginList(out, PROPERTY_FIELDS);
        for (int i = 1; i < PROPERTY_FIELDS; i++) {
            AmqpWriter.nothing(out);
        }
        return list;
    }

    private static void data(ByteBuf out, ByteBuffer body) {
        AmqpWriter.section(out, MessageSections.DATA);
        AmqpWriter.binaryLength(out, body.remaining());
        out.writeBytes(body);
    }
}
