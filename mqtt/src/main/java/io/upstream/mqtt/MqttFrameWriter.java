// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.frame.WriteBatch;

/** Writes the packets that are sent often into a batch, one behind the other. Confined to the event loop. */
final class MqttFrameWriter {
    /** The first two octets of every PUBACK (MQTT 3.1.1 §3.4), where the packet id comes third. */
    private static final int PUBACK = 0x4002_0000;

    /** The flag in the first octet of a PUBLISH (MQTT 3.1.1 §3.3.1.1). */
    private static final int DUP = 0b1000;

    private final PublishEncoder encoder;
    private final WriteBatch batch;

    MqttFrameWriter(PublishEncoder encoder, WriteBatch batch) {
        this.encoder = encoder;
        this.batch = batch;
    }

    /**
     * Adds a PUBLISH. Borrows the payload as {@link WriteBatch#payload} does.
     *
     * @param duplicate whether it was written with this id before, on an earlier connection of the same MQTT session
     * @throws UpstreamException {@link io.upstream.MessageException} for this message alone; nothing of it is written
     */
    void publish(Telemetry message, int packetId, boolean duplicate) throws UpstreamException {
        PublishHead head = encoder.head(message, packetId);
        ByteBuf out = batch.room(head.length());
        int at = out.writerIndex();
        head.writeTo(out);
        if (duplicate) {
            out.setByte(at, out.getByte(at) | DUP);
        }
        batch.payload(message);
    }

    /** Adds a PUBACK. */
    void pubAck(int packetId) {
        ByteBuf out = batch.room(Integer.BYTES);
        out.writeInt(PUBACK | packetId);
    }
}
