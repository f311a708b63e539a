// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ClientCertificate;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UserPassword;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a URL cannot say of a proxy. Credentials belong to one proxy: with several of them nobody could tell to which, and the others would
 * get to know them. Rules for using credentials hold for all, and so does Kerberos, which has another ticket for each.
 *
 * @param authentication for the only proxy, or rules for those that come with credentials
 * @param password in place of a user and password there, or null
 * @param trust for proxies of kind {@link ProxyKind#HTTPS}
 * @param certificate for those, or null
 */
record ProxyExtras(
        ProxyAuthentication authentication,
        @Nullable PasswordFile password,
        @Nullable Trust trust,
        @Nullable ClientCertificate certificate) {

    /** @throws IllegalArgumentException if it cannot be told whose credentials these are */
    void check(List<Route> routes) {
        if (!belongsToOne()) {
            return;
        }
        List<ProxyServer> proxies = routes.stream()
                .filter(ProxyServer.class::isInstance)
                .map(ProxyServer.class::cast)
                .toList();
        if (proxies.size() > 1) {
            throw new IllegalArgumentException(
                    "several proxies are named and one user: put user and password into the URL of each proxy that wants them");
        }
        if (hasUser() && proxies.stream().anyMatch(proxy -> ProxyLogin.isGiven(proxy.authentication()))) {
            throw new IllegalArgumentException(
                    "its user is given twice: in the proxy's URL and beside it, leave one of them out");
        }
    }

    /** The proxy with what it did not have by itself. */
    ProxyServer added(ProxyServer proxy) {
        boolean tls = proxy.kind() == ProxyKind.HTTPS;
        return new ProxyServer(
                proxy.kind(),
                proxy.address(),
                added(proxy.authentication()),
                tls && trust != null && proxy.trust().bundle().isEmpty() ? trust : proxy.trust(),
                tls && certificate != null && proxy.certificate() == null ? certificate : proxy.certificate(),
                proxy.headers());
    }

    /** A proxy that brings more than a user and password brings its own rules, too. */
    private ProxyAuthentication added(ProxyAuthentication own) {
        UserPassword user = own.userPassword();
        if (own.equals(ProxyAuthentication.NONE)) {
            return authentication;
        }
        return user != null && own.equals(ProxyAuthentication.of(user))
                ? authentication.toBuilder().userPassword(user).build()
                : own;
    }

    /** Whether something here must be shown to one proxy only. */
    boolean belongsToOne() {
        return hasUser()
                || authentication.authenticators().stream()
                        .anyMatch(scheme -> !(scheme instanceof Negotiate kerberos && kerberos.suitsEveryProxy()));
    }

    boolean hasUser() {
        return password != null || authentication.userPassword() != null || authentication.provider() != null;
    }
}
