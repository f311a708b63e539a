// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Link;
import org.jspecify.annotations.Nullable;

/** What both directions have in common. */
abstract class ProtonLink {
    private final Link link;
    private final LinkEvents events;
    private final Runnable release;

    /** @param release runs once, when the peer has let go of the link */
    ProtonLink(Link link, LinkEvents events, Runnable release) {
        this.link = link;
        this.events = events;
        this.release = release;
        link.setContext(this);
    }

    abstract boolean isSender();

    /** Whether the peer's attach names a terminus: without one it is a refusal, and the reason follows in a detach. */
    abstract boolean accepted();

    void onAttach() {
        if (accepted() && !isDetached()) {
            events.attached();
        }
    }

    void onDetach() {
        PeerError error = errorOf(link.getRemoteCondition());
        detach();
        link.free();
        release.run();
        events.detached(error);
    }

    public final void detach() {
        if (link.getLocalState() != EndpointState.CLOSED) {
            link.close();
        }
    }

    final boolean isDetached() {
        return link.getLocalState() == EndpointState.CLOSED;
    }

    static @Nullable PeerError errorOf(@Nullable ErrorCondition error) {
        if (error == null || error.getCondition() == null) {
            return null;
        }
        String description = error.getDescription();
        return new PeerError(error.getCondition().toString(), description == null ? "" : description);
    }

    static Map<Symbol, Object> symbols(Map<String, String> properties) {
        Map<Symbol, Object> symbols = new LinkedHashMap<>();
        properties.forEach((name, value) -> symbols.put(Symbol.valueOf(name), value));
        return symbols;
    }
}
