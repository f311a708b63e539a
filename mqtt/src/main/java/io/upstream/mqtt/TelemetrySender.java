// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.session.Outbox;
import io.upstream.session.Send;

/** The way of telemetry from the outbox to the connection, and of the hub's acknowledgements back. Confined to the event loop. */
final class TelemetrySender {
    private final InFlight inFlight;
    private final PacketWriter writer;
    private final Ending ending;
    private final Where where;

    /**
     * Has sent nothing yet.
     *
     * @param inFlight the session's, from one connection to the next
     * @param ending whether messages may be written, and who is told when that fails half-way
     */
    TelemetrySender(InFlight inFlight, PacketWriter writer, Ending ending, Where where) {
        this.inFlight = inFlight;
        this.writer = writer;
        this.ending = ending;
        this.where = where;
    }

    /** Writes as many messages as the channel takes and there are ids for; flushes nothing. */
    void writeWhileWritable(Outbox outbox) {
        while (ending.takesMessages() && writer.isWritable() && inFlight.hasRoom()) {
            Send send = outbox.next();
            if (send == null) {
                return;
            }
            write(send);
        }
    }

    private void write(Send send) {
        int packetId = inFlight.again(send);
        boolean duplicate = packetId != 0;
        if (!duplicate) {
            packetId = inFlight.add(send);
        }
        try {
            writer.publish(send.telemetry(), packetId, duplicate);
        } catch (UpstreamException e) {
            inFlight.remove(packetId);
            send.fail(e);
        } catch (RuntimeException | Error e) {
            ending.broken(e); // half a frame may be written
        }
    }

    /** A PUBACK has come. */
    void acknowledged(int packetId) throws UpstreamException {
        Send send = inFlight.remove(packetId);
        if (send == null) {
            throw MqttFrameReader.violation(where, "a PUBACK for packet id " + packetId + ", which is not in flight");
        }
        send.succeed();
    }

    /** Whether all that was written is acknowledged. */
    boolean isAcknowledged() {
        return inFlight.isEmpty();
    }

    /** Gives back memory that is not needed at present. */
    void trim() {
        inFlight.trim();
    }
}
