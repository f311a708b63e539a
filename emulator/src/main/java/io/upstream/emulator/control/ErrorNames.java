// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import io.upstream.emulator.hub.HubError;

/** What the hub calls its errors where it does not number them. */
final class ErrorNames {
    private ErrorNames() {}

    static String of(HubError error) {
        return switch (error) {
            case MALFORMED -> "ArgumentInvalid";
            case UNAUTHORIZED -> "IotHubUnauthorized";
            case DEVICE_DISABLED -> "IotHubUnauthorizedAccess";
            case QUOTA_EXCEEDED -> "IotHubQuotaExceeded";
            case QUEUE_FULL -> "DeviceMaximumQueueDepthExceeded";
            case DEVICE_NOT_FOUND -> "DeviceNotFound";
            case MODULE_NOT_FOUND -> "ModuleNotFound";
            case DEVICE_NOT_ONLINE -> "DeviceNotOnline";
            case DEVICE_EXISTS -> "DeviceAlreadyExists";
            case MODULE_EXISTS -> "ModuleAlreadyExistsOnDevice";
            case PRECONDITION_FAILED -> "PreconditionFailed";
            case LOCK_LOST -> "DeviceMessageLockLost";
            case MESSAGE_TOO_LARGE -> "MessageTooLarge";
            case THROTTLED -> "ThrottlingException";
            case METHOD_TIMEOUT -> "GatewayTimeout";
            default -> "ServerError";
        };
    }
}
