// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandlerContext;

/** Brings one {@link Feed} from the hub to one connection, on its event loop. Both methods are idempotent. */
interface FeedSource {
    void open(ChannelHandlerContext ctx);

    void close();
}
