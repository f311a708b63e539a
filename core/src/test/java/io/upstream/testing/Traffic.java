// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.upstream.Phase;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Messages that one session sends, numbered, and what becomes of them and of the session. */
public final class Traffic {
    private final VirtualWorld world;
    private final UpstreamSession session;
    private final HubLedger.Device books;
    private @Nullable Instant away;
    private boolean planned;

    public int sent;
    public int acknowledged;
    public int failed;
    /** Acknowledged, and the hub has not got them. */
    public int lost;
    /** Times without a connection that were planned, and others. */
    public int renewals;

    public int losses;
    public Duration longestRenewal = Duration.ZERO;
    public Duration longestLoss = Duration.ZERO;

    /** Of a session that is open. */
    public Traffic(VirtualWorld world, UpstreamSession session, HubLedger.Device books) {
        this.world = world;
        this.session = session;
        this.books = books;
        session.onStatus(this::changed);
    }

    /** Sends now and then, some at once, for ever. */
    public void flow(Duration mean) {
        world.every(mean, this::burst);
    }

    /** A few messages. */
    public void burst() {
        for (int count = 1 + world.random().nextInt(3); count > 0; count--) {
            send();
        }
    }

    private void send() {
        int number = sent++;
        session.send(Telemetry.of(String.valueOf(number).getBytes(US_ASCII))).whenComplete((done, error) -> {
            if (error != null) {
                failed++;
            } else {
                acknowledged++;
                lost += books.has(number) ? 0 : 1;
            }
        });
    }

    public boolean isConnected() {
        return session.status().phase() == Phase.CONNECTED;
    }

    private void changed(SessionStatus status) {
        if (status.phase() == Phase.RECONNECTING) {
            if (away == null) {
                away = world.truth();
                planned = true;
                world.after(world.drawUpTo(Duration.ofSeconds(1)), this::burst);
            }
            planned &= status.cause() == null;
        } else if (status.phase() == Phase.CONNECTED && away != null) {
            Duration time = Duration.between(away, world.truth());
            away = null;
            if (planned) {
                renewals++;
                longestRenewal = time.compareTo(longestRenewal) > 0 ? time : longestRenewal;
            } else {
                losses++;
                longestLoss = time.compareTo(longestLoss) > 0 ? time : longestLoss;
            }
        }
    }
}
