// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthentication;
import io.upstream.ProxyServer;
import io.upstream.UserPassword;
import java.nio.charset.StandardCharsets;

/** Which user names and passwords can be said to which kind of proxy: found out before anything is sent. */
final class ProxyLogin {
    /** RFC 1929 section 2 has one octet for a length; SOCKS 4 servers have no more room either. */
    private static final int MAX_SOCKS_BYTES = 255;

    private ProxyLogin() {}

    /** Whether there is anything to prove who we are with, and not only rules for doing so. */
    static boolean isGiven(ProxyAuthentication authentication) {
        return authentication.userPassword() != null
                || authentication.provider() != null
                || !authentication.authenticators().isEmpty();
    }

    /** @throws IllegalArgumentException if the credentials of {@code proxy} cannot be expressed; the message does not repeat them */
    static void check(ProxyServer proxy) {
        UserPassword credentials = proxy.authentication().userPassword();
        if (credentials == null) {
            return;
        }
        switch (proxy.kind()) {
            case HTTP, HTTPS -> checkHttp(proxy.authentication(), credentials);
            case SOCKS5, SOCKS5H -> {
                checkLength("user name", credentials.user());
                checkLength("password", credentials.password());
            }
            case SOCKS4, SOCKS4A -> {
                checkLength("user name", credentials.user());
                if (!credentials.password().isEmpty()) {
                    throw new IllegalArgumentException(
                            "SOCKS 4 knows no passwords: leave it out, or use a socks5h:// proxy");
                }
            }
        }
    }

    /** Basic cannot say a colon (RFC 7617 section 2), and no other header a control character. */
    private static void checkHttp(ProxyAuthentication authentication, UserPassword credentials) {
        if (authentication.allows(BasicScheme.NAME)) {
            BasicScheme.check(credentials);
        } else if ((credentials.user() + credentials.password()).chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a proxy's user name and password must not contain a control character");
        }
    }

    private static void checkLength(String part, String text) {
        if (text.getBytes(StandardCharsets.UTF_8).length > MAX_SOCKS_BYTES) {
            throw new IllegalArgumentException(
                    "its " + part + " has more than " + MAX_SOCKS_BYTES + " bytes in UTF-8, which SOCKS cannot carry");
        }
    }
}
