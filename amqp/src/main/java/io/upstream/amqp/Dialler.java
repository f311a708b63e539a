// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.EventLoop;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Makes connections. Safe for use by any thread. */
interface Dialler {
    /**
     * Begins an attempt at one, under a deadline of its own.
     *
     * @param loop where it shall live
     * @param login null for SASL ANONYMOUS
     */
    Dialling dial(EventLoop loop, @Nullable UserPassword login);

    /** An attempt that is under way. */
    interface Dialling {
        /** Completes on the event loop. */
        CompletionStage<AmqpConnection> outcome();

        /** Gives up; no effect once the outcome is known. */
        void abort(UpstreamException reason);
    }
}
