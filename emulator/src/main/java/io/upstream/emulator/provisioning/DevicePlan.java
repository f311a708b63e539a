// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * What shall become of a device on its assignment.
 *
 * @param deviceId its name at the hub; empty for the registration id
 * @param edge whether it is an IoT Edge device
 * @param initialTwin {@code tags} and {@code properties.desired} of its twin to begin with
 * @param payload what the device is told besides
 */
public record DevicePlan(
        String deviceId,
        boolean edge,
        @Nullable ObjectNode initialTwin,
        @Nullable JsonNode payload,
        Reprovisioning reprovisioning) {
    /** The registration id for a name, and nothing besides. */
    public static final DevicePlan DEFAULT = new DevicePlan("", false, null, null, Reprovisioning.KEEP_DATA);

    /** What happens when a device that has been assigned registers again. */
    public enum Reprovisioning {
        /** It keeps its twin; its credentials at the hub are brought up to date. */
        KEEP_DATA,
        /** It begins anew, with the initial twin. */
        RESET_DATA,
        /** Nothing: it is told of its assignment. */
        NEVER
    }
}
