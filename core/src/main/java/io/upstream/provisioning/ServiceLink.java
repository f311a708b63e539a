// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import io.upstream.UpstreamException;

/** A connection on which the service listens. One request is under way at a time. Confined to the event loop. */
public interface ServiceLink {
    /** Longer answers are refused: the service's own have about one KiB. */
    int MAX_ANSWER_BYTES = 64 * 1024;

    /** Whoever asks. Told nothing after {@link #lost}. */
    interface Listener {
        void answered(ServiceAnswer answer);

        /** Nothing can be asked on this connection any more. */
        void lost(UpstreamException cause);
    }

    /** Has {@code listener} told all that comes; the first call, once. */
    void listen(Listener listener);

    /**
     * Asks for an assignment.
     *
     * @param request JSON
     */
    void register(byte[] request);

    /** Asks what became of an operation. */
    void query(String operationId);

    /** Says goodbye and closes the channel soon after. Idempotent. */
    void close();
}
