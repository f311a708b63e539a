// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import org.jspecify.annotations.Nullable;

/** A device, or a module of a device. Ids are compared case-sensitively. */
public record HubIdentity(String deviceId, @Nullable String moduleId) {

    public static HubIdentity device(String deviceId) {
        return new HubIdentity(deviceId, null);
    }

    public static HubIdentity module(String deviceId, String moduleId) {
        return new HubIdentity(deviceId, moduleId);
    }

    /** The identity key used everywhere on the wire: {@code d} or {@code d/m}. */
    @Override
    public String toString() {
        return moduleId == null ? deviceId : deviceId + "/" + moduleId;
    }
}
