// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A device's or module's connection string, as the hub's portal shows it: {@code
 * HostName=…;DeviceId=…[;ModuleId=…];SharedAccessKey=…[;GatewayHostName=…]}, with {@code SharedAccessSignature=…} or {@code x509=true} in
 * place of the key. The first {@code =} of each part splits it; key
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
     * Reads the text form of an identity with a key or a token.
     *
     * @throws IllegalArgumentException naming the part that is missing, unknown or doubled; values are not repeated
     */
    public static ConnectionString parse(String text) {
        return parse(text, Optional.empty());
    }

    /**
     * Reads the text form of an identity with a certificate, which has {@code x509=true} and neither key nor token.
     *
     * @param certificate what the text does not hold
     * @throws IllegalArgumentException as {@link #parse(String)}
     */
    public static ConnectionString parse(String text, ClientCertificate certificate) {
        return parse(text, Optional.of(certificate));
    }

    private static ConnectionString parse(String text, Optional<ClientCertificate> certificate) {
        Map<String, String> parts = split(text);
        String hub = required(parts, "HostName");
        Identity identity = identity(required(parts, "DeviceId"), parts.get("moduleid"));
        String gateway = parts.get("gatewayhostname");
        if (gateway != null && gateway.isEmpty()) {
            throw new IllegalArgumentException("connection string has a GatewayHostName without a value");
        }
        return new ConnectionString(hub, identity, credentials(parts, certificate), gateway);
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

    private static Credentials credentials(Map<String, String> parts, Optional<ClientCertificate> certificate) {
        String key = parts.get("sharedaccesskey");
        String token = parts.get("sharedaccesssignature");
        String x509 = parts.get("x509");
        if (x509 != null && !x509.equalsIgnoreCase("true")) {
            throw new IllegalArgumentException("connection string has x509 with another value than true");
        }
        if (x509 != null && (key != null || token != null)) {
            throw new IllegalArgumentException(
                    "connection string has x509=true beside SharedAccessKey or SharedAccessSignature: only one can hold");
        } else if (x509 != null) {
            return certificate.orElseThrow(() -> new IllegalArgumentException(
                    "connection string has x509=true: the certificate and its key must be given, too"));
        } else if (certificate.isPresent()) {
            throw new IllegalArgumentException(
                    "connection string has no x509=true, but a certificate is given: only one can hold");
        } else if ((key == null) == (token == null)) {
            throw new IllegalArgumentException(
                    "connection string must have either SharedAccessKey or SharedAccessSignature, or x509=true");
        }
        return key != null ? SasKey.of(key) : SasToken.of(required(parts, "SharedAccessSignature"));
    }
}
