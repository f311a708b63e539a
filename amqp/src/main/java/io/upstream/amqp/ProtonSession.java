// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.util.ArrayList;
import java.util.List;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Session;

/** One session on the library's engine. */
final class ProtonSession implements EngineSession {
    /** What the peer may have under way, in bytes: 64 full frames. */
    private static final int INCOMING_BYTES = 64 * 65_536;

    private final Session session;
    private final InboundGuard guard;
    private final SessionEvents events;
    private final List<String> names = new ArrayList<>();
    private Ending ending = Ending.NOT_ASKED;

    private enum Ending {
        NOT_ASKED,
        /** Put off until the peer's begin has come: the library cannot tell whose late begin that would be. */
        PUT_OFF,
        DONE
    }

    ProtonSession(Session session, InboundGuard guard, SessionEvents events) {
        this.session = session;
        this.guard = guard;
        this.events = events;
        session.setContext(this);
        session.setIncomingCapacity(INCOMING_BYTES);
        session.open();
    }

    @Override
    public EngineSender sender(LinkTerms terms, SenderEvents linkEvents) {
        ProtonSender link =
                new ProtonSender(session.sender(terms.name()), terms, linkEvents, () -> guard.forget(terms.name()));
        expect(terms.name(), link);
        return link;
    }

    @Override
    public EngineReceiver receiver(LinkTerms terms, ReceiverEvents linkEvents) {
        ProtonReceiver link =
                new ProtonReceiver(session.receiver(terms.name()), terms, linkEvents, () -> guard.forget(terms.name()));
        expect(terms.name(), link);
        return link;
    }

    private void expect(String name, ProtonLink link) {
        names.add(name);
        guard.expect(name, link);
    }

    @Override
    public void end() {
        if (ending != Ending.NOT_ASKED) {
            return;
        }
        if (session.getRemoteState() == EndpointState.UNINITIALIZED) {
            ending = Ending.PUT_OFF;
        } else {
            ending = Ending.DONE;
            session.close();
        }
    }

    void onBegin() {
        if (ending == Ending.PUT_OFF) {
            ending = Ending.DONE;
            session.close();
        }
    }

    void onEnd() {
        PeerError error = ProtonLink.errorOf(session.getRemoteCondition());
        ending = Ending.DONE;
        session.close();
        session.free();
        names.forEach(guard::forget);
        events.ended(error);
    }
}
