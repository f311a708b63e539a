// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.ChannelConfig;

/** Lets the socket be read while every part that takes in what comes has room. Confined to the event loop. */
final class ReadGate {
    private final ChannelConfig config;
    private int full;

    /** Open. */
    ReadGate(ChannelConfig config) {
        this.config = config;
    }

    /** Takes the new state of one part, which was in the other one before. */
    void pressure(Inbox.Pressure changed) {
        full += changed == Inbox.Pressure.HIGH ? 1 : -1;
        config.setAutoRead(full == 0);
    }
}
