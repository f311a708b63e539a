// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.ServiceMessages.TwinOperation;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.session.Callbacks;
import io.upstream.session.Inquiries;
import io.upstream.session.Subject;
import io.upstream.session.TwinDocument;
import io.upstream.session.TwinStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An identity's twin: requests and the hub's replies by their id, and changes of desired properties as they come. Confined to the event
 * loop; the application is told through {@link Callbacks}.
 */
final class TwinClient implements ServiceLinks.User {
    private static final byte[] NO_BODY = {};
    private static final Logger log = LoggerFactory.getLogger(TwinClient.class);

    private final AmqpLine owner;
    private final AmqpConnection connection;
    private final Callbacks callbacks;
    private final Callbacks.Lane lane;
    private final Where where;
    private final Inquiries<ServiceMessage> inquiries;
    private final ServiceLinks links;
    private volatile @Nullable Consumer<DesiredChange> handler;
    private Subscription subscription = Subscription.NONE;

    /** The latest request for changes. */
    private String subscribing = "";

    /** Whether changes come on the links that there are. */
    private enum Subscription {
        NONE,
        CONFIRMED
    }

    /** Makes what the application asked for of a good reply. */
    private interface Reader<T> {
        @Nullable
        T read(ServiceMessage reply) throws IOException;
    }

    TwinClient(
            AmqpLine owner, AmqpConnection connection, EngineSession session, Callbacks callbacks, Duration timeout) {
        this.owner = owner;
        this.connection = connection;
        this.callbacks = callbacks;
        lane = callbacks.lane();
        where = connection.where("twin");
        inquiries = new Inquiries<>(connection.loop(), callbacks, timeout, where);
        links = new ServiceLinks(owner, connection, session, Service.TWIN, timeout, this);
    }

    void read(CompletableFuture<Twin> outcome) {
        ask(
                "the request for the twin",
                id -> ServiceMessages.twinRequest(TwinOperation.GET, null, id, NO_BODY),
                reply -> TwinDocument.read(reply.body()),
                outcome);
    }

    /**
     * Changes reported properties.
     *
     * @param version that they must have; null for any
     */
    void report(byte[] patch, @Nullable Long version, CompletableFuture<Long> outcome) {
        ask(
                "the patch of reported properties",
                id -> ServiceMessages.twinRequest(TwinOperation.REPORT, version, id, patch),
                reply -> reply.number("version"),
                outcome);
    }

    /** Takes a handler; completes {@code outcome} when the hub has confirmed. */
    void subscribe(Consumer<DesiredChange> next, CompletableFuture<Void> outcome) {
        handler = next;
        if (subscription == Subscription.CONFIRMED) {
            callbacks.run(() -> outcome.complete(null));
        } else {
            askForChanges(outcome);
        }
    }

    private void askForChanges(CompletableFuture<Void> outcome) {
        ask("the subscription to desired properties", this::subscription, reply -> null, outcome);
    }

    private byte[] subscription(String id) {
        subscribing = id;
        return ServiceMessages.twinRequest(TwinOperation.SUBSCRIBE, null, id, NO_BODY);
    }

    private interface Request {
        byte[] encode(String id);
    }

    private <T> void ask(String what, Request request, Reader<T> reader, CompletableFuture<T> outcome) {
        CompletableFuture<ServiceMessage> replied = new CompletableFuture<>();
        replied.whenComplete((reply, error) -> {
            if (error != null) {
                outcome.completeExceptionally(error);
            } else {
                finish(what, reply, reader, outcome);
            }
        });
        inquiries.ask(what, replied, id -> {
            links.use();
            links.send(id, request.encode(id));
        });
    }

    /** On the callback executor: reading JSON takes its time. */
    private <T> void finish(String what, ServiceMessage reply, Reader<T> reader, CompletableFuture<T> outcome) {
        int status = status(reply);
        if (!TwinStatus.isGood(status)) {
            outcome.completeExceptionally(TwinStatus.refusal(where, what, status, reply.bodyText()));
            return;
        }
        try {
            outcome.complete(reader.read(reply));
        } catch (IOException e) {
            outcome.completeExceptionally(UpstreamException.of(
                    FailureKind.PROTOCOL, where, where.hop() + " answered " + what + " with what cannot be read", e));
        }
    }

    private static int status(ServiceMessage reply) {
        return (int) reply.number("status");
    }

    @Override
    public void received(ServiceMessage message) {
        String id = message.correlationText();
        if (id == null) {
            changed(message);
            return;
        }
        if (id.equals(subscribing) && TwinStatus.isGood(status(message))) {
            subscription = Subscription.CONFIRMED;
        }
        inquiries.answer(id, message);
        links.release();
        owner.settled();
    }

    /** The next ones wait until the application is done with it. */
    private void changed(ServiceMessage message) {
        lane.run(() -> {
            try {
                tell(message);
            } finally {
                onLoop(links::release);
            }
        });
    }

    private void tell(ServiceMessage message) {
        Consumer<DesiredChange> current = handler;
        if (current == null) {
            return;
        }
        DesiredChange change;
        try {
            change = TwinDocument.readChange(message.body());
        } catch (IOException e) {
            log.warn("{}: a change of desired properties that cannot be read is left out", owner.identity());
            return;
        }
        current.accept(change);
    }

    private void onLoop(Runnable task) {
        try {
            connection.loop().execute(task);
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed");
        }
    }

    @Override
    public void lost(UpstreamException cause) {
        inquiries.end(cause);
        if (subscription == Subscription.CONFIRMED) {
            subscription = Subscription.NONE;
            owner.lost(Subject.DESIRED_CHANGES, cause);
        }
    }

    @Override
    public boolean isWanted(String id) {
        return inquiries.isOpen(id);
    }

    @Override
    public void refused(String id, UpstreamException cause) {
        inquiries.refuse(id, cause);
        owner.settled();
    }

    /** Whether nobody waits for an answer. */
    boolean isIdle() {
        return inquiries.isIdle();
    }

    /** Sends what can be sent now. */
    void pump() {
        links.pump();
    }

    /** Fails what waits; nothing is told any more. */
    void end(UpstreamException cause) {
        lane.end();
        links.end();
        inquiries.end(cause);
    }
}
