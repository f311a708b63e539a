// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.upstream.Telemetry;
import org.jspecify.annotations.Nullable;

/** A link on which we send. */
public final class EngineSender extends EngineLink {
    /** The message format of several messages in one: each data section holds an encoded message. */
    public static final int BATCH_FORMAT = 0x8001_3700;

    /** More is as good as unlimited, and leaves room for arithmetic. */
    private static final long MOST_CREDIT = 1 << 30;

    private final SenderEvents events;
    private int credit;
    private long maxMessageSize = Long.MAX_VALUE;
    private @Nullable LargeTransfer rest;

    /** The peer wants the credit used or given back, and has not been told that it is. */
    private boolean drainDue;

    EngineSender(EngineSession session, LinkTerms terms, SenderEvents events, int handle) {
        super(session, terms, events, handle);
        this.events = events;
    }

    /** How many messages the peer will take now; never negative. */
    public int credit() {
        return isAttached() && rest == null && session().hasWindow() ? credit : 0;
    }

    /** The longest message in bytes that the peer takes, or {@link Long#MAX_VALUE}; known once attached. */
    public long maxMessageSize() {
        return maxMessageSize;
    }

    /** How long the message is that {@link #send} would make of it. */
    public static long size(byte[] sections, @Nullable Telemetry data) {
        return data == null
                ? sections.length
                : (long) sections.length + FrameWriter.dataHeadLength(data.size()) + data.size();
    }

    /**
     * Sends one message, unsettled. Needs credit. Written with the next flush.
     *
     * @param sections encoded: what comes before the data section, or the whole message; never changed
     * @param data whose payload becomes the data section: borrowed until it is flushed; null for none
     * @param tag for {@link SenderEvents#settled}
     */
    public void send(byte[] sections, @Nullable Telemetry data, Object tag) {
        int id = begin(tag);
        long size = size(sections, data);
        if (size > session().frames().maxFrameSize() - FrameWriter.TRANSFER_HEAD) {
            rest = new LargeTransfer(id, sections, data);
            resume();
        } else {
            session().countFrame();
            session().frames().message(session().channel(), handle(), id, (int) size, sections, data);
        }
        session().sent().tellForgotten();
    }

    /**
     * Sends several messages as one, unsettled, in {@link #BATCH_FORMAT}. Needs credit for one. Written with the next flush.
     *
     * @param messages encoded, each in a data section: taken
     * @param tag for {@link SenderEvents#settled}
     */
    public void sendBatch(ByteBuf messages, Object tag) {
        int id;
        try {
            id = begin(tag);
        } catch (RuntimeException e) {
            messages.release();
            throw e;
        }
        rest = LargeTransfer.batch(id, messages);
        resume();
        session().sent().tellForgotten();
    }

    /** Gives the delivery id. */
    private int begin(Object tag) {
        if (credit() == 0) {
            throw new IllegalStateException("no credit");
        }
        credit--;
        setDeliveryCount(deliveryCount() + 1);
        return session().sent().begin(this, tag);
    }

    /** Goes on with a message that waits for the session's window, and is its owner if it has to wait further. */
    void resume() {
        while (rest != null && session().hasWindow()) {
            session().countFrame();
            if (rest.writeNext(session().frames(), session().channel(), handle())) {
                rest.release();
                rest = null;
            }
        }
        if (rest != null) {
            rest.own();
        }
    }

    void answered(Object tag, Outcome outcome, @Nullable PeerError error) {
        events.settled(tag, outcome, error);
    }

    /** The session's window has opened. */
    void onWindow() {
        if (isAttached()) {
            events.credited();
            answerDrain();
        }
    }

    /** Uses up the credit (section 2.6.7), not before a message that is half written is out. Whether there was any. */
    private boolean answerDrain() {
        if (!drainDue || !isAttached() || rest != null || credit == 0) {
            return false;
        }
        drainDue = false;
        setDeliveryCount(deliveryCount() + credit);
        credit = 0;
        session().writeFlow(this, true);
        return true;
    }

    @Override
    boolean isSender() {
        return true;
    }

    @Override
    boolean knowsDeliveryCount() {
        return true;
    }

    @Override
    int linkCredit() {
        return credit;
    }

    @Override
    boolean readTermini(Fields fields) {
        fields.skip(); // source
        boolean accepted = fields.skip(); // target
        fields.skip(); // unsettled
        fields.skip(); // incomplete-unsettled
        fields.skip(); // initial-delivery-count
        long limit = fields.ulong(0);
        maxMessageSize = limit <= 0 ? Long.MAX_VALUE : limit;
        return accepted;
    }

    /** Section 2.6.7. What the peer had not seen when it gave the credit counts against it. */
    @Override
    void onFlow(Fields fields) {
        long seen = fields.uint();
        long given = fields.uint();
        fields.skip(); // available
        boolean drain = fields.bool();
        boolean echo = fields.bool();
        if (!isAttached()) {
            return;
        }
        if (given != Fields.ABSENT) {
            int unseen = Math.max(0, deliveryCount() - (seen == Fields.ABSENT ? 0 : (int) seen));
            credit = (int) Math.max(0, Math.min(MOST_CREDIT, given - unseen));
        }
        drainDue = drain;
        events.credited();
        if (!answerDrain() && echo && isAttached()) {
            session().writeFlow(this, drain);
        }
    }

    @Override
    void release() {
        session().sent().forget(this);
        credit = 0;
        if (rest != null) {
            rest.release();
            rest = null;
        }
    }
}
