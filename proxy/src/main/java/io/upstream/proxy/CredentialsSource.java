// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthentication;
import io.upstream.ProxyCredentialsProvider;
import io.upstream.ProxyServer;
import io.upstream.UserPassword;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The user name and password of one attempt: given, or asked for once, and once more after a refusal. Confined to the event loop. */
final class CredentialsSource {
    private final ProxyServer proxy;
    private final @Nullable UserPassword given;
    private final @Nullable ProxyCredentialsProvider provider;
    private @Nullable CompletableFuture<UserPassword> answer;
    private @Nullable UserPassword rejected;

    CredentialsSource(ProxyServer proxy) {
        ProxyAuthentication authentication = proxy.authentication();
        this.proxy = proxy;
        this.given = authentication.userPassword();
        this.provider = authentication.provider();
    }

    /** Whether there can be credentials at all. */
    boolean isThere() {
        return given != null || provider != null;
    }

    /** Whether there may be other credentials than those refused. */
    boolean hasOthers() {
        return provider != null;
    }

    /** Whether this is what the proxy has refused already. */
    boolean isRejected(UserPassword credentials) {
        return credentials.equals(rejected);
    }

    /** Completes on any thread. */
    CompletionStage<UserPassword> credentials(String scheme, String realm) {
        if (given != null) {
            return CompletableFuture.completedFuture(given);
        }
        CompletableFuture<UserPassword> known = answer;
        if (known == null || known.isCompletedExceptionally()) {
            known = ask(scheme, realm);
            answer = known;
        }
        return known;
    }

    private CompletableFuture<UserPassword> ask(String scheme, String realm) {
        if (provider == null) {
            throw new IllegalStateException("nobody can be asked for credentials");
        }
        try {
            return provider.credentials(new ProxyCredentialsProvider.Request(proxy, scheme, realm, rejected != null))
                    .toCompletableFuture();
        } catch (RuntimeException | LinkageError e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** The proxy has refused what was given last. */
    void reject() {
        CompletableFuture<UserPassword> last = answer;
        rejected = last == null || last.isCompletedExceptionally() ? given : last.getNow(null);
        answer = null;
    }
}
