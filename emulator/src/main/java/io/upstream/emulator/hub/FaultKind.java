// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What can go wrong on request. Those with an operation type can also be asked for by a device, as the end-to-end tests of Microsoft's SDKs do: by telemetry with the property
 * {@code AzIoTHub_FaultOperationType}.
 */
public enum FaultKind {
    KILL_TCP("KillTcp", Ending.TCP),
    KILL_CONNECTION("KillAmqpConnection", Ending.CONNECTION),
    KILL_SESSION("KillAmqpSession", Ending.SESSION),
    KILL_CBS_REQUEST_LINK("KillAmqpCBSLinkReq", Ending.CBS_REQUEST_LINK),
    KILL_CBS_REPLY_LINK("KillAmqpCBSLinkResp", Ending.CBS_REPLY_LINK),
    KILL_TELEMETRY_LINK("KillAmqpD2CLink", Ending.TELEMETRY_LINK),
    KILL_CLOUD_MESSAGE_LINK("KillAmqpC2DLink", Ending.CLOUD_MESSAGE_LINK),
    KILL_TWIN_REQUEST_LINK("KillAmqpTwinLinkReq", Ending.TWIN_REQUEST_LINK),
    KILL_TWIN_REPLY_LINK("KillAmqpTwinLinkResp", Ending.TWIN_REPLY_LINK),
    KILL_METHOD_REQUEST_LINK("KillAmqpMethodReqLink", Ending.METHOD_REQUEST_LINK),
    KILL_METHOD_REPLY_LINK("KillAmqpMethodRespLink", Ending.METHOD_REPLY_LINK),
    SHUT_DOWN("ShutDownAmqp", Ending.SHUT_DOWN),
    /** Telemetry and twins are refused as too many. */
    THROTTLE("InvokeThrottling", null),
    /** Telemetry is refused: the day's messages are used up. */
    QUOTA("InvokeMaxMessageQuota", null),
    /** Telemetry, twins and credentials are refused as unauthorized. */
    AUTH("InvokeAuthError", null),
    /** The next telemetry is taken, and the connection breaks before it is acknowledged. */
    LOST_ACK(null, null),
    /** The identity is disabled, and enabled again when the fault ends. */
    DISABLE(null, null),
    /** Telemetry is taken and not acknowledged; everything else is answered. */
    WITHHELD_ACKS(null, null),
    /** MQTT sessions that were kept are not found when the identity connects. */
    FORGOTTEN_SESSION(null, null),
    /** AMQP links of telemetry get no more credit, new ones none at all. */
    NO_CREDIT(null, null);

    /** What the MQTT tests call a shutdown. */
    private static final String MQTT_SHUT_DOWN = "ShutDownMqtt";

    private final @Nullable String operationType;
    private final @Nullable Ending ending;

    FaultKind(@Nullable String operationType, @Nullable Ending ending) {
        this.operationType = operationType;
        this.ending = ending;
    }

    /** What is ended, again and again while the fault lasts; {@code null} for a kind that refuses instead. */
    @Nullable
    Ending ending() {
        return ending;
    }

    /** The name in the control API, as {@code kill-tcp}. */
    public String apiName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The kind with this name in the control API.
     *
     * @throws HubException {@link HubError#MALFORMED} if there is none
     */
    public static FaultKind ofApiName(String name) throws HubException {
        for (FaultKind kind : values()) {
            if (kind.apiName().equals(name)) {
                return kind;
            }
        }
        throw new HubException(HubError.MALFORMED, "there is no fault of the kind " + name);
    }

    static FaultKind ofOperationType(String type) throws HubException {
        for (FaultKind kind : values()) {
            if (type.equals(kind.operationType) || (kind == SHUT_DOWN && type.equals(MQTT_SHUT_DOWN))) {
                return kind;
            }
        }
        throw new HubException(HubError.MALFORMED, "there is no fault of the type " + type);
    }
}
