// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.upstream.FailureKind;
import io.upstream.connect.Failures;
import io.upstream.frame.FrameAccumulator;
import io.upstream.frame.WriteBatch;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's half of one AMQP 1.0 connection without its socket: bytes and calls go in, bytes and events come out. Confined to one
 * event loop. Nothing that the peer sends makes a method throw: it ends a link or a session, or the connection through {@link
 * EngineEvents#failed}. What is to be written is collected until {@link #flush}; between the two, and between frames, it holds no buffer.
 */
public final class AmqpEngine {
    /** How long {@link #tick} may be put off when nothing is due. */
    public static final long NOTHING_DUE = Long.MAX_VALUE;

    /** The longest frame that we take; shorter ones cost no more than they are long. */
    static final int MAX_FRAME_SIZE = 65_536;

    private static final int CHANNEL_MAX = 65_535;
    private static final Logger log = LoggerFactory.getLogger(AmqpEngine.class);

    private final Opening opening;
    private final EngineEvents events;
    private final LongSupplier nanoTime;
    private final WriteBatch batch;
    private final FrameWriter frames;
    private final ColdFrames cold;
    private final InboundFrames inbound = new InboundFrames(new Reader());
    private final FrameAccumulator<Violation> accumulator;
    private final SaslLogin login;
    private final IdleTimes idle;
    private final SessionTable sessions = new SessionTable();
    private State state = State.NEW;
    private int peerChannelMax = CHANNEL_MAX;
    private long flushed;

    /** In the order in which a connection goes through them; it may leave out all but the last. */
    private enum State {
        NEW,
        /** From our header to the peer's verdict. */
        LOGIN,
        /** From our open to the peer's. */
        OPENING,
        OPEN,
        /** We have closed. */
        CLOSING,
        /** Closed or failed; a last word to the peer may still be flushed. */
        OVER
    }

    /**
     * Says nothing yet.
     *
     * @param nanoTime a monotonic clock
     * @param wire takes what is to be written, in order
     */
    public AmqpEngine(
            Opening opening,
            EngineEvents events,
            LongSupplier nanoTime,
            ByteBufAllocator buffers,
            Consumer<ByteBuf> wire) {
        this.opening = opening;
        this.events = events;
        this.nanoTime = nanoTime;
        batch = new WriteBatch(buffers, wire);
        frames = new FrameWriter(batch);
        cold = new ColdFrames(frames);
        accumulator = new FrameAccumulator<>(buffers, inbound);
        login = new SaslLogin(opening, new Verdict());
        idle = new IdleTimes(
                opening.idleTimeOut().toNanos(), opening.signEvery().toNanos(), nanoTime.getAsLong());
    }

    private void moveTo(State next) {
        if (next.compareTo(state) <= 0) {
            throw new IllegalStateException("a connection cannot go from " + state + " to " + next);
        }
        state = next;
    }

    /** Starts: protocol headers, SASL if there is any, open. The first call, once. */
    public void open() {
        moveTo(State.LOGIN);
        if (opening.login() == Opening.Login.BY_TLS) {
            inbound.awaitAmqpHeaderAtOnce();
            introduce();
        } else {
            frames.protocolHeader(InboundFrames.SASL_HEADER);
        }
    }

    private void introduce() {
        moveTo(State.OPENING);
        frames.protocolHeader(InboundFrames.AMQP_HEADER);
        cold.open(opening, MAX_FRAME_SIZE, CHANNEL_MAX);
    }

    /** How many sessions the peer takes at once; known once it has opened. */
    public int sessionsAtMost() {
        return peerChannelMax + 1;
    }

    /** Begins a session; does not wait for the peer. Beyond {@link #sessionsAtMost}, and unless it is open, it has ended at once. */
    public EngineSession begin(SessionEvents listener) {
        int channel = sessions.freeChannel();
        EngineSession session = new EngineSession(this, listener, channel);
        if (state != State.OPEN || channel > peerChannelMax) {
            session.refuse(PeerError.told("amqp:resource-limit-exceeded", "no more sessions on this connection"));
            return session;
        }
        sessions.add(session);
        cold.begin(channel, Windows.FIRST_ID, Windows.INCOMING, Windows.OUTGOING, LinkTable.HANDLE_MAX);
        return session;
    }

    /** Says goodbye: {@link EngineEvents#closed} comes when the peer has answered. */
    public void close() {
        if (state == State.OPEN) {
            moveTo(State.CLOSING);
            cold.close(null);
        }
    }

    /** Reads what came from the wire; events are raised within this call. Takes it. */
    public void feed(ByteBuf in) {
        idle.heard(nanoTime.getAsLong());
        try {
            accumulator.feed(in);
        } catch (Violation e) {
            broken(e);
        } catch (Throwable e) { // a defect here or in a listener ends this connection and nothing else
            log.warn("an AMQP event could not be handled", e);
            fail(FailureKind.INTERNAL, "caused a failure here: " + Failures.printable(String.valueOf(e.getMessage())));
        }
    }

    private void broken(Violation violation) {
        if (state == State.OPEN || state == State.CLOSING) {
            String what = "broke the AMQP protocol: it " + violation.what();
            fail(FailureKind.PROTOCOL, what, PeerError.breach(violation.condition(), violation.what()));
        } else {
            fail(FailureKind.PROTOCOL, "does not speak AMQP as it should: it " + violation.what());
        }
    }

    private void fail(FailureKind kind, String what) {
        fail(kind, what, PeerError.breach("amqp:connection:forced", what));
    }

    /** The first cause is the one that counts. A peer that has not opened yet could not understand a last word. */
    private void fail(FailureKind kind, String what, PeerError lastWord) {
        if (state == State.OVER) {
            return;
        }
        if (state == State.OPEN) {
            sessions.writeSettled();
            cold.close(lastWord);
        } else if (state != State.CLOSING) {
            batch.discard();
        }
        end();
        events.failed(kind, what);
    }

    private void end() {
        moveTo(State.OVER);
        accumulator.discard();
        sessions.dropAll();
    }

    /** Forgets everything, raises nothing, and has nothing to flush. The last call. */
    public void discard() {
        if (state != State.OVER) {
            end();
        }
        batch.discard();
    }

    /** Gives all that is to be written now. To be called at the end of each turn of the event loop. */
    public void flush() {
        sessions.writeSettled();
        if (frames.written() != flushed) {
            flushed = frames.written();
            idle.spoke(nanoTime.getAsLong());
        }
        batch.handOver();
    }

    /**
     * Looks at the clock: notices a silent peer, and arranges for an empty frame before the peer takes us for dead; it is to be flushed.
     *
     * @return in how many nanoseconds to call again
     */
    public long tick() {
        if (state != State.OPEN && state != State.CLOSING) {
            return NOTHING_DUE;
        }
        long now = nanoTime.getAsLong();
        if (idle.isPeerSilent(now)) {
            fail(
                    FailureKind.TIMEOUT,
                    "gave no sign of life for " + idle.patienceSeconds()
                            + " s: the connection is dead, or something on the way drops it silently");
            return NOTHING_DUE;
        }
        if (idle.isSignOfLifeDue(now)) {
            frames.empty();
            idle.spoke(now);
        }
        return idle.nextLook(now);
    }

    FrameWriter frames() {
        return frames;
    }

    ColdFrames cold() {
        return cold;
    }

    /** Has {@link EngineSession#writeSettled} called before the next flush. */
    void flushLater(EngineSession session) {
        sessions.flushLater(session);
    }

    /** The session has ended on both sides: its channels are free. */
    void forget(EngineSession session) {
        sessions.remove(session);
    }

    void failTooLong() {
        fail(
                FailureKind.PROTOCOL,
                "takes no frames longer than " + frames.maxFrameSize()
                        + " bytes, too short for the names and properties of a link");
    }

    private void onOpen(Fields fields) {
        if (state != State.OPENING) {
            throw Violation.illegal("opened the connection twice");
        }
        if (!fields.skip()) {
            throw Violation.invalid("left out its container id");
        }
        fields.skip(); // hostname
        long maxFrameSize = fields.uint();
        if (maxFrameSize != Fields.ABSENT && maxFrameSize < FrameWriter.MIN_MAX_FRAME_SIZE) {
            throw Violation.invalid("takes only frames of " + maxFrameSize + " bytes, where 512 is the least");
        }
        frames.setMaxFrameSize(
                maxFrameSize == Fields.ABSENT ? Integer.MAX_VALUE : (int) Math.min(Integer.MAX_VALUE, maxFrameSize));
        peerChannelMax = fields.ushort(CHANNEL_MAX);
        idle.peerAsksFor(Math.max(0, fields.uint()));
        moveTo(State.OPEN);
        events.opened();
    }

    private void onBegin(int channel, Fields fields) {
        EngineSession session = sessions.toBegin(fields.ushort(Fields.ABSENT), channel);
        session.onBegin(channel, fields);
        sessions.map(channel, session);
    }

    private void onClose(@Nullable PeerError error) {
        if (state == State.OPEN) {
            sessions.writeSettled();
            cold.close(null);
        }
        end();
        events.closed(error);
    }

    /** What the frames say. */
    private final class Reader implements InboundFrames.Reader {
        @Override
        public void onSasl(int code, Fields fields) {
            login.on(code, fields, cold);
        }

        @Override
        public void onPerformative(int channel, int code, Fields fields, ByteBuf in, int end) {
            if (state == State.OPENING && code != Performative.OPEN) {
                throw Violation.illegal("did not open the connection first");
            }
            switch (code) {
                case Performative.OPEN -> onOpen(fields);
                case Performative.BEGIN -> onBegin(channel, fields);
                case Performative.CLOSE -> onClose(PeerError.read(fields));
                case Performative.ATTACH,
                        Performative.FLOW,
                        Performative.TRANSFER,
                        Performative.DISPOSITION,
                        Performative.DETACH,
                        Performative.END -> sessions.get(channel).on(code, fields, in, end);
                default -> throw Violation.decode("sent a frame whose body is no performative");
            }
        }
    }

    /** What comes of the login. */
    private final class Verdict implements SaslLogin.Verdict {
        @Override
        public void welcome() {
            inbound.awaitAmqpHeader();
            introduce();
        }

        @Override
        public void refused(FailureKind kind, String what) {
            fail(kind, what);
        }
    }
}
