// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.provisioning.DevicePlan.Reprovisioning;

/**
 * A device, or a group of devices, that may register.
 *
 * <pre>{@code
 * service.enrol(Enrolment.device("dev-1", new Attestation.SymmetricKeys(key, "")).deviceId("pump-7"));
 * service.enrol(Enrolment.group("pumps", new Attestation.Authorities(ca, null)).disabled());
 * }</pre>
 *
 * @param id of a device its registration id, of a group the group's name; letters in either case are the same
 */
public record Enrolment(Kind kind, String id, Attestation attestation, IdentityStatus status, DevicePlan plan) {
    /** What is enrolled. */
    public enum Kind {
        DEVICE,
        GROUP
    }

    /** An enabled enrolment of one device. */
    public static Enrolment device(String registrationId, Attestation attestation) {
        return new Enrolment(Kind.DEVICE, registrationId, attestation, IdentityStatus.ENABLED, DevicePlan.DEFAULT);
    }

    /** An enabled enrolment of all devices that can prove to be of the group. */
    public static Enrolment group(String name, Attestation attestation) {
        return new Enrolment(Kind.GROUP, name, attestation, IdentityStatus.ENABLED, DevicePlan.DEFAULT);
    }

    /** The same, refusing its devices. */
    public Enrolment disabled() {
        return new Enrolment(kind, id, attestation, IdentityStatus.DISABLED, plan);
    }

    /** The same with another name for the device at the hub; not for a group. */
    public Enrolment deviceId(String deviceId) {
        return with(new DevicePlan(deviceId, plan.edge(), plan.initialTwin(), plan.payload(), plan.reprovisioning()));
    }

    /** The same with something that the device is told on assignment; a JSON object if Microsoft's Java client shall read it. */
    public Enrolment payload(JsonNode payload) {
        return with(new DevicePlan(plan.deviceId(), plan.edge(), plan.initialTwin(), payload, plan.reprovisioning()));
    }

    /** The same with a twin to begin with: {@code {"tags":{…},"properties":{"desired":{…}}}}. */
    public Enrolment initialTwin(ObjectNode twin) {
        return with(new DevicePlan(plan.deviceId(), plan.edge(), twin, plan.payload(), plan.reprovisioning()));
    }

    /** The same for IoT Edge devices. */
    public Enrolment edge() {
        return with(new DevicePlan(plan.deviceId(), true, plan.initialTwin(), plan.payload(), plan.reprovisioning()));
    }

    public Enrolment reprovisioning(Reprovisioning policy) {
        return with(new DevicePlan(plan.deviceId(), plan.edge(), plan.initialTwin(), plan.payload(), policy));
    }

    Enrolment with(DevicePlan changed) {
        return new Enrolment(kind, id, attestation, status, changed);
    }

    Enrolment with(Attestation completed) {
        return new Enrolment(kind, id, completed, status, plan);
    }
}
