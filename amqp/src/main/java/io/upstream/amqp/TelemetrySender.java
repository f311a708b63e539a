// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.SenderEvents;
import io.upstream.session.HubLimit;
import io.upstream.session.Outbox;
import io.upstream.session.Send;
import org.jspecify.annotations.Nullable;

/**
 * The way of telemetry from the outbox to the link: as many messages as the hub gives credit for and the channel takes. Confined to the
 * event loop.
 */
final class TelemetrySender implements SenderEvents {
    /** What is written at most before the channel is asked again. */
    private static final int CHUNK_BYTES = 64 * 1024;

    private final AmqpLine owner;
    private final AmqpConnection connection;
    private final Outbox outbox;
    private final int maxUnsettled;
    private final boolean toHub;
    private final EngineSender link;
    private int unsettled;
    private Life life = Life.ATTACHING;

    private enum Life {
        ATTACHING,
        ATTACHED,
        /** Whatever comes of what was sent: it is up to the next link. */
        OVER
    }

    /**
     * Attaches the link.
     *
     * @param maxUnsettled a hub that gives credit but never settles gets no more than this
     * @param toHub whether an IoT Hub's own limits hold
     */
    TelemetrySender(
            AmqpLine owner,
            AmqpConnection connection,
            EngineSession session,
            LinkTerms terms,
            Outbox outbox,
            int maxUnsettled,
            boolean toHub) {
        this.owner = owner;
        this.connection = connection;
        this.outbox = outbox;
        this.maxUnsettled = maxUnsettled;
        this.toHub = toHub;
        link = session.sender(terms, this);
    }

    /** Sends what can be sent now. */
    void pump() {
        long chunk = 0;
        while (life == Life.ATTACHED && unsettled < maxUnsettled && link.credit() > 0) {
            if (!connection.isWritable()) {
                connection.members().holdBack(owner);
                break;
            }
            Send send = outbox.peek();
            if (send == null) {
                break;
            }
            chunk += toHub && send.call() != null ? transferCall(send.call()) : transfer(taken(send));
            if (chunk >= CHUNK_BYTES) {
                connection.flush(); // else the channel would not know that it is full
                chunk = 0;
            }
        }
        connection.flushSoon();
        owner.settled();
    }

    /** Answers no message any more: the next link sends them again. */
    void detach() {
        life = Life.OVER;
        link.detach();
    }

    private Send taken(Send send) {
        outbox.take(send);
        return send;
    }

    /** Sends the next ones that were handed over in the same call, as many as the hub takes at a time. Gives how many bytes were written. */
    private long transferCall(@Nullable Object call) {
        TelemetryBatch batch = new TelemetryBatch(Math.min(HubLimit.MAX_TELEMETRY_BYTES, link.maxMessageSize()));
        for (Send send = outbox.peek(); send != null && send.call() == call; send = outbox.peek()) {
            Sections sections = sections(send);
            if (sections != null) {
                if (!batch.add(send, sections.encoded())) {
                    break;
                }
                outbox.take(send);
            }
        }
        return switch (batch.sends().size()) {
            case 0 -> 0;
            case 1 -> transfer(batch.sends().get(0));
            default -> transfer(batch);
        };
    }

    private long transfer(TelemetryBatch batch) {
        ByteBuf encoded = batch.encode(connection.allocator());
        long size = encoded.readableBytes();
        unsettled++;
        link.sendBatch(encoded, batch);
        return size;
    }

    /** Gives how many bytes were written. */
    private long transfer(Send send) {
        Sections sections = sections(send);
        if (sections == null) {
            return 0;
        }
        Telemetry message = send.telemetry();
        long size = EngineSender.size(sections.encoded(), message);
        if (size > link.maxMessageSize()) {
            send.fail(HubLimit.exceeded(size, link.maxMessageSize(), "the limit of the peer's link"));
            return 0;
        }
        unsettled++;
        link.send(sections.encoded(), message, send);
        return size;
    }

    /** What comes before the payload; null if the message cannot be sent, which it is told then. */
    private @Nullable Sections sections(Send send) {
        Telemetry message = send.telemetry();
        try {
            Sections sections = connection.sections().sections(message);
            if (toHub) {
                String objection = sections.hubObjection();
                if (objection != null) {
                    throw new InvalidTelemetryException(objection);
                }
                HubLimit.require(sections.hubSize(message));
            }
            return sections;
        } catch (UpstreamException e) {
            send.fail(e);
        } catch (InvalidTelemetryException e) {
            send.fail(UpstreamException.of(
                    FailureKind.INVALID, connection.where("send"), "the message cannot be sent: " + e.getMessage(), e));
        }
        return null;
    }

    @Override
    public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
        if (life == Life.OVER) {
            return;
        }
        boolean wasFull = unsettled-- == maxUnsettled;
        if (tag instanceof TelemetryBatch batch) {
            batch.sends().forEach(send -> answer(send, outcome, error));
        } else {
            answer((Send) tag, outcome, error);
        }
        if (wasFull) {
            pump();
        } else {
            owner.settled();
        }
    }

    private void answer(Send send, Outcome outcome, @Nullable PeerError error) {
        switch (outcome) {
            case ACCEPTED -> send.succeed();
            case REJECTED -> send.fail(rejected(error));
            case RELEASED, MODIFIED, UNKNOWN ->
                send.fail(UpstreamException.of(
                        FailureKind.SERVER_ERROR,
                        connection.where("send"),
                        connection.where("send").hop() + " did not take the message (" + outcome + "): send it again"));
        }
    }

    private UpstreamException rejected(@Nullable PeerError error) {
        return Conditions.failure(error, connection.where("send"), "rejected the message", FailureKind.INVALID);
    }

    @Override
    public void attached() {
        if (life == Life.ATTACHING) {
            life = Life.ATTACHED;
            owner.attached();
        }
    }

    @Override
    public void credited() {
        pump();
    }

    @Override
    public void detached(@Nullable PeerError error) {
        boolean refused = life == Life.ATTACHING;
        life = Life.OVER;
        owner.linkLost(
                refused
                        ? Conditions.failure(
                                error,
                                connection.where("attach"),
                                "refused the telemetry link",
                                FailureKind.CLOSED_BY_PEER)
                        : Conditions.failure(
                                error,
                                connection.where(AmqpStage.NAME),
                                "closed the telemetry link",
                                FailureKind.CLOSED_BY_PEER));
    }
}
