// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

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

    private final AmqpSession owner;
    private final AmqpConnection connection;
    private final Outbox outbox;
    private final int maxUnsettled;
    private final boolean toHub;
    private final EngineSender link;
    private int unsettled;
    private boolean attached;

    /**
     * Attaches the link.
     *
     * @param maxUnsettled a hub that gives credit but never settles gets no more than this
     * @param toHub whether an IoT Hub's own limits hold
     */
    TelemetrySender(
            AmqpSession owner,
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
        while (attached && unsettled < maxUnsettled && link.credit() > 0) {
            if (!connection.isWritable()) {
                connection.holdBack(owner);
                break;
            }
            Send send = outbox.next();
            if (send == null) {
                break;
            }
            chunk += transfer(send);
            if (chunk >= CHUNK_BYTES) {
                connection.flush(); // else the channel would not know that it is full
                chunk = 0;
            }
        }
        connection.flushSoon();
        owner.settled();
    }

    void detach() {
        attached = false;
        link.detach();
    }

    /** Gives how many bytes were written. */
    private long transfer(Send send) {
        Telemetry message = send.telemetry();
        Sections sections;
        try {
            sections = connection.sections().sections(message);
            if (toHub) {
                HubLimit.require(sections.hubSize(message));
            }
        } catch (UpstreamException e) {
            send.fail(e);
            return 0;
        } catch (InvalidTelemetryException e) {
            send.fail(UpstreamException.of(
                    FailureKind.INVALID, connection.where("send"), "the message cannot be sent: " + e.getMessage(), e));
            return 0;
        }
        long size = EngineSender.size(sections.encoded(), message);
        if (size > link.maxMessageSize()) {
            send.fail(HubLimit.exceeded(size, link.maxMessageSize(), "the limit of the peer's link"));
            return 0;
        }
        unsettled++;
        link.send(sections.encoded(), message, send);
        return size;
    }

    @Override
    public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
        boolean wasFull = unsettled-- == maxUnsettled;
        Send send = (Send) tag;
        switch (outcome) {
            case ACCEPTED -> send.succeed();
            case REJECTED -> send.fail(rejected(error));
            case RELEASED, MODIFIED, UNKNOWN ->
                send.fail(UpstreamException.of(
                        FailureKind.SERVER_ERROR,
                        connection.where("send"),
                        connection.where("send").hop() + " did not take the message (" + outcome + "): send it again"));
        }
        if (wasFull) {
            pump();
        } else {
            owner.settled();
        }
    }

    private UpstreamException rejected(@Nullable PeerError error) {
        return Conditions.failure(error, connection.where("send"), "rejected the message", FailureKind.INVALID);
    }

    @Override
    public void attached() {
        attached = true;
        owner.attached();
    }

    @Override
    public void credited() {
        pump();
    }

    @Override
    public void detached(@Nullable PeerError error) {
        boolean refused = !attached;
        attached = false;
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
