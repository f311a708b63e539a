// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.upstream.DesiredChange;
import io.upstream.MethodHandler;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an identity has with its hub beside messages: its twin, the changes of that, direct methods. A session makes it when it is first needed:
 * most never do. Confined to the event loop.
 */
final class HubTraffic {
    private final Subscriptions subscriptions;
    private final TwinRequests twin;
    private final DesiredChanges changes;
    private final MethodExchange methods;

    /** Asks for nothing yet. */
    HubTraffic(
            SessionSetup setup,
            EventLoop loop,
            Where where,
            Subscriptions subscriptions,
            HubOutlet outlet,
            ReadGate gate) {
        this.subscriptions = subscriptions;
        this.twin = new TwinRequests(setup, loop, where, subscriptions, outlet);
        this.changes = new DesiredChanges(loop, setup.callbacks(), gate, where.hop());
        this.methods = new MethodExchange(loop, setup.callbacks(), outlet, where.hop());
    }

    /** As {@link io.upstream.UpstreamSession#twin}. */
    void twin(CompletableFuture<Twin> outcome) {
        twin.get(outcome);
    }

    /** As {@link TwinRequests#report}. */
    void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
        twin.report(patch, base, outcome);
    }

    /** As {@link io.upstream.UpstreamSession#onDesiredChange}. */
    void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome) {
        changes.handler(handler);
        subscriptions.await(Filter.DESIRED_CHANGES, outcome);
    }

    /** As {@link io.upstream.UpstreamSession#onMethod}. */
    void onMethod(MethodHandler handler, CompletableFuture<Void> outcome) {
        methods.handler(handler);
        subscriptions.await(Filter.METHOD_CALLS, outcome);
    }

    /** Takes what came on {@code topic}. */
    void receive(HubTopic topic, PublishView message) {
        switch (topic.kind()) {
            case TWIN_ANSWER -> twin.answered(topic, message);
            case DESIRED_CHANGE -> changes.changed(message);
            case METHOD_CALL -> methods.called(topic, message);
        }
    }

    /** Whether nothing is under way that a close should wait for. */
    boolean isIdle() {
        return twin.isIdle() && methods.isIdle();
    }

    /** Fails all that is unanswered; nothing is answered any more. */
    void end(UpstreamException cause) {
        twin.end(cause);
        changes.end();
        methods.end();
    }
}
