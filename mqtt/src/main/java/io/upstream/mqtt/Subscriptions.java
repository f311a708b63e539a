// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.session.Callbacks;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** All that one session subscribes to, each filter when it is first needed. Confined to the event loop. */
final class Subscriptions {
    /** How long the hub may take to answer a SUBSCRIBE, if an operation may take that long at all. */
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(15);

    private final CloudTopic messages;
    private final Where where;
    private final EventLoop loop;
    private final Callbacks callbacks;
    private final Duration limit;
    private final Consumer<MqttMessage> send;
    private final Map<Filter, Subscription> declared = new EnumMap<>(Filter.class);

    /**
     * Asks for nothing yet.
     *
     * @param messages where messages come from
     * @param send sends a SUBSCRIBE
     */
    Subscriptions(
            CloudTopic messages,
            Where where,
            EventLoop loop,
            Callbacks callbacks,
            Duration operationTimeout,
            Consumer<MqttMessage> send) {
        this.messages = messages;
        this.where = where;
        this.loop = loop;
        this.callbacks = callbacks;
        this.limit = operationTimeout.compareTo(ANSWER_LIMIT) < 0 ? operationTimeout : ANSWER_LIMIT;
        this.send = send;
    }

    /** Tells {@code waiter} when the hub has confirmed {@code filter}; subscribes if nobody has before. */
    void await(Filter filter, Subscription.Waiter waiter) {
        Subscription subscription = declared.get(filter);
        if (subscription == null) {
            subscription = new Subscription(filter.topic(messages), where, loop, limit, () -> subscribe(filter));
            declared.put(filter, subscription);
        }
        subscription.await(waiter);
    }

    /** As above, and completes {@code outcome} on the callback executor. */
    void await(Filter filter, CompletableFuture<Void> outcome) {
        await(filter, refusal -> callbacks.run(() -> complete(outcome, refusal)));
    }

    /**
     * Takes a SUBACK.
     *
     * @throws UpstreamException of kind {@link io.upstream.FailureKind#PROTOCOL} if nothing was asked, or more granted than was asked
     */
    void answered(int packetId, int code) throws UpstreamException {
        for (Map.Entry<Filter, Subscription> each : declared.entrySet()) {
            if (each.getKey().packetId() == packetId && each.getValue().answered(code)) {
                return;
            }
        }
        throw MqttFrameReader.violation(
                where, "a SUBACK for packet id " + packetId + " with code " + code + ", which answers nothing");
    }

    /** Fails all who wait. */
    void end(UpstreamException cause) {
        declared.values().forEach(subscription -> subscription.end(cause));
    }

    private void subscribe(Filter filter) {
        send.accept(MqttMessageBuilders.subscribe()
                .messageId(filter.packetId())
                .addSubscription(filter.qos(), filter.topic(messages))
                .build());
    }

    private static void complete(CompletableFuture<Void> outcome, @Nullable UpstreamException refusal) {
        if (refusal == null) {
            outcome.complete(null);
        } else {
            outcome.completeExceptionally(refusal);
        }
    }
}
