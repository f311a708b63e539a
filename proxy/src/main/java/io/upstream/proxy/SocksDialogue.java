// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.UpstreamException;
import java.util.concurrent.CompletionStage;

/** What is said to a SOCKS proxy and what its answers mean, turn by turn. Knows no sockets; used by one connection. */
sealed interface SocksDialogue permits Socks4Dialogue, Socks5Dialogue {
    /** The longest answer: a SOCKS 5 reply with a name of 255 octets. */
    int MAX_ANSWER = 262;

    /** What we say first. May hold credentials. */
    byte[] greeting();

    /**
     * How many octets the answer that is awaited has, as far as those that have come tell.
     *
     * @param count how many of {@code answer} have come, at least one
     * @return more than {@code count}, or {@code count} if the answer is complete
     * @throws UpstreamException if these cannot be the beginning of an answer
     */
    int length(byte[] answer, int count) throws UpstreamException;

    /**
     * What we say to a complete answer. May hold credentials, and then may take its time.
     *
     * @return empty if the way is open; completes on the event loop
     * @throws UpstreamException if the proxy refused
     */
    CompletionStage<byte[]> reply(byte[] answer) throws UpstreamException;

    /** What it is about if the dialogue fails now. */
    Subject subject();

    /** Tells whether the same proxy may do better for another question. */
    enum Subject {
        /** The user name and password that were given. */
        CREDENTIALS,
        /** The address that was asked for, which the proxy could not reach or has not answered for. */
        ADDRESS,
        ANYTHING_ELSE
    }
}
