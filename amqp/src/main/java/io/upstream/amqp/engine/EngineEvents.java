// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.FailureKind;
import org.jspecify.annotations.Nullable;

/** What happens to a connection. After {@link #closed} or {@link #failed}, of which one comes once, nothing else is raised. */
public interface EngineEvents {
    /** SASL is through and the peer has opened its half. */
    void opened();

    /** The peer has closed, by itself or in answer. */
    void closed(@Nullable PeerError error);

    /**
     * The connection is of no more use. What is to be told to the peer can still be drained.
     *
     * @param what for people: continues a sentence that begins with the hop's name
     */
    void failed(FailureKind kind, String what);
}
