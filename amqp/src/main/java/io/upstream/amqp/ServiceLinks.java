// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.UpstreamException;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.MalformedMessageException;
import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The links of an identity to one of the hub's services: a {@link LinkPair}, attached when it is first of use. When the hub refuses or
 * closes it, what was under way fails and the session lives on: the next use attaches another, and whoever received on it is told to ask
 * again. Confined to the event loop.
 */
final class ServiceLinks {
    /** How many messages may come before earlier ones are done with. */
    static final int CREDIT = 32;

    /** While more than this wait to be sent, which is all that can be asked for at a time, nothing is let in. */
    private static final int MOST_WAITING = 256;

    private static final Logger log = LoggerFactory.getLogger(ServiceLinks.class);

    private final AmqpLine owner;
    private final AmqpConnection connection;
    private final EngineSession session;
    private final Service service;
    private final Duration timeout;
    private final User user;
    private final ArrayDeque<Outgoing> waiting = new ArrayDeque<>();
    private Life life = Life.OPEN;
    private @Nullable LinkPair pair;

    /** Messages that have come and are not done with. */
    private int held;

    private enum Life {
        /** Links are attached for whoever uses them. */
        OPEN,
        OVER
    }

    /** Whoever speaks with the service. */
    interface User {
        /** The links are attached, and what waits is about to be sent. */
        default void attached() {}

        /** A message has come; {@link ServiceLinks#release} says when it is done with. */
        void received(ServiceMessage message);

        /** The links are gone, and all that was under way. */
        void lost(UpstreamException cause);

        /** Whether a message that had to wait is still to be sent. */
        boolean isWanted(String id);

        /** The hub has not taken a message. */
        void refused(String id, UpstreamException cause);
    }

    /** A message to the hub, and what the user calls it. */
    static final class Outgoing {
        private final String id;
        private final byte[] message;

        Outgoing(String id, byte[] message) {
            this.id = id;
            this.message = message;
        }

        String id() {
            return id;
        }

        /** Encoded. Not to be changed. */
        byte[] message() {
            return message;
        }
    }

    /** @param timeout for the hub's answer to the attach */
    ServiceLinks(
            AmqpLine owner,
            AmqpConnection connection,
            EngineSession session,
            Service service,
            Duration timeout,
            User user) {
        this.owner = owner;
        this.connection = connection;
        this.session = session;
        this.service = service;
        this.timeout = timeout;
        this.user = user;
    }

    boolean isAttached() {
        return pair != null && pair.isAttached();
    }

    /** Attaches, unless that is under way or done. */
    void use() {
        if (pair == null && life != Life.OVER) {
            LinkPair attaching = new LinkPair(this, owner, connection, session, service);
            if (life != Life.OVER) { // the session may have ended over it
                pair = attaching;
                attaching.expireAfter(timeout);
                connection.flushSoon();
            }
        }
    }

    /**
     * Sends as soon as the hub lets it; without effect while there are no links.
     *
     * @param id for {@link User#isWanted} and {@link User#refused}
     */
    void send(String id, byte[] message) {
        if (pair == null) {
            return;
        }
        if (waiting.size() >= MOST_WAITING) {
            waiting.removeIf(each -> !user.isWanted(each.id()));
        }
        waiting.add(new Outgoing(id, message));
        pump();
    }

    /** A message that has come is done with: another one may. */
    void release() {
        held--;
        if (pair != null) {
            pair.topUp();
        }
    }

    /** Sends what can be sent now. */
    void pump() {
        if (pair != null) {
            pair.pump();
        }
    }

    /** Forgets all, and tells nobody: the session is over. */
    void end() {
        life = Life.OVER;
        waiting.clear();
        if (pair != null) {
            pair.leave();
            pair = null;
        }
    }

    /** How many messages may be on their way here. */
    int room() {
        return waiting.size() > MOST_WAITING ? 0 : CREDIT - held;
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    /** The next message that is still wanted, or null. */
    @Nullable
    Outgoing next() {
        for (Outgoing next = waiting.poll(); next != null; next = waiting.poll()) {
            if (user.isWanted(next.id())) {
                return next;
            }
        }
        return null;
    }

    void attached() {
        user.attached();
    }

    void refused(String id, UpstreamException cause) {
        user.refused(id, cause);
    }

    void received(byte[] encoded) {
        held++;
        ServiceMessage message;
        try {
            message = ServiceMessage.read(encoded);
        } catch (MalformedMessageException e) {
            log.warn(
                    "{}: a message about {} that cannot be read: {}", owner.identity(), service.text(), e.getMessage());
            release();
            return;
        }
        user.received(message);
    }

    /** The links that there are have gone. */
    void lost(UpstreamException cause) {
        pair = null;
        waiting.clear();
        user.lost(cause);
    }
}
