// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * The form in which a hub wants to be told who connects, with which version of its interface, and by what: {@code
 * {hub}/{device}[/{module}]/?api-version=…&DeviceClientType=…[&auth-chain=…][&model-id=…]} (the hub's guide to MQTT, "Using the MQTT protocol
 * directly as a device"). The hub's name stands in it also where the connection leads to a gateway.
 */
final class UserName {
    private static final String API_VERSION = "2021-04-12";
    private static final String PRODUCT = "upstream-java";

    private UserName() {}

    static String of(Identity identity, UpstreamOptions options) {
        String product = (PRODUCT + " " + options.productInfo()).strip();
        StringBuilder text = new StringBuilder(options.hubHost())
                .append('/')
                .append(identity)
                .append("/?api-version=")
                .append(API_VERSION);
        append(text, "DeviceClientType", product);
        append(text, "auth-chain", options.authChain());
        append(text, "model-id", options.modelId());
        return text.toString();
    }

    private static void append(StringBuilder text, String name, String value) {
        if (!value.isEmpty()) {
            text.append('&')
                    .append(name)
                    .append('=')
                    .append(URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20"));
        }
    }
}
