// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.Phase;
import io.upstream.SessionStatistics;
import io.upstream.UpstreamSession;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.laboratory.Evidence.Probe;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A session, what it does and what is seen of it.
 *
 * @param device which device it is at the hub
 */
record Watched(IotHubEmulator hub, String device, Journal journal, UpstreamSession session, Traffic traffic) {
    private static final int POLL_MILLIS = 20;

    /** Waits, for a while, until what was sent to the device is there. */
    void awaitDowns(long limitMillis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        while (System.nanoTime() - end < 0
                && !(traffic.downsAreThere() && journal.lastDesired() >= traffic.lastDesired())) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }

    /** Waits, for a while, until it was told that the session is closed. */
    void awaitClosed(long limitMillis) throws InterruptedException {
        journal.await(() -> journal.statuses().stream().anyMatch(each -> each.phase() == Phase.CLOSED), limitMillis);
    }

    /** What is to be looked at when everything is over. */
    Evidence evidence(List<Probe> probes, long recoveryMillis, Evidence.Left left, Evidence.Terms terms) {
        return new Evidence(
                journal.sent(),
                numbers(hub.telemetry(device)),
                journal.statuses(),
                journal.attempts(),
                terms.recovery() == null ? List.of() : traffic.downs(),
                journal.calls(),
                journal.desired(),
                traffic.lastDesired(),
                probes,
                recoveryMillis,
                terms.recovery() == null ? null : counted(),
                left,
                terms);
    }

    private Evidence.Counts counted() {
        SessionStatistics.Outgoing counted = session.statistics().outgoing();
        return new Evidence.Counts(
                counted.accepted(),
                counted.acknowledged(),
                counted.failed() + counted.expired(),
                counted.cancelled(),
                counted.pending());
    }

    private static List<Long> numbers(List<TelemetryRecord> came) {
        return came.stream()
                .map(each -> new String(each.message().body(), StandardCharsets.UTF_8))
                .map(text -> Long.valueOf(text.substring(0, Math.max(0, text.indexOf(':')))))
                .toList();
    }
}
