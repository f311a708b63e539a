// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.upstream.UpstreamException;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.session.PacedAttempt.Occasion;
import java.util.concurrent.CompletionStage;

/** Makes one identity's connections. Confined to the event loop, but for {@link #plan}. */
interface Dialler {
    /** Plans everything below MQTT, anew for each attempt; may block. */
    ConnectPlan plan() throws UpstreamException;

    /** Begins an attempt. */
    Dialling dial(Occasion occasion, ConnectPlanner planner);

    /** An attempt that is under way. */
    interface Dialling {
        /** Completes on the event loop. */
        CompletionStage<Channel> outcome();

        /** Gives up; no effect once the outcome is known. */
        void abort(UpstreamException reason);
    }
}
