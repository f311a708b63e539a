// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.Assignment;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.Registration;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.connect.Failures;
import io.upstream.provisioning.ServiceDocument.Operation;
import io.upstream.provisioning.ServiceDocument.ServiceError;
import io.upstream.provisioning.ServiceDocument.State;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One registration on one connection: the request, and questions about it until the service has assigned a hub or says why it does not.
 * Confined to the event loop. Waits as long as the service asks for, within bounds; leaves the connection open.
 *
 * <pre>
 *   ASKING ◄──► PAUSING        a good answer or a refusal ──► OVER
 * </pre>
 */
final class Conversation implements ServiceLink.Listener {
    /** When to ask again if the service does not say, as Microsoft's own SDKs. */
    static final Duration USUAL_PAUSE = Duration.ofSeconds(2);

    static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);

    /** While the service works on it; a refusal may ask for more. */
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final EventLoop loop;
    private final ServiceLink link;
    private final Registration registration;
    private final UpstreamProtocol protocol;
    private final String hop;
    private final byte[] request;
    private final CompletableFuture<Assignment> outcome = new CompletableFuture<>();
    private Step step = Step.ASKING;
    private String operationId = "";
    private long deadline;
    private @Nullable UpstreamException refusal;
    private @Nullable Future<?> alarm;
    private @Nullable Future<?> next;

    private enum Step {
        /** A request is under way. */
        ASKING,
        /** The service wants to be asked later. */
        PAUSING,
        OVER
    }

    Conversation(EventLoop loop, ServiceLink link, Registration registration, UpstreamProtocol protocol, String hop) {
        this.loop = loop;
        this.link = link;
        this.registration = registration;
        this.protocol = protocol;
        this.hop = hop;
        this.request = ServiceDocument.request(registration);
    }

    /** Completes on the event loop. */
    CompletableFuture<Assignment> outcome() {
        return outcome;
    }

    /** Asks, and is over within {@code limit}. */
    void begin(Duration limit) {
        deadline = now() + limit.toNanos();
        alarm = loop.schedule(this::outOfTime, limit.toNanos(), TimeUnit.NANOSECONDS);
        link.listen(this);
        ask();
    }

    /** Gives up. */
    void stop(UpstreamException reason) {
        end(null, reason);
    }

    private void ask() {
        if (step == Step.OVER) {
            return;
        }
        step = Step.ASKING;
        if (operationId.isEmpty()) {
            link.register(request);
        } else {
            link.query(operationId);
        }
    }

    @Override
    public void answered(ServiceAnswer answer) {
        if (step != Step.ASKING) {
            return; // twice, perhaps: at-least-once delivery may do that
        }
        if (!answer.isGood()) {
            refused(answer);
            return;
        }
        refusal = null;
        try {
            understood(ServiceDocument.read(answer.body()), answer.retryAfter());
        } catch (IOException | IllegalArgumentException e) { // without it as the cause: it may show what was read
            broken("an answer that cannot be read");
        }
    }

    @Override
    public void lost(UpstreamException cause) {
        end(null, cause);
    }

    /** @throws IllegalArgumentException if the hub or the device has a name that none can have */
    private void understood(Operation operation, @Nullable Duration retryAfter) throws IOException {
        switch (operation.status()) {
            case "assigning" -> assigning(operation, retryAfter);
            case "assigned" -> assigned(operation.state());
            case "failed" -> end(null, Refusal.failed(where(), registration, error(operation)));
            case "disabled" ->
                refuse(FailureKind.DEVICE_DISABLED, "is disabled: enable its enrolment, or that of its group");
            case "unassigned" ->
                refuse(FailureKind.NOT_FOUND, "is assigned to no hub: check that a hub is linked to the service");
            case "" -> broken("an answer without a status");
            default -> broken("the unknown status '" + Failures.printable(operation.status()) + "'");
        }
    }

    private static ServiceError error(Operation operation) {
        State state = operation.state();
        return state == null ? ServiceError.NONE : state.error();
    }

    private void assigning(Operation operation, @Nullable Duration retryAfter) {
        if (!operation.operationId().isEmpty()) {
            operationId = operation.operationId();
        }
        if (operationId.isEmpty()) {
            broken("an operation without an id");
            return;
        }
        Duration pause = pause(retryAfter);
        pauseFor(pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause);
    }

    private void assigned(@Nullable State state) {
        if (state == null || state.hub().isEmpty() || state.deviceId().isEmpty()) {
            broken("an assignment without a hub or a device id");
            return;
        }
        end(
                Assignment.of(
                        state.hub(), Identity.device(state.deviceId()), state.substatus(), state.payload(), protocol),
                null);
    }

    /** What passes by itself is tried again, if there is time for it. */
    private void refused(ServiceAnswer answer) {
        UpstreamException cause = Refusal.of(where(), registration, answer);
        boolean passes = cause.kind() == FailureKind.THROTTLED || cause.kind() == FailureKind.SERVER_ERROR;
        Duration pause = pause(answer.retryAfter());
        if (passes && pause.toNanos() < deadline - now()) {
            refusal = cause;
            pauseFor(pause);
        } else {
            end(null, cause);
        }
    }

    private static Duration pause(@Nullable Duration retryAfter) {
        Duration asked = retryAfter == null ? USUAL_PAUSE : retryAfter;
        return asked.compareTo(SHORTEST_PAUSE) < 0 ? SHORTEST_PAUSE : asked;
    }

    private void pauseFor(Duration pause) {
        step = Step.PAUSING;
        next = loop.schedule(this::ask, pause.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void refuse(FailureKind kind, String what) {
        end(
                null,
                UpstreamException.of(
                        kind,
                        where(),
                        hop + " answers that '" + registration.registrationId() + "' in id scope "
                                + registration.idScope() + " " + what));
    }

    private void broken(String what) {
        end(
                null,
                UpstreamException.of(
                        FailureKind.PROTOCOL,
                        where(),
                        hop + " sent " + what + ": check that the host is one of the provisioning service"));
    }

    private void outOfTime() {
        String limit = Failures.seconds(registration.timeout());
        UpstreamException last = refusal;
        if (last != null) {
            end(null, last);
        } else if (step == Step.PAUSING || !operationId.isEmpty()) {
            late(
                    "is still assigning '" + registration.registrationId() + "' to a hub after the " + limit
                            + " for the whole registration: look at the enrolment's allocation policy, or raise the registration's timeout");
        } else {
            late("did not answer the registration of '" + registration.registrationId() + "', and the " + limit
                    + " for the whole of it are over: try again, or check the connection");
        }
    }

    private void late(String what) {
        end(null, UpstreamException.of(FailureKind.TIMEOUT, where(), hop + " " + what));
    }

    private void end(@Nullable Assignment assignment, @Nullable UpstreamException cause) {
        if (step == Step.OVER) {
            return;
        }
        step = Step.OVER;
        cancel(alarm);
        cancel(next);
        if (assignment != null) {
            outcome.complete(assignment);
        } else if (cause != null) {
            outcome.completeExceptionally(cause);
        }
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private Where where() {
        return new Where(operationId.isEmpty() ? "register" : "assign", hop);
    }

    private long now() {
        return loop.ticker().nanoTime();
    }
}
