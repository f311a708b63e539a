// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The sessions of one connection, by our channels and by the peer's (AMQP 1.0 section 2.5.1). */
final class SessionTable {
    private final List<@Nullable EngineSession> sessions = new ArrayList<>();
    private final IntObjectMap<EngineSession> byPeerChannel = new IntObjectHashMap<>(4);
    private final List<EngineSession> unflushed = new ArrayList<>();

    /** A channel of ours that no session has. */
    int freeChannel() {
        int channel = sessions.indexOf(null);
        if (channel < 0) {
            channel = sessions.size();
            sessions.add(null);
        }
        return channel;
    }

    void add(EngineSession session) {
        sessions.set(session.channel(), session);
    }

    /** The session on our channel that the peer begins on one of its own, which must be free. */
    EngineSession toBegin(int ours, int peers) {
        EngineSession session = ours >= 0 && ours < sessions.size() ? sessions.get(ours) : null;
        if (session == null) {
            throw Violation.of("amqp:not-allowed", "began a session that nobody asked for");
        }
        if (byPeerChannel.containsKey(peers)) {
            throw Violation.framing("began a session twice on one channel");
        }
        return session;
    }

    /** The peer's channel is known. */
    void map(int peers, EngineSession session) {
        byPeerChannel.put(peers, session);
    }

    /** The session on the peer's channel. */
    EngineSession get(int peers) {
        EngineSession session = byPeerChannel.get(peers);
        if (session == null) {
            throw Violation.framing("used channel " + peers + ", on which there is no session");
        }
        return session;
    }

    /** The session has ended on both sides: its channels are free. */
    void remove(EngineSession session) {
        byPeerChannel.remove(session.peerChannel());
        sessions.set(session.channel(), null);
    }

    /** Has {@link EngineSession#writeSettled} called by the next {@link #writeSettled}. */
    void flushLater(EngineSession session) {
        unflushed.add(session);
    }

    void writeSettled() {
        for (int i = 0; i < unflushed.size(); i++) {
            unflushed.get(i).writeSettled();
        }
        unflushed.clear();
    }

    /** The connection is over. */
    void dropAll() {
        unflushed.clear();
        byPeerChannel.clear();
        for (EngineSession session : sessions) {
            if (session != null) {
                session.drop();
            }
        }
        sessions.clear();
    }
}
