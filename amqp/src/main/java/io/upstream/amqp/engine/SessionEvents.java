// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/** What happens to a session. */
public interface SessionEvents {
    /** The peer has ended it, by itself or in answer; the last event of the session and its links. */
    void ended(@Nullable PeerError error);
}
