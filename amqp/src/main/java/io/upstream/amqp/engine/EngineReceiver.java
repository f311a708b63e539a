// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;

/** A link on which we receive. Ends when the peer sends without credit, or more than the link's longest message. */
public final class EngineReceiver extends EngineLink {
    /** Enough for the longest message we take, in frames of the smallest size; a peer that needs more plays games. */
    private static final int MAX_TRANSFERS = 1_024;

    /** A delivery that the peer has settled itself. */
    private static final long SETTLED = -1;

    private static final long NONE = -2;
    private static final long LAST_ID = 0xffff_ffffL;

    private final ReceiverEvents events;
    private int credit;

    /** The delivery that is incomplete, or {@link #NONE}; what has come of it, and in how many frames. */
    private long delivery = NONE;

    private final MessageBytes message = new MessageBytes();
    private long size;
    private int transfers;
    private Settling settling = Settling.OURS;

    /** Who settles the delivery that is incomplete. */
    private enum Settling {
        OURS,
        DONE_BY_PEER
    }

    EngineReceiver(EngineSession session, LinkTerms terms, ReceiverEvents events, int handle) {
        super(session, terms, events, handle);
        this.events = events;
    }

    /** Lets the peer send so many more messages. */
    public void credit(int more) {
        if (isAttached() || awaitsAttach()) {
            credit += more;
            session().writeFlow(this, false);
        }
    }

    /** Settles what {@link ReceiverEvents#delivered} gave; without effect once the link is gone. Written with the next flush. */
    public void settle(long id, Outcome outcome) {
        if (id != SETTLED && isAttached()) {
            session().settle((int) id, outcome);
        }
    }

    @Override
    boolean isSender() {
        return false;
    }

    @Override
    boolean knowsDeliveryCount() {
        return !awaitsAttach();
    }

    @Override
    int linkCredit() {
        return credit;
    }

    @Override
    boolean readTermini(Fields fields) {
        boolean accepted = fields.skip(); // source
        fields.skip(); // target
        fields.skip(); // unsettled
        fields.skip(); // incomplete-unsettled
        long initial = fields.uint();
        setDeliveryCount(initial == Fields.ABSENT ? 0 : (int) initial);
        return accepted;
    }

    /** What the peer has skipped counts as sent (section 2.6.7). */
    @Override
    void onFlow(Fields fields) {
        long theirs = fields.uint();
        fields.skip(); // link-credit
        fields.skip(); // available
        fields.skip(); // drain
        boolean echo = fields.bool();
        int skipped = (int) theirs - deliveryCount();
        if (theirs != Fields.ABSENT && skipped > 0) {
            credit = Math.max(0, credit - skipped);
            setDeliveryCount((int) theirs);
        }
        if (echo && isAttached()) {
            session().writeFlow(this, false);
        }
    }

    /** @param fields from the delivery id on */
    void onTransfer(Fields fields, ByteBuf in, int end) {
        long id = fields.uint();
        int tag = fields.binary();
        fields.skip(); // message-format
        boolean settled = fields.bool();
        boolean more = fields.bool();
        fields.skip(); // rcv-settle-mode
        fields.skip(); // state
        fields.skip(); // resume
        boolean aborted = fields.bool();
        if (delivery == NONE) {
            beginDelivery(id, tag);
        } else if (id != Fields.ABSENT && id != delivery) {
            throw Violation.illegal("began a message before the one on the same link was complete");
        }
        if (settled) {
            settling = Settling.DONE_BY_PEER;
        }
        if (aborted) {
            abort();
        } else if (isAttached()) {
            accept(in, fields.end(), end, more);
        } else if (!more) {
            endDelivery();
        }
    }

    private void beginDelivery(long id, int tag) {
        if (id == Fields.ABSENT || tag == Fields.ABSENT) {
            throw Violation.invalid("began a message without an id or a tag");
        }
        session().beginDelivery((int) id);
        delivery = id & LAST_ID;
        settling = Settling.OURS;
        size = 0;
        transfers = 0;
        if (isAttached()) {
            if (credit == 0) {
                breach("amqp:link:transfer-limit-exceeded", "it sent a message without credit");
                return;
            }
            credit--;
            setDeliveryCount(deliveryCount() + 1);
        }
    }

    private void endDelivery() {
        delivery = NONE;
        message.release();
    }

    /** Has cost the peer a credit, of which nobody else knows. */
    private void abort() {
        endDelivery();
        if (isAttached()) {
            credit(1);
        }
    }

    private void accept(ByteBuf in, int from, int to, boolean more) {
        size += to - from;
        transfers++;
        if (breaksLimits()) {
            if (!more) {
                endDelivery();
            }
        } else if (more) {
            message.keep(in, from, to - from);
        } else {
            message.show(in, from, to - from);
            deliver();
        }
    }

    private boolean breaksLimits() {
        if (size > terms().maxMessageSize()) {
            breach(
                    "amqp:link:message-size-exceeded",
                    "it sent a message of more than " + terms().maxMessageSize() + " bytes");
        } else if (transfers > MAX_TRANSFERS) {
            breach("amqp:resource-limit-exceeded", "it cut a message into more than " + MAX_TRANSFERS + " frames");
        }
        return !isAttached();
    }

    /** It may be settled, and the link detached, while it is read. */
    private void deliver() {
        long id = settling == Settling.OURS ? delivery : SETTLED;
        delivery = NONE;
        try {
            events.delivered(id, message);
        } finally {
            message.release();
        }
    }

    @Override
    void release() {
        if (delivery != NONE) { // else somebody may be reading it
            message.release();
        }
    }
}
