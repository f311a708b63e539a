// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.CloudMessage;
import io.upstream.FailureKind;
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
 * One link on which an identity's messages come, from its attach to its loss, with all that it has delivered: what was not begun by then is
 * not begun, and what is decided later is settled nowhere, since the hub delivers both again on the next link. Confined to the event loop;
 * the handler runs on a {@link Callbacks.Lane} of its own.
 *
 * <p>Credit is given so that what is unsettled, and what may still come, never exceeds {@link #MAX_MESSAGES} and the bytes of {@link
 * Kind}.
 */
final class CloudLink implements ReceiverEvents {
    static final int MAX_MESSAGES = 100;

    private static final Logger log = LoggerFactory.getLogger(CloudLink.class);

    private final CloudReceiver owner;
    private final AmqpConnection connection;
    private final Kind kind;
    private final Callbacks.Lane lane;
    private final Unsettled unsettled = new Unsettled();
    private final EngineReceiver receiver;
    private Progress progress = Progress.ATTACHING;
    private @Nullable Future<?> alarm;
    private int credit;

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

    private enum Progress {
        ATTACHING,
        ATTACHED,
        OVER
    }

    /** Attaches; does not wait for the hub. */
    CloudLink(
            CloudReceiver owner,
            AmqpConnection connection,
            EngineSession session,
            String address,
            Kind kind,
            Callbacks.Lane lane) {
        this.owner = owner;
        this.connection = connection;
        this.kind = kind;
        this.lane = lane;
        receiver = session.receiver(
                new LinkTerms(
                        HubAddresses.linkName("devicebound"),
                        address,
                        connection.linkProperties(),
                        kind.maxMessageBytes),
                this);
    }

    /** Gives up if the hub has not attached by then. */
    void expireAfter(Duration timeout) {
        alarm = connection.loop().schedule(() -> expire(timeout), timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void expire(Duration timeout) {
        leave();
        receiver.detach();
        connection.flush();
        owner.refused(UpstreamException.of(
                FailureKind.TIMEOUT,
                connection.where("attach"),
                connection.where("attach").hop() + " did not answer the subscription within "
                        + Failures.seconds(timeout)));
    }

    boolean isAttached() {
        return progress == Progress.ATTACHED;
    }

    /** From now on hands nothing over, though more may be on its way, and settles nothing. */
    void leave() {
        progress = Progress.OVER;
        lane.end();
        unsettled.clear();
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    @Override
    public void attached() {
        progress = Progress.ATTACHED;
        if (alarm != null) {
            alarm.cancel(false);
        }
        owner.attached();
        topUp();
    }

    @Override
    public void delivered(long delivery, MessageBytes message) {
        if (progress == Progress.OVER) {
            return; // the hub delivers it again
        }
        credit--;
        handOver(delivery, message);
        topUp();
    }

    @Override
    public void detached(@Nullable PeerError error) {
        if (progress == Progress.OVER) {
            return;
        }
        boolean refused = progress == Progress.ATTACHING;
        leave();
        if (refused) {
            owner.refused(Conditions.failure(
                    error, connection.where("attach"), "refused the subscription", FailureKind.CLOSED_BY_PEER));
        } else {
            owner.lost(Conditions.failure(
                    error,
                    connection.where(AmqpStage.NAME),
                    "closed the link for cloud-to-device messages",
                    FailureKind.CLOSED_BY_PEER));
        }
    }

    private void handOver(long delivery, MessageBytes bytes) {
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
        lane.run(() -> call(message).whenComplete((settlement, error) -> {
            if (error != null) {
                lane.complain("the message handler failed, the message is abandoned", error);
            }
            decideLater(entry, error == null ? outcome(settlement) : Outcome.RELEASED);
        }));
    }

    private CompletionStage<Settlement> call(CloudMessage message) {
        try {
            return Objects.requireNonNull(owner.handler().onMessage(message), "the handler returned no stage");
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
                if (progress == Progress.ATTACHED) {
                    decide(entry, decision);
                    connection.flush();
                } else {
                    log.debug("{}: decided after its link was lost, the hub delivers it again", owner.identity());
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed: the hub delivers the message again");
        }
    }

    private void decide(Unsettled.Entry entry, Outcome decision) {
        unsettled.decide(entry, decision);
        topUp();
    }

    private void topUp() {
        int byCount = MAX_MESSAGES - unsettled.count();
        long byBytes = (kind.maxBytes - unsettled.bytes()) / kind.maxMessageBytes;
        int more = (int) Math.min(byCount, byBytes) - credit;
        if (progress == Progress.ATTACHED && more > 0 && credit <= more) {
            credit += more;
            receiver.credit(more);
        }
    }
}
