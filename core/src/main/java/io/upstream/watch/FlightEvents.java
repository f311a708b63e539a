// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.upstream.Identity;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** What JDK Flight Recorder shows under "Upstream". On as soon as somebody records. */
final class FlightEvents {
    private FlightEvents() {}

    /** Whose it is. */
    @Category("Upstream")
    @StackTrace(false)
    @Enabled
    abstract static class OfSession extends Event {
        @Label("Protocol")
        @Nullable
        String protocol;

        @Label("Identity")
        @Description("Device or device/module; none for a connection that several share")
        @Nullable
        String identity;

        void about(String spoken, @Nullable Identity whose) {
            protocol = spoken;
            identity = whose == null ? null : whose.toString();
        }
    }

    @Name("io.upstream.ConnectionAttempt")
    @Label("Connection Attempt")
    static final class Attempt extends OfSession {
        @Label("Attempt")
        @Description("Its number in this process")
        long attempt;

        @Label("Proxy")
        @Nullable
        String proxy;

        @Label("Address")
        @Description("What the socket was opened to")
        @Nullable
        String address;

        @Label("Address Family")
        @Nullable
        String family;

        @Label("Connected")
        boolean connected;

        @Label("Failure")
        @Nullable
        String failure;

        @Label("Failed Stage")
        @Nullable
        String failedStage;
    }

    @Name("io.upstream.ConnectionStage")
    @Label("Connection Stage")
    @Category("Upstream")
    @StackTrace(false)
    static final class AttemptStage extends Event {
        @Label("Attempt")
        long attempt;

        @Label("Stage")
        @Nullable
        String stage;
    }

    @Name("io.upstream.ConnectionLost")
    @Label("Connection Lost")
    static final class ConnectionLost extends OfSession {
        @Label("Failure")
        @Description("None where it is replaced as planned")
        @Nullable
        String failure;
    }

    @Name("io.upstream.Reconnect")
    @Label("Reconnect Planned")
    static final class Reconnect extends OfSession {
        @Label("Attempt")
        @Description("1 for the first after a loss")
        int attempt;

        @Label("Pause")
        @Timespan(Timespan.MILLISECONDS)
        long pause;

        @Label("Failure")
        @Nullable
        String failure;
    }

    @Name("io.upstream.TokenRenewal")
    @Label("Token Renewal")
    static final class TokenRenewal extends OfSession {
        @Label("Took")
        @Timespan(Timespan.MILLISECONDS)
        long took;

        @Label("Failure")
        @Nullable
        String failure;
    }

    @Name("io.upstream.Gap")
    @Label("Gap")
    @Description("What the hub sent meanwhile may be missed")
    static final class Missed extends OfSession {
        @Label("Subject")
        @Nullable
        String subject;
    }

    @Name("io.upstream.SlowSend")
    @Label("Slow Send")
    @Description("A message that was acknowledged after more than a second; at most ten a second of one session")
    static final class SlowSend extends OfSession {
        @Label("Size")
        int size;

        @Label("Took")
        @Timespan(Timespan.MILLISECONDS)
        long took;
    }
}
