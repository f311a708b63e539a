// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.http;

import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.upstream.emulator.provisioning.Provisioning;
import io.upstream.emulator.server.HttpApi;

/**
 * The provisioning service for devices. A request proves itself by a token in {@code Authorization} or by the client certificate of its
 * connection.
 *
 * <pre>
 * PUT   /{idScope}/registrations/{id}/register?api-version=
 * GET   /{idScope}/registrations/{id}/operations/{operationId}?api-version=
 * POST  /{idScope}/registrations/{id}?api-version=
 * </pre>
 */
public final class RegistrationApi implements HttpApi {
    private static final int MAX_BODY_BYTES = 128 * 1024;

    private final Provisioning provisioning;

    public RegistrationApi(Provisioning provisioning) {
        this.provisioning = provisioning;
    }

    @Override
    public boolean serves(String target) {
        String[] parts = target.split("[/?]", 5);
        return target.startsWith("/") && parts.length > 3 && parts[2].equalsIgnoreCase("registrations");
    }

    @Override
    public HttpObjectAggregator newBodies() {
        return new HttpObjectAggregator(MAX_BODY_BYTES);
    }

    @Override
    public ChannelHandler newHandler() {
        return new RegistrationHandler(provisioning);
    }
}
