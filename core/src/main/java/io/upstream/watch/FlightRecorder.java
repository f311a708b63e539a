// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.upstream.Identity;
import io.upstream.UpstreamEvent.AttemptEnded;
import io.upstream.UpstreamEvent.Gap;
import io.upstream.UpstreamEvent.Lost;
import io.upstream.UpstreamEvent.ReconnectPlanned;
import io.upstream.UpstreamEvent.TokenRenewalFailed;
import io.upstream.UpstreamEvent.TokenRenewed;
import io.upstream.UpstreamEvent.What;
import io.upstream.UpstreamException;
import io.upstream.watch.FlightEvents.Attempt;
import io.upstream.watch.FlightEvents.AttemptStage;
import io.upstream.watch.FlightEvents.ConnectionLost;
import io.upstream.watch.FlightEvents.Missed;
import io.upstream.watch.FlightEvents.OfSession;
import io.upstream.watch.FlightEvents.Reconnect;
import io.upstream.watch.FlightEvents.SlowSend;
import io.upstream.watch.FlightEvents.TokenRenewal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Makes the events that are recorded. What they say of a failure is its kind and its place, never its text. */
final class FlightRecorder extends Recorder {
    @Override
    @Nullable
    Object beginAttempt() {
        Attempt event = new Attempt();
        if (!event.isEnabled()) {
            return null;
        }
        event.begin();
        return event;
    }

    @Override
    void endAttempt(@Nullable Object begun, String protocol, @Nullable Identity identity, AttemptEnded end) {
        if (!(begun instanceof Attempt event)) {
            return;
        }
        event.end();
        if (event.shouldCommit()) {
            UpstreamException failure = end.failure();
            event.about(protocol, identity);
            event.attempt = end.attempt();
            event.proxy = end.proxy() == null ? null : end.proxy().toString();
            event.address = end.address();
            event.family = end.family().name();
            event.connected = failure == null;
            event.failure = kind(failure);
            event.failedStage = failure == null ? null : failure.stage();
            event.commit();
        }
    }

    @Override
    @Nullable
    Object beginStage() {
        AttemptStage event = new AttemptStage();
        if (!event.isEnabled()) {
            return null;
        }
        event.begin();
        return event;
    }

    @Override
    void endStage(@Nullable Object begun, long attempt, String stage) {
        if (begun instanceof AttemptStage event) {
            event.end();
            if (event.shouldCommit()) {
                event.attempt = attempt;
                event.stage = stage;
                event.commit();
            }
        }
    }

    @Override
    void record(String protocol, Identity identity, What what) {
        if (what instanceof Lost lost) {
            ConnectionLost event = new ConnectionLost();
            if (event.isEnabled()) {
                event.failure = kind(lost.cause());
                commit(event, protocol, identity);
            }
        } else if (what instanceof ReconnectPlanned planned) {
            reconnect(new Reconnect(), planned, protocol, identity);
        } else if (what instanceof TokenRenewed renewed) {
            token(new TokenRenewal(), renewed.took(), null, protocol, identity);
        } else if (what instanceof TokenRenewalFailed failed) {
            token(new TokenRenewal(), Duration.ZERO, failed.cause(), protocol, identity);
        } else if (what instanceof Gap gap) {
            Missed event = new Missed();
            if (event.isEnabled()) {
                event.subject = gap.subject();
                commit(event, protocol, identity);
            }
        }
    }

    private static void reconnect(Reconnect event, ReconnectPlanned planned, String protocol, Identity identity) {
        if (event.isEnabled()) {
            event.attempt = planned.attempt();
            event.pause = planned.pause().toMillis();
            event.failure = kind(planned.cause());
            commit(event, protocol, identity);
        }
    }

    private static void token(
            TokenRenewal event, Duration took, @Nullable UpstreamException cause, String protocol, Identity identity) {
        if (event.isEnabled()) {
            event.took = took.toMillis();
            event.failure = kind(cause);
            commit(event, protocol, identity);
        }
    }

    @Override
    void slowSend(String protocol, Identity identity, int size, long nanos) {
        SlowSend event = new SlowSend();
        if (event.isEnabled()) {
            event.size = size;
            event.took = Duration.ofNanos(nanos).toMillis();
            commit(event, protocol, identity);
        }
    }

    private static void commit(OfSession event, String protocol, Identity identity) {
        event.about(protocol, identity);
        event.commit();
    }

    private static @Nullable String kind(@Nullable UpstreamException failure) {
        return failure == null ? null : failure.kind().name();
    }
}
