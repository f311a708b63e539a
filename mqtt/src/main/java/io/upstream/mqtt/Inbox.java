// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.upstream.CloudMessage;
import io.upstream.MessageHandler;
import io.upstream.Settlement;
import io.upstream.session.Callbacks;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings messages from the hub to the application's handler in order, and their acknowledgements back in the same order (MQTT 3.1.1
 * §4.6). Bounded: at {@link #MAX_MESSAGES} or {@link #MAX_BYTES} that are not settled the socket is not read any more. Confined to the
 * event loop.
 */
final class Inbox {
    static final int MAX_MESSAGES = 100;
    static final long MAX_BYTES = 4L << 20;

    private static final Logger log = LoggerFactory.getLogger(Inbox.class);

    private final EventLoop loop;
    private final Callbacks.Lane lane;
    private final Outlet outlet;
    private final Queue<Delivery> unsettled = new ArrayDeque<>(1);

    /** Verdicts of one turn of the event loop are acknowledged together. */
    private final AtomicBoolean settling = new AtomicBoolean();

    private final Runnable settle = this::settle;
    private long bytes;
    private Pressure present = Pressure.LOW;
    private @Nullable MessageHandler handler;
    private volatile State state = State.OPEN;

    /** Whether more messages can be taken. */
    enum Pressure {
        LOW,
        HIGH
    }

    /** What the inbox asks of the connection. */
    interface Outlet {
        /** Writes a PUBACK. */
        void acknowledge(int packetId);

        /** Sends what was written. */
        void flush();

        /** Stops reading the socket, or goes on. */
        void pressure(Pressure pressure);
    }

    private enum State {
        OPEN,
        ENDED
    }

    /** Starts without a handler. */
    Inbox(EventLoop loop, Callbacks callbacks, Outlet outlet) {
        this.loop = loop;
        lane = callbacks.lane();
        this.outlet = outlet;
    }

    /** Has all messages given to {@code next} from now on, those included that came before any handler was there. */
    void handler(MessageHandler next) {
        boolean first = handler == null;
        handler = next;
        if (first) {
            for (Delivery delivery : unsettled) {
                dispatch(delivery, next);
            }
            updatePressure();
        }
    }

    /**
     * Takes a message in. While there is no handler, a full inbox drops it unacknowledged: the hub keeps it and delivers it again.
     *
     * @param packetId 0 if no acknowledgement is wanted
     * @param size of topic and payload in bytes
     */
    void receive(CloudMessage message, int packetId, int size) {
        MessageHandler receiver = handler;
        if (receiver == null && isFull()) {
            log.warn("a message from the hub came while nobody listens and was left with the hub: {}", message);
            return;
        }
        Delivery delivery = new Delivery(message, packetId, size);
        unsettled.add(delivery);
        bytes += size;
        if (receiver != null) {
            dispatch(delivery, receiver);
            updatePressure();
        }
    }

    /** Whether the application has nothing that it has not settled. */
    boolean isIdle() {
        return handler == null || unsettled.isEmpty();
    }

    /** The connection is gone: what was not begun is not begun, and nothing is acknowledged any more. */
    void end() {
        state = State.ENDED;
        lane.end();
        unsettled.clear();
        handler = null;
    }

    private boolean isFull() {
        return unsettled.size() >= MAX_MESSAGES || bytes >= MAX_BYTES;
    }

    private void dispatch(Delivery delivery, MessageHandler receiver) {
        lane.run(() ->
                ask(receiver, delivery.message).whenComplete((verdict, error) -> report(delivery, verdict, error)));
    }

    private static CompletionStage<Settlement> ask(MessageHandler receiver, CloudMessage message) {
        try {
            return Objects.requireNonNull(receiver.onMessage(message), "the handler returned no stage");
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Any thread. */
    private void report(Delivery delivery, @Nullable Settlement verdict, @Nullable Throwable error) {
        if (error != null) {
            lane.complain("the message handler failed, the message stays with the hub: " + delivery.message, error);
        } else if (verdict != Settlement.COMPLETE) {
            log.warn(
                    "MQTT cannot say {}: the message is not acknowledged, the hub delivers it again: {}",
                    verdict,
                    delivery.message);
        }
        delivery.verdict = error == null && verdict != null ? verdict : Settlement.ABANDON;
        if (state == State.ENDED) {
            log.debug("settled after the connection was lost, the hub delivers it again: {}", delivery.message);
        } else if (settling.compareAndSet(false, true)) {
            try {
                loop.execute(settle);
            } catch (RejectedExecutionException e) {
                log.debug("settled after the runtime was closed: {}", delivery.message);
            }
        }
    }

    private void settle() {
        settling.set(false); // first, so that a verdict that comes from now on comes here again
        if (state == State.ENDED) {
            return;
        }
        for (Delivery head = unsettled.peek(); head != null && head.verdict != null; head = unsettled.peek()) {
            unsettled.remove();
            bytes -= head.size;
            if (head.verdict == Settlement.COMPLETE && head.packetId != 0) {
                outlet.acknowledge(head.packetId);
            }
        }
        outlet.flush();
        updatePressure();
    }

    /** Goes down at half of the limits only, so that reading is not switched for each message. */
    private void updatePressure() {
        Pressure next = present;
        if (isFull()) {
            next = Pressure.HIGH;
        } else if (unsettled.size() <= MAX_MESSAGES / 2 && bytes <= MAX_BYTES / 2) {
            next = Pressure.LOW;
        }
        if (next != present) {
            present = next;
            outlet.pressure(next);
        }
    }

    private static final class Delivery {
        private final CloudMessage message;
        private final int packetId;
        private final int size;

        /** Set once, by any thread. */
        private volatile @Nullable Settlement verdict;

        private Delivery(CloudMessage message, int packetId, int size) {
            this.message = message;
            this.packetId = packetId;
            this.size = size;
        }
    }
}
