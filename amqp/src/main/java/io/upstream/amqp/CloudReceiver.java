// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.CloudMessage;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.Settlement;
import io.upstream.UpstreamException;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.connect.Failures;
import io.upstream.session.Callbacks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of messages from the link to the application's handler, and of its decisions back, in the order of arrival: a device's
 * cloud-to-device messages, or what is routed to a module's inputs. Confined to the event loop; the handler runs on the session's {@link
 * Callbacks}.
 *
 * <p>Credit is given so that what is unsettled, and what may still come, never exceeds {@link #MAX_MESSAGES} and the bytes of {@link
 * Kind}.
 */
final class CloudReceiver {
    static final int MAX_MESSAGES = 100;

    /** What the hub lets a message have, and as much again for the encoding of its properties. */
    enum Kind {
        CLOUD_TO_DEVICE(2 * 64 * 1024, 4 << 20),
        MODULE_INPUT(2 * 256 * 1024, 16 << 20);

        private final int maxMessageBytes;
        private final int maxBytes;

        Kind(int maxMessageBytes, int maxBytes) {
            this.maxMessageBytes = maxMessageBytes;
            this.maxBytes = maxBytes;
        }
    }

    private static final Logger log = LoggerFactory.getLogger(CloudReceiver.class);

    private final AmqpLine owner;
    private final AmqpConnection connection;
    private final EngineSession session;
    private final String address;
    private final Kind kind;
    private final Callbacks callbacks;
    private final Duration timeout;
    private final Unsettled unsettled = new Unsettled();
    private final List<CompletableFuture<Void>> subscribers = new ArrayList<>();
    private volatile @Nullable MessageHandler handler;
    private @Nullable Link link;
    private @Nullable Future<?> alarm;
    private int credit;

    CloudReceiver(
            AmqpLine owner, AmqpConnection connection, EngineSession session, Callbacks callbacks, Duration timeout) {
        this.owner = owner;
        this.connection = connection;
        this.session = session;
        address = HubAddresses.cloudMessages(owner.identity());
        kind = owner.identity().moduleId() == null ? Kind.CLOUD_TO_DEVICE : Kind.MODULE_INPUT;
        this.callbacks = callbacks;
        this.timeout = timeout;
    }

    /** Takes a handler; completes {@code subscribed} when the hub has accepted the link. */
    void subscribe(MessageHandler next, CompletableFuture<Void> subscribed) {
        handler = next;
        if (link != null && link.isAttached()) {
            succeed(subscribed);
            return;
        }
        subscribers.add(subscribed);
        if (link == null) {
            Link attaching = new Link();
            link = attaching;
            alarm = connection.loop().schedule(attaching::expire, timeout.toNanos(), TimeUnit.NANOSECONDS);
            connection.flush();
        }
    }

    /** Fails what waits; from now on hands nothing over, though more may be on its way, and settles nothing. */
    void end(UpstreamException cause) {
        handler = null; // what waits for it comes again on the next line
        unsettled.clear();
        cancelAlarm();
        if (link != null) {
            link.progress = Link.Progress.OVER;
            link = null;
        }
        failSubscribers(cause);
    }

    private void cancelAlarm() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    private void succeed(CompletableFuture<Void> subscribed) {
        callbacks.run(() -> subscribed.complete(null));
    }

    private void failSubscribers(UpstreamException cause) {
        for (CompletableFuture<Void> each : subscribers) {
            callbacks.run(() -> each.completeExceptionally(cause));
        }
        subscribers.clear();
    }

    private void handOver(EngineReceiver receiver, long delivery, MessageBytes bytes) {
        Unsettled.Entry entry = unsettled.add(receiver, delivery, bytes.size());
        CloudMessage message;
        try {
            message = CloudMessages.read(bytes);
        } catch (MalformedMessageException e) {
            log.warn(
                    "{}: a cloud-to-device message that cannot be read ({}) is rejected",
                    owner.identity(),
                    e.getMessage());
            decide(entry, Outcome.REJECTED);
            return;
        }
        callbacks.run(() -> call(message).whenComplete((settlement, error) -> {
            if (error != null) {
                log.warn("{}: the message handler failed, the message is abandoned", owner.identity(), error);
            }
            decideLater(entry, error == null ? outcome(settlement) : Outcome.RELEASED);
        }));
    }

    private CompletionStage<Settlement> call(CloudMessage message) {
        MessageHandler current = handler;
        try {
            return current == null
                    ? CompletableFuture.completedFuture(Settlement.ABANDON)
                    : Objects.requireNonNull(current.onMessage(message), "the handler returned no stage");
        } catch (Throwable e) { // the application's own: it must not stop the stream
            return CompletableFuture.failedFuture(e);
        }
    }

    private static Outcome outcome(@Nullable Settlement settlement) {
        if (settlement == null) {
            return Outcome.RELEASED;
        }
        return switch (settlement) {
            case COMPLETE -> Outcome.ACCEPTED;
            case REJECT -> Outcome.REJECTED;
            case ABANDON -> Outcome.RELEASED;
        };
    }

    private void decideLater(Unsettled.Entry entry, Outcome decision) {
        try {
            connection.loop().execute(() -> {
                decide(entry, decision);
                connection.flush();
            });
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed: the hub delivers the message again");
        }
    }

    private void decide(Unsettled.Entry entry, Outcome decision) {
        unsettled.decide(entry, decision);
        if (link != null) {
            link.topUp();
        }
    }

    /** One link; a new one after each that was refused. */
    private final class Link implements ReceiverEvents {
        private final EngineReceiver receiver;
        private Progress progress = Progress.ATTACHING;

        private enum Progress {
            ATTACHING,
            ATTACHED,
            OVER
        }

        Link() {
            receiver = session.receiver(
                    new LinkTerms(
                            HubAddresses.linkName("devicebound"),
                            address,
                            connection.linkProperties(),
                            kind.maxMessageBytes),
                    this);
        }

        boolean isAttached() {
            return progress == Progress.ATTACHED;
        }

        void topUp() {
            int byCount = MAX_MESSAGES - unsettled.count();
            long byBytes = (kind.maxBytes - unsettled.bytes()) / kind.maxMessageBytes;
            int more = (int) Math.min(byCount, byBytes) - credit;
            if (progress == Progress.ATTACHED && more > 0 && credit <= more) {
                credit += more;
                receiver.credit(more);
            }
        }

        void expire() {
            if (progress == Progress.ATTACHING) {
                giveUp(UpstreamException.of(
                        FailureKind.TIMEOUT,
                        connection.where("attach"),
                        connection.where("attach").hop() + " did not answer the subscription within "
                                + Failures.seconds(timeout)));
                receiver.detach();
                connection.flush();
            }
        }

        private void giveUp(UpstreamException cause) {
            progress = Progress.OVER;
            link = null;
            cancelAlarm();
            failSubscribers(cause);
        }

        @Override
        public void attached() {
            progress = Progress.ATTACHED;
            cancelAlarm();
            subscribers.forEach(CloudReceiver.this::succeed);
            subscribers.clear();
            topUp();
        }

        @Override
        public void delivered(long delivery, MessageBytes message) {
            if (progress == Progress.OVER) {
                return; // the hub delivers it again
            }
            credit--;
            handOver(receiver, delivery, message);
            topUp();
        }

        @Override
        public void detached(@Nullable PeerError error) {
            if (progress == Progress.ATTACHING) {
                giveUp(Conditions.failure(
                        error, connection.where("attach"), "refused the subscription", FailureKind.CLOSED_BY_PEER));
            } else if (progress == Progress.ATTACHED) {
                progress = Progress.OVER;
                owner.linkLost(Conditions.failure(
                        error,
                        connection.where(AmqpStage.NAME),
                        "closed the link for cloud-to-device messages",
                        FailureKind.CLOSED_BY_PEER));
            }
        }
    }
}
