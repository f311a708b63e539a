// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.UpstreamException;

/**
 * What a stage fails with when it can go on only over another connection to the same address, such as a tunnel whose proxy closes after each
 * 407. The attempt then opens one and establishes its stages from the first again; a stage that asks for it keeps what it has learnt. At
 * most {@value #MAX_CONNECTIONS} connections serve one attempt, unless the stage that asks counts by itself and names another number.
 */
public final class FreshConnection extends Exception {
    static final int MAX_CONNECTIONS = 3;

    private static final long serialVersionUID = 1L;

    private final UpstreamException otherwise;
    private final int mostConnections;

    /** @param otherwise what the attempt fails with if it may not open another connection */
    public FreshConnection(UpstreamException otherwise) {
        this(otherwise, MAX_CONNECTIONS);
    }

    /**
     * For a stage that needs more.
     *
     * @param otherwise what the attempt fails with if it may not open another connection
     * @param mostConnections of this attempt on this way, those included that have been
     */
    public FreshConnection(UpstreamException otherwise, int mostConnections) {
        super("the attempt goes on over another connection", otherwise, false, false);
        this.otherwise = otherwise;
        this.mostConnections = mostConnections;
    }

    int mostConnections() {
        return mostConnections;
    }

    /** What the attempt fails with if it may not open another connection. */
    public UpstreamException otherwise() {
        return otherwise;
    }
}
