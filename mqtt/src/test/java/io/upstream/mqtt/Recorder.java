// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.List;

/** Writes down every packet that it is told, with all that can be asked of it. */
final class Recorder implements PacketListener {
    final List<String> heard = new ArrayList<>();

    @Override
    public PacketListener connAck(int code, boolean sessionPresent) {
        heard.add("connAck " + code);
        return this;
    }

    /** Payloads octet by octet; behind a topic of this connection how much of it is the prefix. */
    @Override
    public void publish(PublishView message) {
        String prefix = message.matched() == 0 ? "" : " after " + message.matched();
        heard.add("publish " + message.topic(0) + prefix + " " + message.packetId() + " "
                + message.payload().toString(ISO_8859_1));
    }

    @Override
    public void pubAck(int packetId) {
        heard.add("pubAck " + packetId);
    }

    @Override
    public void subAck(int packetId, int code) {
        heard.add("subAck " + packetId + " " + code);
    }

    @Override
    public void pingResp() {
        heard.add("pingResp");
    }
}
