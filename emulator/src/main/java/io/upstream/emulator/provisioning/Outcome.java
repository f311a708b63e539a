// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a registration ended.
 *
 * @param deviceId empty unless assigned, as {@code assignedHub} and {@code substatus}
 * @param errorCode 0 unless failed, {@code errorMessage} empty
 * @param payload what the device is told besides
 */
public record Outcome(
        Status status,
        String deviceId,
        String assignedHub,
        String substatus,
        int errorCode,
        String errorMessage,
        @Nullable JsonNode payload) {
    /** The device is assigned for the first time, or for the first time since it was deleted at the hub. */
    public static final String INITIAL = "initialAssignment";
    /** It was assigned before, and keeps what it has. */
    public static final String AGAIN = "reprovisionedToInitialAssignment";
    /** It was assigned before, and begins anew. */
    public static final String RESET = "deviceDataReset";

    /** As the service names it in lower case. */
    public enum Status {
        ASSIGNED,
        FAILED,
        DISABLED;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Outcome assigned(String deviceId, String hub, String substatus, @Nullable JsonNode payload) {
        return new Outcome(Status.ASSIGNED, deviceId, hub, substatus, 0, "", payload);
    }

    static Outcome failed(int errorCode, String errorMessage) {
        return new Outcome(Status.FAILED, "", "", "", errorCode, errorMessage, null);
    }

    static Outcome disabled() {
        return new Outcome(Status.DISABLED, "", "", "", 0, "", null);
    }
}
