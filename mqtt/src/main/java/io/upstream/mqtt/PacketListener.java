// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.UpstreamException;

/**
 * Is told each packet that a server may send, in order, on the event loop. What is out of turn is refused by throwing an {@link
 * UpstreamException} of kind {@link io.upstream.FailureKind#PROTOCOL}, upon which the connection is closed.
 */
interface PacketListener {
    /**
     * The answer to CONNECT.
     *
     * @param code 0 for accepted, 1 to 5 otherwise
     * @param sessionPresent whether the server has kept what was under way on an earlier connection (§3.2.2.2)
     * @return who is told the packets after this one
     */
    PacketListener connAck(int code, boolean sessionPresent) throws UpstreamException;

    /** A message; {@code message} is good during the call only. */
    void publish(PublishView message) throws UpstreamException;

    void pubAck(int packetId) throws UpstreamException;

    /**
     * The answer to a SUBSCRIBE for one topic.
     *
     * @param code 0 to 2 for the granted QoS, 0x80 for refused
     */
    void subAck(int packetId, int code) throws UpstreamException;

    void pingResp() throws UpstreamException;
}
