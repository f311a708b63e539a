// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.server.ProtocolHead;

/**
 * Serves a hub's registry, its telemetry and its cloud-to-device messages over plain HTTP.
 *
 * <pre>
 * PUT GET DELETE  /devices/{d}[/modules/{m}]
 * POST            /devices/{d}/messages/deviceBound
 * GET             /devices/{d}/messages/deviceBound/{messageId}
 * GET             /telemetry?deviceId=&amp;after=&amp;limit=&amp;follow=
 * </pre>
 */
public final class ControlApi implements ProtocolHead {
    private final HubCore hub;

    public ControlApi(HubCore hub) {
        this.hub = hub;
    }

    @Override
    public void install(ChannelPipeline pipeline) {
        pipeline.addLast(
                new HttpServerCodec(), new BoundedBodies(HubCore.MAX_CLOUD_MESSAGE_BYTES), new ControlHandler(hub));
    }
}
