// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.UpstreamException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/** What settings decide for a hub, as text, and the variables and properties that they are made of. */
final class Decisions {
    static final HostPort HUB = new HostPort("hub.azure-devices.net", 8883);

    private Decisions() {}

    static String text(ProxySettings settings) throws UpstreamException {
        return settings.routesTo(HUB).stream()
                .map(route -> route.equals(Route.DIRECT) ? "direct" : route.toString())
                .collect(Collectors.joining(" "));
    }

    static String failure(ProxySettings settings) {
        UpstreamException error = assertThrows(UpstreamException.class, () -> settings.routesTo(HUB));
        assertEquals(FailureKind.CONFIGURATION, error.kind());
        return String.valueOf(error.getMessage());
    }

    static Map<String, String> map(String pairs) {
        Map<String, String> map = new HashMap<>();
        for (String pair : pairs.split(" +", -1)) {
            map.put(pair.replaceFirst("=.*", ""), pair.substring(pair.indexOf('=') + 1));
        }
        return map;
    }

    static Properties properties(String pairs) {
        Properties properties = new Properties();
        map(pairs).forEach(properties::setProperty);
        return properties;
    }
}
