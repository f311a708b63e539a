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
    private final SentDeliveries sent;
    private State state = State.BEGIN_SENT;
    private int peerChannel;
    private long peerHandleMax = 0xffff_ffffL;

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
        sent = new SentDeliveries(engine.frames(), channel);
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
        sent.clear();
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
            onEnd(PeerError.read(fields));
        } else if (state == State.MAPPED) {
            switch (code) {
                case Performative.ATTACH -> onAttach(fields);
                case Performative.FLOW -> onFlow(fields);
                case Performative.TRANSFER -> onTransfer(fields, in, end);
                case Performative.DISPOSITION -> sent.onDisposition(fields);
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
        PeerError error = PeerError.read(fields);
        EngineLink link = links.detach(handle);
        writeSettled();
        link.onDetach(error);
    }

    private void onFlow(Fields fields) {
        boolean wasShut = !windows.isOpen();
        windows.onFlow(fields);
        boolean opens = wasShut && windows.isOpen();
        long handle = fields.uint();
        EngineLink link = handle == Fields.ABSENT ? null : links.get((int) handle);
        if (opens) {
            links.senders().forEach(EngineSender::resume); // messages of which a part was written go before others
        }
        if (link != null) {
            link.onFlow(fields);
        }
        if (opens) {
            links.senders().forEach(EngineSender::onWindow);
        }
        if (link == null) {
            answerEcho(fields);
        }
    }

    private void answerEcho(Fields fields) {
        for (int skipped = 0; skipped < 4; skipped++) {
            fields.skip(); // delivery-count, link-credit, available, drain: of no link
        }
        if (fields.bool() && state == State.MAPPED) {
            writeFlow(null, false);
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

    /** What we have sent and the peer has not answered. */
    SentDeliveries sent() {
        return sent;
    }

    /** Whether the peer takes another frame. */
    boolean hasWindow() {
        return windows.isOpen();
    }

    /** Notes a transfer frame that is about to be written. */
    void countFrame() {
        windows.countOut();
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
