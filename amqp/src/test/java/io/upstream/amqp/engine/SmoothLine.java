// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.FailureKind;
import org.jspecify.annotations.Nullable;

/** Hears of messages and answers; whatever ends a link or the connection is a failure of the test. */
public abstract class SmoothLine implements EngineEvents, SenderEvents, ReceiverEvents {
    @Override
    public final void opened() {}

    @Override
    public final void attached() {}

    @Override
    public final void credited() {}

    @Override
    public final void detached(@Nullable PeerError error) {
        throw new AssertionError("detached: " + error);
    }

    @Override
    public final void closed(@Nullable PeerError error) {
        throw new AssertionError("closed: " + error);
    }

    @Override
    public final void failed(FailureKind kind, String what) {
        throw new AssertionError(kind + " " + what);
    }
}
