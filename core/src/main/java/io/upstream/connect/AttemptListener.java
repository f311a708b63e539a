// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.upstream.Route;
import io.upstream.UpstreamException;
import org.jspecify.annotations.Nullable;

/** Is told how one attempt gets on. Confined to its event loop; must not throw. */
public interface AttemptListener {
    /** Does not listen. */
    AttemptListener NONE = new AttemptListener() {};

    /** The attempt begins. */
    default void begun() {}

    /**
     * A layer begins, and the one before it is up.
     *
     * @param stage as in {@link io.upstream.UpstreamException.Where}
     */
    default void stage(String stage) {}

    /** There is a socket, the first or another one; no handler is in its pipeline yet. */
    default void connected(Channel channel, Route route) {}

    /**
     * The attempt is over: all layers are up, or one of them has failed. Only the first call counts; on any thread if the event loop is gone.
     */
    default void over(@Nullable UpstreamException failure) {}
}
