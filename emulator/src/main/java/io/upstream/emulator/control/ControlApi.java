// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.server.HttpApi;
import io.upstream.emulator.server.ProtocolHead;
import java.util.Locale;
import java.util.Set;

/**
 * Serves a hub's registry, twins, direct methods, telemetry and cloud-to-device messages over HTTP, in the shape of the IoT Hub
 * service REST API, and the enrolments of its provisioning service in the shape of that one's. Above TLS every request needs a token of the hub's policy; without TLS none.
 *
 * <pre>
 * GET POST          /devices?top=
 * POST              /devices/query
 * PUT GET DELETE    /devices/{d}[/modules/{m}]
 * GET               /devices/{d}/modules
 * POST              /devices/{d}/messages/deviceBound
 * GET               /devices/{d}/messages/deviceBound/{messageId}
 * GET PATCH PUT     /twins/{d}[/modules/{m}]
 * POST              /twins/{d}[/modules/{m}]/methods
 * GET               /statistics/devices, /statistics/service
 * PUT GET DELETE    /certificates[/{name}]
 * POST              /faults
 * DELETE            /faults/{d}[/modules/{m}]
 * PUT GET DELETE    /enrollments/{id}, /enrollmentGroups/{id}
 * POST              /enrollments/query, /enrollmentGroups/query
 * GET DELETE        /registrations/{id}
 * POST              /registrations/{enrollmentGroupId}/query
 * GET               /telemetry?deviceId=&amp;after=&amp;limit=&amp;follow=
 * </pre>
 */
public final class ControlApi implements ProtocolHead, HttpApi {
    /** A twin, a direct method and a hundred registry operations are all smaller. */
    private static final int MAX_BODY_BYTES = 1024 * 1024;

    private static final Set<String> ROOTS = Set.of(
            "devices",
            "twins",
            "statistics",
            "certificates",
            "telemetry",
            "faults",
            "enrollments",
            "enrollmentgroups",
            "registrations");

    private final HubCore hub;
    private final ProvisioningService provisioning;

    /** An API to a hub without a provisioning service of its own: one that nobody reaches. */
    public ControlApi(HubCore hub) {
        this(hub, new ProvisioningService(hub, ProvisioningService.DEFAULT_ID_SCOPE));
    }

    public ControlApi(HubCore hub, ProvisioningService provisioning) {
        this.hub = hub;
        this.provisioning = provisioning;
    }

    @Override
    public void install(ChannelPipeline pipeline) {
        pipeline.addLast(new HttpServerCodec(), newBodies(), newHandler());
    }

    @Override
    public boolean serves(String target) {
        String[] parts = target.split("[/?]", 3);
        return target.startsWith("/") && ROOTS.contains(parts[1].toLowerCase(Locale.ROOT));
    }

    @Override
    public HttpObjectAggregator newBodies() {
        return new BoundedBodies(MAX_BODY_BYTES);
    }

    @Override
    public ChannelHandler newHandler() {
        return new ControlHandler(hub, provisioning);
    }
}
