// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse.Known;
import io.upstream.UpstreamException;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.session.Callbacks;
import io.upstream.session.MethodCalls;
import io.upstream.session.Subject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Direct methods: from the link to the application, and its answers back. Confined to the event loop. */
final class MethodReceiver implements ServiceLinks.User {
    /** The hub spells it so. */
    private static final String NAME = "IoThub-methodname";

    private static final Logger log = LoggerFactory.getLogger(MethodReceiver.class);

    private final AmqpLine owner;
    private final Callbacks callbacks;
    private final MethodCalls calls;
    private final ServiceLinks links;
    private final List<CompletableFuture<Void>> subscribers = new ArrayList<>();
    private Subscription subscription = Subscription.NONE;

    /** Whether calls come on the links that there are. */
    private enum Subscription {
        NONE,
        CONFIRMED
    }

    MethodReceiver(
            AmqpLine owner, AmqpConnection connection, EngineSession session, Callbacks callbacks, Duration timeout) {
        this.owner = owner;
        this.callbacks = callbacks;
        calls = new MethodCalls(connection.loop(), callbacks);
        links = new ServiceLinks(owner, connection, session, Service.METHODS, timeout, this);
    }

    /** Takes a handler; completes {@code outcome} when the hub has accepted the links. */
    void subscribe(MethodHandler handler, CompletableFuture<Void> outcome) {
        calls.handler(handler);
        subscribers.add(outcome);
        if (links.isAttached()) {
            attached();
        } else {
            links.use();
        }
    }

    @Override
    public void attached() {
        subscription = Subscription.CONFIRMED;
        List<CompletableFuture<Void>> all = List.copyOf(subscribers);
        subscribers.clear();
        all.forEach(each -> callbacks.run(() -> each.complete(null)));
    }

    @Override
    public void received(ServiceMessage call) {
        String name = call.property(NAME);
        byte[] correlation = call.correlation();
        if (name == null || correlation.length == 0) {
            log.warn("{}: a call without a method's name or an id is left unanswered", owner.identity());
        } else {
            calls.call(new MethodRequest(name, call.body()), known -> answer(name, correlation, known));
        }
        links.release();
    }

    private void answer(String name, byte[] correlation, Known known) {
        links.send(name, ServiceMessages.methodAnswer(correlation, known.status(), known.payload()));
        owner.settled();
    }

    /** Whether no call is with the application. */
    boolean isIdle() {
        return calls.isIdle();
    }

    @Override
    public void lost(UpstreamException cause) {
        failSubscribers(cause);
        if (subscription == Subscription.CONFIRMED) {
            subscription = Subscription.NONE;
            owner.lost(Subject.METHODS, cause);
        }
    }

    private void failSubscribers(UpstreamException cause) {
        List<CompletableFuture<Void>> all = List.copyOf(subscribers);
        subscribers.clear();
        all.forEach(each -> callbacks.run(() -> each.completeExceptionally(cause)));
    }

    @Override
    public boolean isWanted(String name) {
        return true;
    }

    @Override
    public void refused(String name, UpstreamException cause) {
        log.warn("{}: the answer to the method '{}' got lost: {}", owner.identity(), name, cause.getMessage());
    }

    /** Sends what can be sent now. */
    void pump() {
        links.pump();
    }

    /** Fails who waits; no call is handed over and no answer sent any more. */
    void end(UpstreamException cause) {
        calls.end();
        links.end();
        failSubscribers(cause);
    }
}
