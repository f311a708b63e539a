// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodRequest;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The direct methods of one connection's identity. */
final class MethodDesk implements FeedSource {
    private static final Logger LOG = LoggerFactory.getLogger(MethodDesk.class);

    private final Hub hub;
    private final HubIdentity identity;
    private Hub.@Nullable Presence link;

    MethodDesk(Hub hub, HubIdentity identity) {
        this.hub = hub;
        this.identity = identity;
    }

    @Override
    public void open(ChannelHandlerContext ctx) {
        if (link == null) {
            link = hub.receiveMethods(
                    identity,
                    request -> ctx.executor().execute(() -> call(ctx, request)),
                    () -> LOG.debug("{} hands its methods over to a later connection", ctx.channel()));
        }
    }

    private void call(ChannelHandlerContext ctx, MethodRequest request) {
        if (link != null) {
            Push.publish(ctx, "$iothub/methods/POST/" + request.name() + "/?$rid=" + request.id(), request.payload());
        }
    }

    /** An answer that nobody waits for counts for nothing. */
    void answered(DeviceRequest answer, byte[] body) throws HubException {
        if (!hub.answerMethod(identity, callOf(answer.requestId()), new MethodAnswer(answer.status(), body))) {
            LOG.debug("{} answers a method that nobody waits for", identity);
        }
    }

    /** What is no UUID was not given out by this hub, as little as the nil UUID. */
    private static UUID callOf(String requestId) {
        try {
            return UUID.fromString(requestId);
        } catch (IllegalArgumentException e) {
            return new UUID(0, 0);
        }
    }

    @Override
    public void close() {
        if (link != null) {
            link.close();
            link = null;
        }
    }
}
