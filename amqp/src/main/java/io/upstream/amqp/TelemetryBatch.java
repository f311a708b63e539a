// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.upstream.Telemetry;
import io.upstream.amqp.engine.AmqpWriter;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.session.Send;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages of one call that go to the hub as one: each is a data section of a message without any other sections, which the hub takes or
 * refuses as a whole (message format {@link EngineSender#BATCH_FORMAT}, "Send device-to-cloud messages" of the hub's AMQP support).
 */
final class TelemetryBatch {
    /** The most that comes before the bytes of a data section. */
    private static final int DATA_HEAD = 8;

    private final long limit;
    private final List<Send> sends = new ArrayList<>();
    private final List<byte[]> sections = new ArrayList<>();
    private long size;

    /** @param limit of bytes for all of them, encoded */
    TelemetryBatch(long limit) {
        this.limit = limit;
    }

    /** Whether there was room for it; there always is for the first. */
    boolean add(Send send, byte[] encoded) {
        long more = DATA_HEAD + EngineSender.size(encoded, send.telemetry());
        if (!sends.isEmpty() && size + more > limit) {
            return false;
        }
        size += more;
        sends.add(send);
        sections.add(encoded);
        return true;
    }

    List<Send> sends() {
        return sends;
    }

    /** Encodes them; copies the payloads. The caller releases. */
    ByteBuf encode(ByteBufAllocator allocator) {
        ByteBuf out = allocator.buffer((int) size);
        for (int i = 0; i < sends.size(); i++) {
            Telemetry message = sends.get(i).telemetry();
            beginData(out, (int) EngineSender.size(sections.get(i), message));
            out.writeBytes(sections.get(i));
            beginData(out, message.size());
            out.writeBytes(message.payload());
        }
        sections.clear();
        return out;
    }

    private static void beginData(ByteBuf out, int length) {
        AmqpWriter.section(out, MessageSections.DATA);
        AmqpWriter.binaryLength(out, length);
    }
}
