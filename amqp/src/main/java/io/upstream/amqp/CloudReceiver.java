// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Identity;
import io.upstream.MessageHandler;
import io.upstream.UpstreamException;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.session.Callbacks;
import io.upstream.session.Subject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * An identity's subscription to messages, a device's from the cloud or what is routed to a module's inputs: one {@link CloudLink} after
 * the other, each attached when it is asked for. The loss of one is told to the session, which asks for the next. Confined to the event
 * loop.
 */
final class CloudReceiver {
    private final AmqpLine line;
    private final AmqpConnection connection;
    private final EngineSession session;
    private final Callbacks callbacks;
    private final Duration timeout;
    private final List<CompletableFuture<Void>> subscribers = new ArrayList<>();
    private volatile @Nullable MessageHandler handler;
    private @Nullable CloudLink link;
    private Life life = Life.OPEN;

    private enum Life {
        OPEN,
        OVER
    }

    /** @param timeout for the hub's answer to an attach */
    CloudReceiver(
            AmqpLine line, AmqpConnection connection, EngineSession session, Callbacks callbacks, Duration timeout) {
        this.line = line;
        this.connection = connection;
        this.session = session;
        this.callbacks = callbacks;
        this.timeout = timeout;
    }

    Identity identity() {
        return line.identity();
    }

    /** Any thread: the latest one. */
    MessageHandler handler() {
        return Objects.requireNonNull(handler, "nobody has subscribed");
    }

    /** Takes a handler; completes {@code subscribed} when the hub has accepted the link. */
    void subscribe(MessageHandler next, CompletableFuture<Void> subscribed) {
        handler = next;
        subscribers.add(subscribed);
        if (link == null) {
            attach(newLink());
        } else if (link.isAttached()) {
            attached();
        }
    }

    private void attach(CloudLink next) {
        if (life == Life.OVER) { // the session has ended over it
            next.leave();
            return;
        }
        link = next;
        next.expireAfter(timeout);
        connection.flush();
    }

    private CloudLink newLink() {
        CloudLink.Kind kind =
                identity().moduleId() == null ? CloudLink.Kind.CLOUD_TO_DEVICE : CloudLink.Kind.MODULE_INPUT;
        return new CloudLink(this, connection, session, HubAddresses.cloudMessages(identity()), kind, callbacks.lane());
    }

    /** The hub has accepted the link. */
    void attached() {
        subscribers.forEach(each -> callbacks.run(() -> each.complete(null)));
        subscribers.clear();
    }

    /** It has not. */
    void refused(UpstreamException cause) {
        link = null;
        failSubscribers(cause);
    }

    /** The link that the hub had accepted is gone, and nothing else. */
    void lost(UpstreamException cause) {
        link = null;
        line.lost(Subject.MESSAGES, cause);
    }

    private void failSubscribers(UpstreamException cause) {
        subscribers.forEach(each -> callbacks.run(() -> each.completeExceptionally(cause)));
        subscribers.clear();
    }

    /** The line is over: fails what waits, and hands nothing over any more. */
    void end(UpstreamException cause) {
        life = Life.OVER;
        if (link != null) {
            link.leave();
            link = null;
        }
        failSubscribers(cause);
    }
}
