// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import org.jspecify.annotations.Nullable;

/** Is told what became of messages; on any thread. */
public interface AckListener {
    /** For identities that send nothing. */
    AckListener NONE = new AckListener() {
        @Override
        public void acknowledged() {
            throw new IllegalStateException("an acknowledgement of nothing");
        }

        @Override
        public void failed(Throwable cause) {
            throw new IllegalStateException("an idle connection failed", cause);
        }
    };

    /** One more message was acknowledged. */
    void acknowledged();

    /** The connection or a message has failed. */
    void failed(Throwable cause);

    /** Either, in the form in which futures and callbacks tell it. */
    default void done(@Nullable Object ignored, @Nullable Throwable error) {
        if (error == null) {
            acknowledged();
        } else {
            failed(error);
        }
    }
}
