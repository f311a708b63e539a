// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Takes telemetry: checks who sends it and how much it is, obeys the faults that it asks for, and keeps the rest. */
final class TelemetryIntake {
    /** What the hub stamps and a device cannot say of itself. */
    private static final Set<String> STAMPED = Set.of(
            "connection-device-id",
            "connection-module-id",
            "iothub-connection-device-id",
            "iothub-connection-module-id",
            "iothub-connection-auth-method",
            "iothub-connection-auth-generation-id",
            "iothub-enqueuedtime",
            "iothub-message-source",
            "dt-dataschema");

    private final IdentityRegistry registry;
    private final Attendance attendance;
    private final TelemetryStore store;

    TelemetryIntake(IdentityRegistry registry, Attendance attendance, TelemetryStore store) {
        this.registry = registry;
        this.attendance = attendance;
        this.store = store;
    }

    /** Takes all of these messages or none; a message that asks for a fault is not kept. */
    Receipt take(HubIdentity from, List<HubMessage> batch, Throttle throttle) throws HubException {
        Receipt receipt = Receipt.ACKNOWLEDGE;
        List<HubMessage> ordinary = new ArrayList<>(batch.size());
        for (HubMessage message : batch) {
            Fault fault = Fault.of(message);
            if (fault == null) {
                ordinary.add(message);
                continue;
            }
            registry.requireEnabled(from);
            String messageId = message.systemProperties().get("message-id");
            boolean begins = attendance.faults().ask(from, fault, messageId);
            // What has no id cannot be told from its repetition: it is acknowledged, or there would be no end to it.
            if (begins && messageId != null && fault.kind().ending() != null) {
                receipt = Receipt.LAST_WORDS;
            }
        }
        if (ordinary.isEmpty() && !batch.isEmpty()) {
            return receipt;
        }
        keep(from, ordinary, throttle);
        if (attendance.faults().losesAcknowledgement(from)) {
            attendance.end(from, Ending.TCP);
            return Receipt.SILENCE;
        }
        return attendance.faults().isActive(from, FaultKind.WITHHELD_ACKS) ? Receipt.SILENCE : receipt;
    }

    /** Takes all of these messages or none, and gives the last one's sequence number. */
    long keep(HubIdentity from, List<HubMessage> batch, Throttle throttle) throws HubException {
        registry.requireEnabled(from);
        requireSize(batch, Hub.MAX_TELEMETRY_BYTES);
        attendance.faults().admit(from, Throttle.Operation.TELEMETRY);
        throttle.admit(from, Throttle.Operation.TELEMETRY);
        attendance.noteUse(from);
        long last = 0;
        for (HubMessage message : batch) {
            last = store.append(from, withoutStamps(message));
        }
        return last;
    }

    static void requireSize(List<HubMessage> batch, int limit) throws HubException {
        long size = 0;
        for (HubMessage message : batch) {
            size += StoredMessage.size(message);
        }
        if (size > limit) {
            String what = batch.size() == 1 ? "the message has " : "the batch has ";
            throw new HubException(HubError.MESSAGE_TOO_LARGE, what + size + " bytes, " + limit + " are allowed");
        }
    }

    private static HubMessage withoutStamps(HubMessage message) {
        if (!claimsStamps(message.systemProperties()) && !claimsStamps(message.properties())) {
            return message;
        }
        Map<String, String> system = new LinkedHashMap<>(message.systemProperties());
        Map<String, String> application = new LinkedHashMap<>(message.properties());
        system.keySet().removeAll(STAMPED);
        application.keySet().removeAll(STAMPED);
        return new HubMessage(system, application, message.body());
    }

    private static boolean claimsStamps(Map<String, String> properties) {
        for (String name : properties.keySet()) {
            if (STAMPED.contains(name)) {
                return true;
            }
        }
        return false;
    }
}
