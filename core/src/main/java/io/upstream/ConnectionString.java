// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A device's or module's connection string, as the hub's portal shows it: {@code
 * HostName=…;DeviceId=…[;ModuleId=…];SharedAccessKey=…[;GatewayHostName=…]}. The first {@code =} of each part splits it; key
 * names do not depend on case.
 *
 * @param hubHost the hub's host name, as identities and tokens name it
 * @param gatewayHost where to connect instead, or null
 */
public record ConnectionString(
        String hubHost,
        Identity identity,
        Credentials credentials,
        @Nullable String gatewayHost) {
    /** What looks like a name; a key without one has more characters before its padding. */
    private static final Pattern SHOWN = Pattern.compile("[A-Za-z][A-Za-z0-9]{0,23}");

    private static final Set<String> KNOWN = Set.of(
            "hostname",
            "deviceid",
            "moduleid",
            "sharedaccesskey",
            "sharedaccesssignature",
            "sharedaccesskeyname",
            "gatewayhostname",
            "x509");

    /**
     * Reads the text form.
     *
     * @throws IllegalArgumentException naming the part that is missing, unknown or doubled; values are not repeated
     */
    public static ConnectionString parse(String text) {
        Map<String, String> parts = split(text);
        String hub = required(parts, "HostName");
        String device = required(parts, "DeviceId");
        if (parts.containsKey("x509")) {
            throw new IllegalArgumentException(
                    "connection string has x509=true, but X.509 needs a certificate and its key:"
                            + " use a string with SharedAccessKey");
        }
        return new ConnectionString(
                hub, identity(device, parts.get("moduleid")), credentials(parts), parts.get("gatewayhostname"));
    }

    /** Without the cause, which shows the id: where a semicolon is missing, that holds the key. */
    private static Identity identity(String device, @Nullable String module) {
        try {
            return new Identity(device, module);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "connection string has a DeviceId or ModuleId with characters that none may have,"
                            + " or of more than 128: check that every part ends with a semicolon");
        }
    }

    private static Map<String, String> split(String text) {
        Map<String, String> parts = new HashMap<>();
        for (String part : text.strip().split(";", -1)) {
            if (part.isBlank()) {
                continue;
            }
            int equals = part.indexOf('=');
            if (equals <= 0) {
                throw new IllegalArgumentException(
                        "connection string has a part without a name: want name=value;name=value");
            }
            String name = part.substring(0, equals).strip();
            String key = name.toLowerCase(Locale.ROOT);
            if (!KNOWN.contains(key)) {
                throw new IllegalArgumentException("connection string has an unknown part"
                        + (SHOWN.matcher(name).matches() ? ": " + name : ", whose name is not shown: it may be a key"));
            }
            if (parts.put(key, part.substring(equals + 1).strip()) != null) {
                throw new IllegalArgumentException("connection string has " + name + " twice");
            }
        }
        return parts;
    }

    private static String required(Map<String, String> parts, String name) {
        String value = parts.get(name.toLowerCase(Locale.ROOT));
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("connection string has no " + name);
        }
        return value;
    }

    private static Credentials credentials(Map<String, String> parts) {
        String key = parts.get("sharedaccesskey");
        String token = parts.get("sharedaccesssignature");
        if ((key == null) == (token == null)) {
            throw new IllegalArgumentException(
                    "connection string must have either SharedAccessKey or SharedAccessSignature");
        }
        return key != null ? SasKey.of(key) : SasToken.of(required(parts, "SharedAccessSignature"));
    }
}
