// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who may tunnel where. Immutable; holds passwords, so it has no text form. */
final class ProxyRules {
    private final Map<String, String> passwords;
    private final Set<Integer> allowedPorts;
    private final Map<String, InetSocketAddress> routes;

    /** @param allowedPorts empty for all */
    ProxyRules(Map<String, String> passwords, Set<Integer> allowedPorts, Map<String, InetSocketAddress> routes) {
        this.passwords = Map.copyOf(passwords);
        this.allowedPorts = Set.copyOf(allowedPorts);
        this.routes = Map.copyOf(routes);
    }

    boolean asksForCredentials() {
        return !passwords.isEmpty();
    }

    boolean allows(int port) {
        return allowedPorts.isEmpty() || allowedPorts.contains(port);
    }

    /** Where the request leads; unresolved unless it is routed. */
    InetSocketAddress destination(ConnectRequest request) {
        InetSocketAddress route = routes.get(request.authority().toLowerCase(Locale.ROOT));
        return route != null ? route : InetSocketAddress.createUnresolved(request.host(), request.port());
    }

    /** The user that the field value proves (RFC 7617), or null. */
    @Nullable
    String userOf(@Nullable String authorization) {
        if (authorization == null || !authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
            return null;
        }
        byte[] pair;
        try {
            pair = Base64.getDecoder().decode(authorization.substring(6).strip());
        } catch (IllegalArgumentException e) {
            return null;
        }
        String text = new String(pair, StandardCharsets.UTF_8);
        int colon = text.indexOf(':');
        String password = colon < 0 ? null : passwords.get(text.substring(0, colon));
        if (password == null) {
            return null;
        }
        byte[] given = text.substring(colon + 1).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(password.getBytes(StandardCharsets.UTF_8), given)
                ? text.substring(0, colon)
                : null;
    }
}
