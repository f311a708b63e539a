// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * What a token is wanted for.
 *
 * @param hubHost the hub's host name, also where the connection leads to a gateway
 * @param identity who is to prove itself
 */
public record TokenRequest(String hubHost, Identity identity) {
    public TokenRequest {
        Objects.requireNonNull(hubHost, "hubHost");
        Objects.requireNonNull(identity, "identity");
    }

    /**
     * The resource that the token speaks for, percent-encoded as it stands behind {@code sr=}: {@code
     * {hub}%2Fdevices%2F{device}[%2Fmodules%2F{module}]}. What is signed is this text, a line feed and the expiry in seconds since 1970,
     * by HMAC-SHA256 ("Control access to IoT Hub by using shared access signatures").
     */
    public String resource() {
        String device = hubHost + "/devices/" + identity.deviceId();
        String resource = identity.moduleId() == null ? device : device + "/modules/" + identity.moduleId();
        return URLEncoder.encode(resource, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A");
    }
}
