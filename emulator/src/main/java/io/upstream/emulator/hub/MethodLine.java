// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The direct methods of one identity that have no answer yet. State changes under the lock of this object, calls end outside it. */
final class MethodLine {
    static final int MAX_PENDING = 1_000;

    private final HubIdentity identity;
    private final Clock clock;
    private final Seat<MethodRequest> receiver = new Seat<>();
    /** In the order of their making. */
    private final Map<UUID, Pending> pending = new LinkedHashMap<>();

    private enum Stage {
        WAITING_FOR_RECEIVER,
        SENT
    }

    private static final class Pending {
        private final MethodCall call;
        private final CompletableFuture<MethodAnswer> answer;
        private Stage stage = Stage.WAITING_FOR_RECEIVER;
        private Instant deadline;

        Pending(MethodCall call, CompletableFuture<MethodAnswer> answer, Instant deadline) {
            this.call = call;
            this.answer = answer;
            this.deadline = deadline;
        }
    }

    MethodLine(HubIdentity identity, Clock clock) {
        this.identity = identity;
        this.clock = clock;
    }

    void call(MethodCall call, CompletableFuture<MethodAnswer> answer) throws HubException {
        synchronized (this) {
            if (pending.size() >= MAX_PENDING) {
                throw new HubException(
                        HubError.THROTTLED, MAX_PENDING + " methods of " + identity + " wait for their answers");
            }
            UUID id = UUID.randomUUID();
            Pending entry = new Pending(call, answer, clock.instant().plus(call.connectTimeout()));
            pending.put(id, entry);
            send(id, entry);
            if (entry.stage == Stage.SENT || !call.connectTimeout().isZero()) {
                return;
            }
            pending.remove(id);
        }
        throw notOnline(Duration.ZERO);
    }

    /** What waits is handed over at once. */
    Hub.Presence receive(Consumer<MethodRequest> next, Runnable replaced) {
        Hub.Presence presence = receiver.take(next, replaced);
        synchronized (this) {
            List.copyOf(pending.entrySet()).forEach(each -> {
                if (each.getValue().stage == Stage.WAITING_FOR_RECEIVER) {
                    send(each.getKey(), each.getValue());
                }
            });
        }
        return presence;
    }

    private void send(UUID id, Pending entry) {
        // First, for a receiver may answer before it returns.
        entry.stage = Stage.SENT;
        Instant connectDeadline = entry.deadline;
        entry.deadline = clock.instant().plus(entry.call.responseTimeout());
        if (!receiver.offer(new MethodRequest(id, entry.call.name(), entry.call.payload()))) {
            entry.stage = Stage.WAITING_FOR_RECEIVER;
            entry.deadline = connectDeadline;
        }
    }

    /** False if nobody waits for this answer: it comes too late, or a second time. */
    boolean answer(UUID id, MethodAnswer answer) {
        Pending entry;
        synchronized (this) {
            entry = pending.remove(id);
        }
        return entry != null && entry.answer.complete(answer);
    }

    /** Ends what has waited for too long. */
    void sweep() {
        List<Pending> late = new ArrayList<>();
        synchronized (this) {
            Instant now = clock.instant();
            pending.values().removeIf(each -> !each.deadline.isAfter(now) && late.add(each));
        }
        for (Pending each : late) {
            each.answer.completeExceptionally(
                    each.stage == Stage.SENT
                            ? new HubException(
                                    HubError.METHOD_TIMEOUT,
                                    identity + " has not answered within " + each.call.responseTimeout())
                            : notOnline(each.call.connectTimeout()));
        }
    }

    private HubException notOnline(Duration waited) {
        return new HubException(
                HubError.DEVICE_NOT_ONLINE,
                identity + " is not connected or does not listen for methods, after " + waited);
    }

    /** Ends everything, because the identity is no more. */
    void purge() {
        List<Pending> gone;
        synchronized (this) {
            gone = List.copyOf(pending.values());
            pending.clear();
        }
        gone.forEach(each -> each.answer.completeExceptionally(
                new HubException(HubError.DEVICE_NOT_FOUND, identity + " was removed")));
    }
}
