// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/** What both directions have in common. */
abstract sealed class EngineLink permits EngineSender, EngineReceiver {
    private final EngineSession session;
    private final LinkTerms terms;
    private final LinkEvents events;
    private final int handle;
    private State state = State.ATTACH_SENT;

    /** Of the session's end that sends; as a serial number. */
    private int deliveryCount;

    /** In the order in which a link can go through them, each at most once. */
    enum State {
        ATTACH_SENT,
        /** The peer's attach names no terminus: a refusal, whose reason follows in a detach. */
        REFUSED,
        ATTACHED,
        /** We have detached; what comes for the link until the peer has detached, too, is ignored. */
        DETACH_SENT,
        /** As {@link #DETACH_SENT}, and the end has been told of already: it was a breach by the peer. */
        BROKEN,
        DETACHED
    }

    EngineLink(EngineSession session, LinkTerms terms, LinkEvents events, int handle) {
        this.session = session;
        this.terms = terms;
        this.events = events;
        this.handle = handle;
    }

    final EngineSession session() {
        return session;
    }

    final LinkTerms terms() {
        return terms;
    }

    final int handle() {
        return handle;
    }

    final int deliveryCount() {
        return deliveryCount;
    }

    final void setDeliveryCount(int count) {
        deliveryCount = count;
    }

    /** Whether a flow may tell it (section 2.7.4). */
    abstract boolean knowsDeliveryCount();

    abstract int linkCredit();

    abstract boolean isSender();

    /** Reads the rest of the peer's attach, from its source on. */
    abstract boolean readTermini(Fields fields);

    abstract void onFlow(Fields fields);

    /** Lets go of everything that is under way. */
    abstract void release();

    final boolean isAttached() {
        return state == State.ATTACHED;
    }

    /** Whether the peer has said anything about it yet. */
    final boolean awaitsAttach() {
        return state == State.ATTACH_SENT;
    }

    private void moveTo(State next) {
        if (next.compareTo(state) <= 0) {
            throw new IllegalStateException("a link cannot go from " + state + " to " + next);
        }
        state = next;
    }

    /** @param fields from the source on */
    final void onAttach(Fields fields) {
        boolean accepted = readTermini(fields);
        if (state != State.ATTACH_SENT) {
            return; // detached in the meantime
        }
        if (accepted) {
            moveTo(State.ATTACHED);
            events.attached();
        } else {
            moveTo(State.REFUSED);
        }
    }

    final void onDetach(@Nullable PeerError error) {
        boolean told = state == State.BROKEN;
        if (state.compareTo(State.DETACH_SENT) < 0) {
            session.cold().detach(session.channel(), handle, null);
        }
        moveTo(State.DETACHED);
        release();
        if (!told) {
            events.detached(error);
        }
    }

    /** Closes the link. Idempotent. */
    public final void detach() {
        if (state.compareTo(State.DETACH_SENT) < 0) {
            session.writeSettled();
            session.cold().detach(session.channel(), handle, null);
            moveTo(State.DETACH_SENT);
            release();
        }
    }

    /** The peer broke a rule of this link: it ends, and nothing else. */
    final void breach(String condition, String what) {
        PeerError error = PeerError.breach(condition, what);
        session.writeSettled();
        session.cold().detach(session.channel(), handle, error);
        moveTo(State.BROKEN);
        release();
        events.detached(error);
    }

    /** The session has ended: nothing is written or told any more. */
    final void drop() {
        if (state != State.DETACHED) {
            moveTo(State.DETACHED);
            release();
        }
    }
}
