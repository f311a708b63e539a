// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One session of a connection (AMQP 1.0 section 2.5): the links, the windows that they share, and their deliveries. */
public final class EngineSession {
    private final AmqpEngine engine;
    private final SessionEvents events;
    private final int channel;
    private final LinkTable links = new LinkTable();
    private final Windows windows = new Windows();
    private final SettledRange settled = new SettledRange();
    private final Unsettled unsettled = new Unsettled(0);
    private State state = State.BEGIN_SENT;
    private int peerChannel;
    private long peerHandleMax = 0xffff_ffffL;

    /** A delivery that the peer has forgotten, and whose it is; null but while a transfer is written. */
    private @Nullable Object forgotten;

    private @Nullable EngineSender forgottenBy;

    /** The id that the peer must give its next delivery; -1 before the first. */
    private long nextDelivery = -1;

    /** In the order in which a session can go through them, each at most once. */
    private enum State {
        BEGIN_SENT,
        MAPPED,
        /** To be ended as soon as the peer has begun it: it could not tell whose late begin that would be. */
        END_DUE,
        /** What comes until the peer has ended it, too, is ignored. */
        END_SENT,
        /** As {@link #END_SENT}, and the end has been told of already: it was a breach by the peer. */
        BROKEN,
        ENDED
    }

    EngineSession(AmqpEngine engine, SessionEvents events, int channel) {
        this.engine = engine;
        this.events = events;
        this.channel = channel;
    }

    private void moveTo(State next) {
        if (next.compareTo(state) <= 0) {
            throw new IllegalStateException("a session cannot go from " + state + " to " + next);
        }
        state = next;
    }

    private boolean isLive() {
        return state == State.BEGIN_SENT || state == State.MAPPED;
    }

    /** Attaches a link on which we send; does not wait for the peer. */
    public EngineSender sender(LinkTerms terms, SenderEvents linkEvents) {
        EngineSender link = new EngineSender(this, terms, linkEvents, links.freeHandle());
        if (isLive()) {
            links.add(link);
            wrote(cold().attachSender(channel, link.handle(), terms));
            requireHandleWithinMax();
        } else {
            link.drop();
        }
        return link;
    }

    /** Attaches a link on which we receive, without credit; does not wait for the peer. */
    public EngineReceiver receiver(LinkTerms terms, ReceiverEvents linkEvents) {
        EngineReceiver link = new EngineReceiver(this, terms, linkEvents, links.freeHandle());
        if (isLive()) {
            links.add(link);
            wrote(cold().attachReceiver(channel, link.handle(), terms));
            requireHandleWithinMax();
        } else {
            link.drop();
        }
        return link;
    }

    private void wrote(boolean attach) {
        if (!attach) {
            engine.failTooLong();
        }
    }

    private void requireHandleWithinMax() {
        if (isLive() && links.highestHandle() > peerHandleMax) {
            breakOff(PeerError.told(
                    "amqp:resource-limit-exceeded", "it allows no more than " + (peerHandleMax + 1) + " links"));
        }
    }

    /** Ends it with its links: {@link SessionEvents#ended} comes when the peer has answered. Idempotent. */
    public void end() {
        if (state == State.BEGIN_SENT) {
            moveTo(State.END_DUE);
            dropLinks();
        } else if (state == State.MAPPED) {
            sayEnd(null);
            moveTo(State.END_SENT);
            dropLinks();
        }
    }

    private void sayEnd(@Nullable PeerError error) {
        writeSettled();
        cold().end(channel, error);
    }

    private void breakOff(PeerError error) {
        sayEnd(error);
        moveTo(State.BROKEN);
        dropLinks();
        events.ended(error);
    }

    private void dropLinks() {
        links.dropAll();
        unsettled.clear();
        settled.clear();
    }

    /** The connection is over: nothing is written or told any more. */
    void drop() {
        if (state != State.ENDED) {
            moveTo(State.ENDED);
            dropLinks();
        }
    }

    /** Refuses itself before it has begun. */
    void refuse(PeerError error) {
        moveTo(State.ENDED);
        events.ended(error);
    }

    int channel() {
        return channel;
    }

    int peerChannel() {
        return peerChannel;
    }

    FrameWriter frames() {
        return engine.frames();
    }

    ColdFrames cold() {
        return engine.cold();
    }

    /** Whether the peer's begin has been seen. */
    boolean hasBegun() {
        return state != State.BEGIN_SENT && state != State.END_DUE;
    }

    Windows windows() {
        return windows;
    }

    void onBegin(int number, Fields fields) {
        if (hasBegun()) {
            throw Violation.framing("began a session twice");
        }
        peerChannel = number;
        windows.onBegin(fields);
        long handleMax = fields.uint();
        if (handleMax != Fields.ABSENT) {
            peerHandleMax = handleMax;
        }
        if (state == State.END_DUE) {
            cold().end(channel, null);
            moveTo(State.END_SENT);
        } else {
            moveTo(State.MAPPED);
            requireHandleWithinMax();
        }
    }

    void on(int code, Fields fields, ByteBuf in, int end) {
        if (code == Performative.END) {
            onEnd(AmqpEngine.error(fields));
        } else if (state == State.MAPPED) {
            switch (code) {
                case Performative.ATTACH -> onAttach(fields);
                case Performative.FLOW -> onFlow(fields);
                case Performative.TRANSFER -> onTransfer(fields, in, end);
                case Performative.DISPOSITION -> onDisposition(fields);
                default -> onDetach(fields);
            }
        }
    }

    private void onEnd(@Nullable PeerError error) {
        boolean told = state == State.BROKEN;
        if (state == State.MAPPED) {
            sayEnd(null);
        }
        moveTo(State.ENDED);
        dropLinks();
        engine.forget(this);
        if (!told) {
            events.ended(error);
        }
    }

    private void onAttach(Fields fields) {
        String name = fields.text();
        int handle = fields.requiredUint("a handle");
        boolean peerSends = !fields.bool();
        fields.skip(); // snd-settle-mode
        fields.skip(); // rcv-settle-mode
        links.attach(name, !peerSends, handle).onAttach(fields);
    }

    private void onDetach(Fields fields) {
        int handle = fields.requiredUint("a handle");
        fields.skip(); // closed: whoever detaches here does not come back
        PeerError error = AmqpEngine.error(fields);
        EngineLink link = links.detach(handle);
        writeSettled();
        link.onDetach(error);
    }

    private void onFlow(Fields fields) {
        boolean wasShut = !windows.isOpen();
        windows.onFlow(fields);
        long handle = fields.uint();
        if (handle == Fields.ABSENT) {
            onSessionFlow(fields, wasShut);
        } else {
            EngineLink link = links.get((int) handle);
            openWindow(wasShut);
            link.onFlow(fields);
        }
    }

    private void onSessionFlow(Fields fields, boolean wasShut) {
        for (int skipped = 0; skipped < 4; skipped++) {
            fields.skip(); // delivery-count, link-credit, available, drain: of no link
        }
        boolean echo = fields.bool();
        openWindow(wasShut);
        if (echo && state == State.MAPPED) {
            writeFlow(null, false);
        }
    }

    /** Goes on with what waited for the window: messages of which a part was written, then others. */
    private void openWindow(boolean wasShut) {
        if (wasShut && windows.isOpen()) {
            links.senders().forEach(EngineSender::resume);
            links.senders().forEach(EngineSender::onWindow);
        }
    }

    private void onTransfer(Fields fields, ByteBuf in, int end) {
        int handle = fields.requiredUint("a handle");
        EngineLink link = links.get(handle);
        if (!windows.countIn()) {
            breakOff(PeerError.breach("amqp:session:window-violation", "it sent more than the session's window"));
            return;
        }
        if (!(link instanceof EngineReceiver receiver)) {
            throw Violation.of("amqp:session:errant-link", "sent a message on a link that goes the other way");
        }
        receiver.onTransfer(fields, in, end);
        if (windows.isHalfUsed() && state == State.MAPPED) {
            writeFlow(null, false);
        }
    }

    /** Checks the id of a delivery that begins (section 2.6.12). */
    void beginDelivery(int id) {
        if (nextDelivery >= 0 && id != (int) nextDelivery) {
            throw Violation.invalid("left out a delivery id");
        }
        nextDelivery = (id + 1) & 0xffff_ffffL;
    }

    private void onDisposition(Fields fields) {
        boolean ofOurs = fields.bool();
        int first = fields.requiredUint("first");
        long end = fields.uint();
        boolean peerSettled = fields.bool();
        int last = end == Fields.ABSENT ? first : (int) end;
        if (last - first < 0) {
            throw Violation.of("amqp:not-allowed", "settled a range that ends before it begins");
        }
        if (!ofOurs) {
            return; // what we have received: the peer needs no answer
        }
        Outcome outcome = Outcome.of(fields.openNested());
        if (outcome == Outcome.UNKNOWN && !peerSettled) {
            return; // 'received', which decides nothing
        }
        answer(first, last, outcome, outcome == Outcome.REJECTED ? AmqpEngine.error(fields) : null, peerSettled);
    }

    private void answer(int first, int last, Outcome outcome, @Nullable PeerError error, boolean peerSettled) {
        int from = first - unsettled.oldest() < 0 ? unsettled.oldest() : first;
        int to = last - unsettled.next() >= 0 ? unsettled.next() - 1 : last;
        if (!peerSettled && to - from >= 0) {
            frames().disposition(channel, false, from, to, outcome);
        }
        for (int id = from; to - id >= 0; id++) {
            EngineSender sender = unsettled.sender(id);
            if (sender != null) {
                sender.answered(unsettled.take(id), outcome, error);
            }
        }
    }

    /** Whether the peer takes another frame. */
    boolean hasWindow() {
        return windows.isOpen();
    }

    /** Notes a transfer frame that is about to be written. */
    void countFrame() {
        windows.countOut();
    }

    /** Gives a delivery its id. If the peer has forgotten about the oldest one, so do we. */
    int beginTransfer(EngineSender sender, Object tag) {
        if (unsettled.isFull()) {
            int id = unsettled.oldest();
            forgottenBy = unsettled.sender(id);
            forgotten = unsettled.take(id);
            frames().disposition(channel, false, id, id, Outcome.UNKNOWN);
        }
        return unsettled.add(sender, tag);
    }

    /** To be called when the transfer is written: whoever is told may send at once. */
    void tellForgotten() {
        Object tag = forgotten;
        EngineSender sender = forgottenBy;
        if (tag != null && sender != null) {
            forgotten = null;
            forgottenBy = null;
            sender.answered(tag, Outcome.UNKNOWN, null);
        }
    }

    void forget(EngineSender sender) {
        unsettled.forget(sender);
    }

    /** Settles a message that was received; told with the next flush, in ranges. */
    void settle(int id, Outcome outcome) {
        if (settled.extend(id, outcome)) {
            return;
        }
        if (settled.isEmpty()) {
            engine.flushLater(this);
        }
        writeSettled();
        settled.begin(id, outcome);
    }

    /** Tells what was settled. */
    void writeSettled() {
        settled.writeTo(frames(), channel);
    }

    /** Opens the incoming window to its full size, and tells the peer so. */
    void writeFlow(@Nullable EngineLink link, boolean drained) {
        windows.reopen();
        frames().flow(this, drained, link);
    }
}
