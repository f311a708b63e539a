// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.Authentication.CertificateAuthority;
import io.upstream.emulator.hub.Authentication.None;
import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import io.upstream.emulator.hub.Authentication.Thumbprints;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.IdentitySpec;
import io.upstream.emulator.hub.IdentityState;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.hub.RegisteredIdentity;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** An identity in the JSON of the hub's REST API. */
final class IdentityJson {
    private final HubCore hub;

    IdentityJson(HubCore hub) {
        this.hub = hub;
    }

    /** Reads what the identity shall be; ids in the JSON must be those of the path. What is not said takes its default. */
    static IdentitySpec read(HubIdentity identity, JsonNode json) throws HubException {
        requireSame(json, "deviceId", identity.deviceId());
        requireSame(json, "moduleId", identity.moduleId());
        return readUnnamed(identity, json);
    }

    /** As {@link #read}, whatever the JSON says about ids. */
    static IdentitySpec readUnnamed(HubIdentity identity, JsonNode json) throws HubException {
        return new IdentitySpec(
                identity,
                status(text(json.path("status"))),
                text(json.path("statusReason")),
                authentication(json.path("authentication")),
                json.at("/capabilities/iotEdge").asBoolean(false));
    }

    private static void requireSame(JsonNode json, String field, @Nullable String expected) throws HubException {
        String given = text(json.path(field));
        if (!given.isEmpty() && !given.equals(expected)) {
            throw new HubException(HubError.MALFORMED, field + " differs from the one in the path");
        }
    }

    private static IdentityStatus status(String text) throws HubException {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "", "enabled" -> IdentityStatus.ENABLED;
            case "disabled" -> IdentityStatus.DISABLED;
            default -> throw new HubException(HubError.MALFORMED, "status must be enabled or disabled, was " + text);
        };
    }

    private static Authentication authentication(JsonNode json) throws HubException {
        String primary = text(json.at("/x509Thumbprint/primaryThumbprint"));
        String secondary = text(json.at("/x509Thumbprint/secondaryThumbprint"));
        String type = text(json.path("type"));
        boolean byThumbprint = type.isEmpty() && !(primary + secondary).isEmpty();
        return switch (byThumbprint ? "selfsigned" : type.toLowerCase(Locale.ROOT)) {
            case "", "sas" ->
                new SymmetricKeys(
                        text(json.at("/symmetricKey/primaryKey")), text(json.at("/symmetricKey/secondaryKey")));
            case "selfsigned" -> new Thumbprints(primary, secondary);
            case "certificateauthority" -> new CertificateAuthority();
            case "none" -> new None();
            default ->
                throw new HubException(
                        HubError.MALFORMED,
                        "authentication.type must be sas, selfSigned, certificateAuthority or none, was " + type);
        };
    }

    /** Empty if there is no text. */
    static String text(JsonNode node) {
        return node.isTextual() ? node.textValue() : "";
    }

    ArrayNode writeAll(List<RegisteredIdentity> entries) {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        entries.forEach(each -> all.add(write(each)));
        return all;
    }

    ObjectNode write(RegisteredIdentity entry) {
        HubIdentity identity = entry.identity();
        IdentityState state = hub.state(identity);
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("deviceId", identity.deviceId());
        if (identity.moduleId() != null) {
            json.put("moduleId", identity.moduleId()).putNull("managedBy");
        }
        json.put("generationId", Long.toString(entry.generation()));
        json.put("etag", entry.etag());
        json.put("connectionState", state.connected() ? "Connected" : "Disconnected");
        json.put("status", entry.status() == IdentityStatus.ENABLED ? "enabled" : "disabled");
        json.put("statusReason", orNull(entry.statusReason()));
        json.put("connectionStateUpdatedTime", state.connectionChanged().toString());
        json.put("statusUpdatedTime", entry.statusUpdated().toString());
        json.put("lastActivityTime", state.active().toString());
        json.put("cloudToDeviceMessageCount", state.cloudMessages());
        write(json.putObject("authentication"), entry.authentication());
        if (identity.moduleId() == null) {
            json.putObject("capabilities").put("iotEdge", entry.edge());
        }
        if (entry.edge()) {
            json.put("deviceScope", "ms-azure-iot-edge://" + identity.deviceId() + "-" + entry.generation());
        }
        return json;
    }

    private static void write(ObjectNode json, Authentication authentication) {
        SymmetricKeys keys = authentication instanceof SymmetricKeys held ? held : SymmetricKeys.OF_THE_HUB;
        Thumbprints thumbprints = authentication instanceof Thumbprints held ? held : new Thumbprints("", "");
        json.putObject("symmetricKey")
                .put("primaryKey", orNull(keys.primary()))
                .put("secondaryKey", orNull(keys.secondary()));
        json.putObject("x509Thumbprint")
                .put("primaryThumbprint", orNull(thumbprints.primary()))
                .put("secondaryThumbprint", orNull(thumbprints.secondary()));
        json.put("type", authentication.typeName());
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
