// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.EventLoop;
import io.upstream.Credentials;
import io.upstream.UpstreamException;
import java.util.concurrent.CompletionStage;

/** Makes connections. Safe for use by any thread. */
interface Dialler {
    /**
     * Begins an attempt at one, under a deadline of its own.
     *
     * @param loop where it shall live
     * @param credentials of the one whose connection it will be; or of one of those who share it, all of whom have tokens, which come later
     */
    Dialling dial(EventLoop loop, Credentials credentials);

    /** An attempt that is under way. */
    interface Dialling {
        /** Completes on the event loop. */
        CompletionStage<AmqpConnection> outcome();

        /** Gives up; no effect once the outcome is known. */
        void abort(UpstreamException reason);
    }
}
