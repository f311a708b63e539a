// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.UpstreamException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Who shares a connection, and who of them waits for its channel. Confined to the event loop. */
final class Members {
    private final Set<Member> all = new LinkedHashSet<>();
    private final ArrayDeque<Member> held = new ArrayDeque<>();

    /** Whoever shares the connection. */
    interface Member {
        /** Nothing will come any more. */
        void connectionLost(UpstreamException cause);

        /** The channel takes more, after {@link Members#holdBack}. */
        void writable();
    }

    void join(Member member) {
        all.add(member);
    }

    void leave(Member member) {
        all.remove(member);
        held.remove(member);
    }

    /** Has {@code member} called when the channel is writable again; in turn, so that none starves. */
    void holdBack(Member member) {
        if (!held.contains(member)) {
            held.add(member);
        }
    }

    /** Lets those write that were held back, each once, as long as the channel takes more. */
    void resume(BooleanSupplier writable) {
        for (int turns = held.size(); turns > 0 && writable.getAsBoolean() && !held.isEmpty(); turns--) {
            held.remove().writable();
        }
    }

    /** Tells all. */
    void lost(UpstreamException cause) {
        for (Member member : new ArrayList<>(all)) {
            member.connectionLost(cause);
        }
    }
}
