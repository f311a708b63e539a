// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

/** A library under comparison, set up as its documentation recommends for speed. */
public interface PeerClient {

    /**
     * Connects one identity; blocks until messages can be sent.
     *
     * @param identity its number; a client that is opened twice with the same number is in error
     * @param acks is told of each acknowledgement
     */
    PeerConnection open(int identity, AckListener acks) throws Exception;

    /** Which TLS the client uses, in words. */
    String tls();

    /** Ends what the connections shared. */
    void close() throws Exception;
}
