// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.PercentText;

/**
 * What a device asks the provisioning service by publishing.
 *
 * @param requestId the {@code $rid} as the client wrote it
 * @param operationId decoded; empty if there is none
 */
record ProvisioningTopic(Kind kind, String requestId, String operationId) {
    enum Kind {
        REGISTER,
        OPERATION,
        LOOK_UP
    }

    static ProvisioningTopic parse(String topic) throws HubException {
        int tail = topic.indexOf("/?");
        Kind kind = switch (tail < 0 ? topic : topic.substring(0, tail)) {
            case "$dps/registrations/PUT/iotdps-register" -> Kind.REGISTER;
            case "$dps/registrations/GET/iotdps-get-operationstatus" -> Kind.OPERATION;
            case "$dps/registrations/GET/iotdps-get-registration" -> Kind.LOOK_UP;
            default -> throw new HubException(HubError.MALFORMED, "the service has no such topic");
        };
        String requestId = "";
        String operationId = "";
        for (String pair : (tail < 0 ? "" : topic.substring(tail + 2)).split("&", -1)) {
            int equals = pair.indexOf('=');
            String value = pair.substring(equals + 1);
            switch (PercentText.decode(pair.substring(0, Math.max(0, equals)))) {
                case "$rid" -> requestId = value;
                case "operationId" -> operationId = PercentText.decode(value);
                default -> {} // nobody minds others
            }
        }
        if (requestId.isEmpty()) {
            throw new HubException(HubError.MALFORMED, "the topic has no $rid");
        }
        return new ProvisioningTopic(kind, requestId, operationId);
    }
}
