// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** Decides what a device becomes, as the webhook of a custom allocation does. Called by any thread, must not block. */
@FunctionalInterface
public interface Allocator {
    /** Follows the enrolment's plan. */
    Allocator BY_PLAN = request -> {
        DevicePlan plan = request.enrolment().plan();
        return new Allocation(plan.deviceId().isEmpty() ? request.registrationId() : plan.deviceId(), plan.payload());
    };

    /**
     * A device that registers.
     *
     * @param payload what it has sent along
     */
    record Request(
            String registrationId,
            Enrolment enrolment,
            @Nullable JsonNode payload) {}

    /**
     * What it becomes.
     *
     * @param payload what it is told besides
     */
    record Allocation(String deviceId, @Nullable JsonNode payload) {}

    /**
     * Decides on a device.
     *
     * @throws ProvisioningException to let the registration fail with this code and message
     */
    Allocation allocate(Request request) throws ProvisioningException;
}
