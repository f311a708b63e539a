// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.upstream.emulator.hub.DesiredChange;
import io.upstream.emulator.hub.ErrorReport;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.JsonText;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The twin of one connection's identity: answers requests, and tells of changes of desired properties. */
final class TwinDesk implements FeedSource {
    private static final Logger LOG = LoggerFactory.getLogger(TwinDesk.class);
    private static final byte[] NOTHING = {};
    private static final int OK = 200;
    private static final int NO_CONTENT = 204;

    private final Hub hub;
    private final HubIdentity identity;
    private final StoredSession session;
    private Hub.@Nullable Presence link;

    TwinDesk(Hub hub, HubIdentity identity, StoredSession session) {
        this.hub = hub;
        this.identity = identity;
        this.session = session;
    }

    /** Does what is asked; a refusal is an answer, too. */
    void serve(ChannelHandlerContext ctx, DeviceRequest request, byte[] body) {
        try {
            if (request.kind() == DeviceRequest.Kind.TWIN_GET) {
                answer(ctx, OK, request, "", JsonText.write(hub.deviceTwin(identity)));
            } else {
                long version = hub.report(identity, JsonText.readObject(body), baseVersion(request));
                answer(ctx, NO_CONTENT, request, "&$version=" + version, NOTHING);
            }
        } catch (HubException e) {
            byte[] report = JsonText.write(ErrorReport.of(e).json());
            answer(ctx, e.error().httpStatus(), request, "", report);
        }
    }

    private static OptionalLong baseVersion(DeviceRequest request) throws HubException {
        String text = request.version();
        try {
            return text == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
        } catch (NumberFormatException e) {
            throw new HubException(HubError.MALFORMED, "the $version is not a number");
        }
    }

    /** The order of the parameters is the hub's: Microsoft's Java client depends on it. */
    private void answer(ChannelHandlerContext ctx, int status, DeviceRequest request, String version, byte[] body) {
        if (session.qos(Feed.TWIN_RESULTS) == null) {
            LOG.debug("{} asks for its twin without a subscription to the answer", identity);
            return;
        }
        Push.publish(ctx, "$iothub/twin/res/" + status + "/?$rid=" + request.requestId() + version, body);
    }

    @Override
    public void open(ChannelHandlerContext ctx) {
        if (link == null) {
            link = hub.receiveDesiredChanges(
                    identity,
                    change -> ctx.executor().execute(() -> tell(ctx, change)),
                    () -> LOG.debug("{} hands its desired changes over to a later connection", ctx.channel()));
        }
    }

    private void tell(ChannelHandlerContext ctx, DesiredChange change) {
        if (link != null) {
            Push.publish(
                    ctx,
                    "$iothub/twin/PATCH/properties/desired/?$version=" + change.version(),
                    JsonText.write(change.patch()));
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
