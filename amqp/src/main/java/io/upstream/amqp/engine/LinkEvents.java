// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/** What happens to any link. */
public interface LinkEvents {
    /** The peer has accepted the link. */
    void attached();

    /** The peer refused the link, if it was not attached before, or closed it; the last event of the link. */
    void detached(@Nullable PeerError error);
}
