// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings what completes anywhere back to an event loop. */
final class LoopExecutor {
    private static final Logger log = LoggerFactory.getLogger(LoopExecutor.class);

    private LoopExecutor() {}

    /** What is known already needs no further turn of the loop. A loop that has ended runs nothing, and the attempt has failed then. */
    static Executor of(EventExecutor executor) {
        return step -> {
            if (executor.inEventLoop()) {
                step.run();
                return;
            }
            try {
                executor.execute(step);
            } catch (RejectedExecutionException e) {
                log.debug("the event loop has ended before the answer to a proxy was there", e);
            }
        };
    }
}
