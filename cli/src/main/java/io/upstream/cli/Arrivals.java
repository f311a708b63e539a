// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.CloudMessage;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Settlement;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What comes by one session, shown and counted until there is enough of it. The session calls one method at a time. */
final class Arrivals {
    private static final int ANSWERED = 200;
    private static final int ENDING = 503;

    private final Console console;
    private final UpstreamSession session;
    private final Settlement settlement;
    private final long max;
    private final CompletableFuture<Void> enough = new CompletableFuture<>();
    private final Map<Kind, Long> shown = new EnumMap<>(Kind.class);

    private enum Kind {
        MESSAGE,
        METHOD,
        CHANGE
    }

    /**
     * Nothing has come yet.
     *
     * @param max how many to show, whatever they are
     */
    Arrivals(Console console, UpstreamSession session, Settlement settlement, long max) {
        this.console = console;
        this.session = session;
        this.settlement = settlement;
        this.max = max;
    }

    /** Subscribes to everything; returns when the hub has confirmed. */
    void await(Duration timeout, StopSignal stop) throws UpstreamException, StoppedException, InterruptedException {
        session.onStatus(status -> {
            UpstreamException cause = status.cause();
            if (status.phase() == Phase.CLOSED && cause != null) {
                enough.completeExceptionally(cause);
            }
        });
        try {
            Link.await(session.onMethod(this::method), timeout, stop);
            Link.await(session.onDesiredChange(this::change), timeout, stop);
        } catch (UpstreamException e) {
            if (e.kind() != FailureKind.CONFIGURATION) { // a broker that is no hub has messages and nothing else
                throw e;
            }
        }
        Link.await(session.onMessage(this::message), timeout, stop);
    }

    /** Completes when as many have come as were wanted, and are settled; fails when the session has ended. */
    CompletableFuture<Void> enough() {
        return enough;
    }

    /** How many were shown. */
    synchronized ObjectNode summary() {
        return Console.event("summary")
                .put("received", total())
                .put("messages", count(Kind.MESSAGE))
                .put("methods", count(Kind.METHOD))
                .put("changes", count(Kind.CHANGE));
    }

    /** The same in words. */
    synchronized String inWords() {
        return words(Kind.MESSAGE, "message") + ", " + words(Kind.METHOD, "method call") + ", "
                + words(Kind.CHANGE, "desired change");
    }

    private String words(Kind kind, String word) {
        return count(kind) + " " + word + (count(kind) == 1 ? "" : "s");
    }

    private long count(Kind kind) {
        return shown.getOrDefault(kind, 0L);
    }

    private long total() {
        return shown.values().stream().mapToLong(Long::longValue).sum();
    }

    /** What comes after the last one wanted goes back to the hub. */
    private CompletionStage<Settlement> message(CloudMessage message) {
        boolean wanted = take(Kind.MESSAGE, ArrivalText.json(message), ArrivalText.human(message));
        return CompletableFuture.completedFuture(wanted ? settlement : Settlement.ABANDON);
    }

    private MethodResponse method(MethodRequest call) {
        boolean wanted = take(Kind.METHOD, ArrivalText.json(call, ANSWERED), ArrivalText.human(call, ANSWERED));
        return wanted ? MethodResponse.of(ANSWERED, call.payload()) : MethodResponse.of(ENDING);
    }

    private void change(DesiredChange change) {
        take(Kind.CHANGE, ArrivalText.json(change), ArrivalText.human(change));
    }

    private synchronized boolean take(Kind kind, ObjectNode json, String human) {
        if (total() >= max) {
            return false;
        }
        shown.merge(kind, 1L, Long::sum);
        if (console.isJson()) {
            console.json(json);
        } else {
            console.print(human);
        }
        if (total() == max) {
            // A session's callbacks run in order: this one comes when settlement or answer have been handed over.
            session.onStatus(status -> enough.complete(null));
        }
        return true;
    }
}
