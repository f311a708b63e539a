// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentitySpec;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.Precondition;
import io.upstream.emulator.hub.RegisteredIdentity;
import io.upstream.emulator.provisioning.DevicePlan.Reprovisioning;
import org.jspecify.annotations.Nullable;

/** Brings a device into the hub's registry. */
final class Assignment {
    private final HubCore hub;

    Assignment(HubCore hub) {
        this.hub = hub;
    }

    /** @param before how the device's last registration ended; {@code null} if it is the first */
    Outcome assign(Admission admission, DevicePlan plan, Allocator.Allocation allocation, @Nullable Outcome before) {
        HubIdentity device = HubIdentity.device(allocation.deviceId());
        try {
            RegisteredIdentity known = find(device);
            boolean again = known != null && before != null && before.deviceId().equals(allocation.deviceId());
            String substatus = Outcome.INITIAL;
            if (again && plan.reprovisioning() == Reprovisioning.RESET_DATA) {
                hub.remove(device);
                known = null;
                substatus = Outcome.RESET;
            } else if (again) {
                substatus = Outcome.AGAIN;
            }
            if (known == null || plan.reprovisioning() != Reprovisioning.NEVER) {
                put(admission, plan, device, known);
            }
            return Outcome.assigned(device.deviceId(), hub.hostName(), substatus, allocation.payload());
        } catch (HubException e) {
            return Outcome.failed(e.error().code(), String.valueOf(e.getMessage()));
        }
    }

    private @Nullable RegisteredIdentity find(HubIdentity device) {
        try {
            return hub.get(device);
        } catch (HubException e) {
            return null;
        }
    }

    private void put(Admission admission, DevicePlan plan, HubIdentity device, @Nullable RegisteredIdentity known)
            throws HubException {
        hub.put(
                new IdentitySpec(
                        device,
                        known == null ? IdentityStatus.ENABLED : known.status(),
                        known == null ? "" : known.statusReason(),
                        admission.credentials(),
                        plan.edge()),
                Precondition.NONE);
        if (known == null && plan.initialTwin() != null) {
            hub.patchTwin(device, plan.initialTwin(), null);
        }
    }
}
