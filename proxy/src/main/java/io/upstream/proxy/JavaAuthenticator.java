// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import java.net.Authenticator;
import java.net.Authenticator.RequestorType;
import java.net.MalformedURLException;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.util.Arrays;

/** Asks an {@link Authenticator} for the credentials of a proxy that has none. It may block: a person may be asked. */
record JavaAuthenticator(Authenticator authenticator) {

    /** The proxy with what the authenticator knows for it. */
    ProxyServer withLogin(ProxyServer server, HostPort target) throws UpstreamException {
        if (!server.authentication().equals(ProxyAuthentication.NONE)) {
            return server;
        }
        try {
            PasswordAuthentication login = ask(server, target);
            if (login == null) {
                return server;
            }
            ProxyServer known = ProxyExtras.with(server, ProxyAuthentication.of(credentials(login)));
            ProxyLogin.check(known);
            return known;
        } catch (RuntimeException | MalformedURLException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("proxy"),
                    "the authenticator " + authenticator.getClass().getName() + " has no usable credentials for "
                            + server,
                    e);
        }
    }

    private PasswordAuthentication ask(ProxyServer server, HostPort target) throws MalformedURLException {
        boolean socks = server.kind() != ProxyKind.HTTP && server.kind() != ProxyKind.HTTPS;
        return authenticator.requestPasswordAuthenticationInstance(
                server.address().host(),
                null,
                server.address().port(),
                socks ? "SOCKS5" : "http",
                "",
                "",
                URI.create("https://" + target).toURL(),
                RequestorType.PROXY);
    }

    private static UserPassword credentials(PasswordAuthentication login) {
        char[] password = login.getPassword();
        try {
            return new UserPassword(login.getUserName(), new String(password));
        } finally {
            Arrays.fill(password, '\0');
        }
    }
}
