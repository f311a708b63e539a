// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubStatistics;
import org.jspecify.annotations.Nullable;

/** Lists and counts what is registered. Every method gives {@code null} for another HTTP method than {@code GET}. */
final class RegistryRequests {
    private static final int MAX_LISTED = 1_000;

    private final HubCore hub;
    private final IdentityJson json;

    RegistryRequests(HubCore hub) {
        this.hub = hub;
        this.json = new IdentityJson(hub);
    }

    /** {@code GET /devices?top=}: at most a thousand, for more there is the query. */
    @Nullable
    FullHttpResponse devices(HttpMethod method, Route route) throws HubException {
        if (!method.equals(HttpMethod.GET)) {
            return null;
        }
        long top = Math.min(route.number("top", MAX_LISTED), MAX_LISTED);
        return Replies.json(HttpResponseStatus.OK, json.writeAll(hub.devices(null, (int) top)));
    }

    @Nullable
    FullHttpResponse modules(HttpMethod method, String deviceId) throws HubException {
        return method.equals(HttpMethod.GET)
                ? Replies.json(HttpResponseStatus.OK, json.writeAll(hub.modules(deviceId)))
                : null;
    }

    @Nullable
    FullHttpResponse statistics(HttpMethod method, String what) {
        if (!method.equals(HttpMethod.GET)) {
            return null;
        }
        HubStatistics statistics = hub.statistics();
        return switch (what) {
            case "devices" ->
                Replies.json(HttpResponseStatus.OK, fields -> {
                    fields.writeNumberField("totalDeviceCount", statistics.devices());
                    fields.writeNumberField("enabledDeviceCount", statistics.devices() - statistics.disabledDevices());
                    fields.writeNumberField("disabledDeviceCount", statistics.disabledDevices());
                });
            case "service" ->
                Replies.json(
                        HttpResponseStatus.OK,
                        fields -> fields.writeNumberField("connectedDeviceCount", statistics.connectedDevices()));
            default -> ControlRoutes.nothing();
        };
    }
}
