// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.amqp.ServiceLinks.Outgoing;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.amqp.engine.SenderEvents;
import io.upstream.connect.Failures;
import io.upstream.session.HubLimit;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Two links to one of the hub's services, one each way, from their attach to the loss of one of them, which is the loss of both. They
 * carry the same correlation id, by which the hub knows them for a pair. Confined to the event loop.
 */
final class LinkPair {
    /** What is written at most before the channel is asked again. */
    private static final int CHUNK_BYTES = 64 * 1024;

    private final ServiceLinks links;
    private final AmqpConnection connection;
    private final Members.Member member;
    private final Service service;
    private final EngineSender sender;
    private final EngineReceiver receiver;
    private Progress progress = Progress.ATTACHING;
    private @Nullable Future<?> alarm;
    private int toAttach = 2;
    private int credit;

    private enum Progress {
        ATTACHING,
        ATTACHED,
        OVER
    }

    /** Attaches; does not wait for the hub. */
    LinkPair(ServiceLinks links, AmqpLine owner, AmqpConnection connection, EngineSession session, Service service) {
        this.links = links;
        this.connection = connection;
        this.member = owner;
        this.service = service;
        String address = service.address(owner.identity());
        Map<String, String> properties = HubAddresses.pairProperties(connection.linkProperties(), service.label());
        sender = session.sender(terms("sender", address, properties), new Outbound());
        receiver = session.receiver(terms("receiver", address, properties), new Inbound());
    }

    private LinkTerms terms(String direction, String address, Map<String, String> properties) {
        String name = HubAddresses.linkName(service.label() + "-" + direction);
        return new LinkTerms(name, address, properties, service.maxMessageBytes());
    }

    boolean isAttached() {
        return progress == Progress.ATTACHED;
    }

    /** Gives up if the hub has not attached by then. */
    void expireAfter(Duration timeout) {
        alarm = connection.loop().schedule(() -> expire(timeout), timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void expire(Duration timeout) {
        lose(UpstreamException.of(
                FailureKind.TIMEOUT,
                connection.where("attach"),
                connection.where("attach").hop() + " did not answer the links for " + service.text() + " within "
                        + Failures.seconds(timeout) + ": try again, or check the connection"));
    }

    private void attachedOne() {
        toAttach--;
        if (toAttach == 0 && progress == Progress.ATTACHING) {
            progress = Progress.ATTACHED;
            cancelAlarm();
            topUp();
            links.attached();
            pump();
        }
    }

    private void detached(@Nullable PeerError error) {
        boolean refused = progress == Progress.ATTACHING;
        lose(Conditions.failure(
                error,
                connection.where(refused ? "attach" : AmqpStage.NAME),
                (refused ? "refused the links for " : "closed the links for ") + service.text(),
                FailureKind.CLOSED_BY_PEER));
    }

    private void lose(UpstreamException cause) {
        if (progress != Progress.OVER) {
            leave();
            sender.detach();
            receiver.detach();
            connection.flushSoon();
            links.lost(cause);
        }
    }

    /** Tells nobody anything any more. */
    void leave() {
        progress = Progress.OVER;
        cancelAlarm();
    }

    private void cancelAlarm() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    /** Lets the hub send as much as there is room for; not in the smallest portions. */
    void topUp() {
        int more = links.room() - credit;
        if (progress == Progress.ATTACHED && more > 0 && credit <= more) {
            credit += more;
            receiver.credit(more);
            connection.flushSoon();
        }
    }

    /** Sends what can be sent now. */
    void pump() {
        int chunk = 0;
        while (progress == Progress.ATTACHED && sender.credit() > 0 && links.hasWaiting()) {
            if (!connection.isWritable()) {
                connection.members().holdBack(member);
                break;
            }
            chunk += transferNext();
            if (chunk >= CHUNK_BYTES) {
                connection.flush(); // else the channel would not know that it is full
                chunk = 0;
            }
        }
        topUp();
        connection.flushSoon();
    }

    /** Gives how many bytes were written. */
    private int transferNext() {
        Outgoing next = links.next();
        if (next == null) {
            return 0;
        }
        int size = next.message().length;
        long limit = sender.maxMessageSize();
        if (size > limit) {
            links.refused(next.id(), HubLimit.exceeded(size, limit, "the limit of the hub's link"));
            return 0;
        }
        sender.send(next.message(), null, next.id());
        return size;
    }

    private final class Outbound implements SenderEvents {
        @Override
        public void attached() {
            attachedOne();
        }

        @Override
        public void credited() {
            pump();
        }

        /** That the hub has taken it says nothing yet: the reply does. */
        @Override
        public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
            if (outcome != Outcome.ACCEPTED && outcome != Outcome.UNKNOWN) {
                FailureKind silent = outcome == Outcome.REJECTED ? FailureKind.INVALID : FailureKind.SERVER_ERROR;
                links.refused(
                        (String) tag,
                        Conditions.failure(
                                error, connection.where(service.label()), "did not take the message", silent));
            }
        }

        @Override
        public void detached(@Nullable PeerError error) {
            LinkPair.this.detached(error);
        }
    }

    private final class Inbound implements ReceiverEvents {
        @Override
        public void attached() {
            attachedOne();
        }

        @Override
        public void delivered(long delivery, MessageBytes message) {
            if (progress != Progress.OVER) {
                credit--;
                receiver.settle(delivery, Outcome.ACCEPTED);
                links.received(message.copy());
            }
        }

        @Override
        public void detached(@Nullable PeerError error) {
            LinkPair.this.detached(error);
        }
    }
}
