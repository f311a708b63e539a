// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.UpstreamException;

/**
 * What a stage fails with when it can go on only over another connection to the same address, such as a tunnel whose proxy closes after each
 * 407. The attempt then opens one and establishes its stages from the first again; a stage that asks for it keeps what it has learnt. At
 * most {@value #MAX_CONNECTIONS} connections serve one attempt.
 */
public final class FreshConnection extends Exception {
    static final int MAX_CONNECTIONS = 3;

    private static final long serialVersionUID = 1L;

    private final UpstreamException otherwise;

    /** @param otherwise what the attempt fails with if it may not open another connection */
    public FreshConnection(UpstreamException otherwise) {
        super("the attempt goes on over another connection", otherwise, false, false);
        this.otherwise = otherwise;
    }

    /** What the attempt fails with if it may not open another connection. */
    public UpstreamException otherwise() {
        return otherwise;
    }
}
