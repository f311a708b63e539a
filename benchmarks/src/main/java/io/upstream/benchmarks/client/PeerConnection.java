// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

/** One connected identity. One thread sends. */
public interface PeerConnection {

    /**
     * Makes a message of the payload, with the three properties, and sends it at least once. The payload is used again once it is
     * acknowledged.
     */
    void send(byte[] payload) throws Exception;

    /**
     * As {@link #send}, and waits for the acknowledgement, as those do who send one message after the other: by the library's own blocking
     * call, or by the future that it gives. {@link AckListener} hears nothing of it.
     */
    void sendAndWait(byte[] payload) throws Exception;

    /**
     * For clients that tell nobody: waits for acknowledgements and reports them to {@link Acks}.
     *
     * @return whether it did; if not, acknowledgements come by themselves
     */
    default boolean collect() throws Exception {
        return false;
    }

    /** Disconnects; returns when that is done. */
    void close() throws Exception;
}
