// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** What a scheme that gets nowhere is called. The messages begin with the proxy and never hold what it sent or what it was sent. */
final class SchemeFailure {
    private SchemeFailure() {}

    /** The proxy does not let us in, or not by this scheme. */
    static UpstreamException refused(TunnelRequest request, String what) {
        return of(FailureKind.PROXY_AUTH, request, what, null);
    }

    /** The proxy has judged: the credentials are not its own. */
    static CredentialsRefused wrongCredentials(TunnelRequest request, String scheme) {
        return new CredentialsRefused(
                refused(request, "does not take these credentials (" + scheme + "): check user name and password"));
    }

    /** Something here, or that is asked from here, has failed: the proxy has nothing to do with it. */
    static UpstreamException ours(FailureKind kind, TunnelRequest request, String what, Throwable cause) {
        return UpstreamException.of(kind, Where.here("tunnel"), hop(request) + " " + what, cause);
    }

    /** The scheme needs what this Java runtime does not bring. */
    static UpstreamException noAlgorithm(TunnelRequest request, String scheme, String algorithm, Throwable cause) {
        return of(
                FailureKind.PROXY_AUTH,
                request,
                "wants " + scheme + ", for which this Java runtime has no " + algorithm
                        + " (FIPS mode allows none): have the proxy offer Digest with SHA-256, or Negotiate",
                cause);
    }

    /** Without what futures wrap around an error. */
    static Throwable unwrap(Throwable error) {
        Throwable cause = error.getCause();
        return error instanceof CompletionException && cause != null ? cause : error;
    }

    /** @param what continues a sentence that begins with the proxy */
    static UpstreamException of(FailureKind kind, TunnelRequest request, String what, @Nullable Throwable cause) {
        String hop = hop(request);
        return UpstreamException.of(kind, new Where("tunnel", hop), hop + " " + what, cause);
    }

    private static String hop(TunnelRequest request) {
        return "proxy " + request.proxy().address();
    }
}
