// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;

/** Collects a request's body up to a limit and refuses a longer one in the API's own words. */
final class BoundedBodies extends HttpObjectAggregator {
    private final int limit;

    BoundedBodies(int limit) {
        super(limit);
        this.limit = limit;
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        HubException cause = new HubException(
                HubError.MESSAGE_TOO_LARGE, "the body is larger than the " + limit + " bytes that are allowed");
        ctx.writeAndFlush(Replies.error(cause)).addListener(ChannelFutureListener.CLOSE);
    }
}
