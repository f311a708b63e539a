// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was seen of one session, for the {@link Checker}. Times are milliseconds since the beginning.
 *
 * @param sent in the order of the calls
 * @param received the numbers of the messages that the hub has, in the order of their arrival
 * @param statuses as they were told
 * @param attempts the attempts to connect
 * @param downs messages to the device
 * @param calls of direct methods
 * @param desired versions of desired properties that the session told, in their order
 * @param desiredVersion the last version at the hub
 * @param probes what was tried when the fault was over
 * @param recoveryMillis from the end of the fault until a message sent after it was acknowledged; negative if none was
 * @param left what was there after everything was closed
 * @param terms what may be expected
 */
record Evidence(
        List<Sent> sent,
        List<Long> received,
        List<Told> statuses,
        List<Attempt> attempts,
        List<Down> downs,
        List<Call> calls,
        List<Long> desired,
        long desiredVersion,
        List<Probe> probes,
        long recoveryMillis,
        @Nullable Counts counted,
        Left left,
        Terms terms) {

    /** What became of a send or a report. */
    enum Outcome {
        PENDING,
        ACKED,
        FAILED,
        CANCELLED
    }

    /**
     * One message.
     *
     * @param number counts from 0 without gaps
     * @param doneAt when the future was done; -1 if it is not
     * @param completions how often it was
     * @param failure what the future failed with
     */
    record Sent(
            long number,
            long at,
            long doneAt,
            int completions,
            Outcome outcome,
            @Nullable FailureKind failure) {}

    record Told(long at, Phase phase, @Nullable FailureKind cause) {}

    /**
     * The beginning of an attempt to connect.
     *
     * @param standing changes whenever the session's status does
     */
    record Attempt(long at, int standing) {}

    /**
     * A message to the device.
     *
     * @param due whether it must have arrived: the hub has neither given it up nor let it expire
     */
    record Down(String text, int arrivals, boolean due) {}

    /** What a caller of a method was told. */
    enum Answer {
        RIGHT,
        /** Another call's answer. */
        WRONG,
        /** The hub gave up. */
        NONE
    }

    record Call(long at, Answer answer) {}

    /** One kind of traffic, when everything should be well. */
    record Probe(String what, @Nullable String failure) {}

    /** What the session says that it has counted: what was expired has failed, what was closed is cancelled, what was rejected is not there. */
    record Counts(long accepted, long acked, long failed, long cancelled, long pending) {}

    /**
     * What remains when everything is closed.
     *
     * @param threads names
     * @param sockets connections of the client's side
     */
    record Left(List<String> threads, List<String> sockets) {
        static final Left NOTHING = new Left(List.of(), List.of());
    }

    /**
     * What may be expected.
     *
     * @param operationTimeout of sends
     * @param recovery the longest that recovery may take; null if none is expected
     * @param mayFail how messages may fail before their deadline
     */
    record Terms(Duration operationTimeout, @Nullable Duration recovery, Set<FailureKind> mayFail) {}
}
